#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest: a machine that is attested for Keylime, honest and not. Prints the files that the
# verifier gets, each as a line '@file NAME', its content in base64 and a line '@end'.
#
# Between the load of the module and that of the list only programs of the shell itself run: any
# other would have a record.

set -eu
secfs=/sys/kernel/security/digest_lists
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
mkdir -p /var/lib/fleet
cd /var/lib/fleet

send() {
	echo "@file $1"
	base64 "$1"
	echo "@end"
}
# module PARAMETER=VALUE...: loads it, and the lists of ./metadata.
module() {
	modprobe digest_lists allow_unload=1 require_signature=0 ima_policy=exec_tcb "$@"
	printf '%s' /var/lib/fleet/metadata >"$secfs/digest_lists"
}
# described [--pcr N]: the options that tell 'digestctl export' of this machine.
described() {
	local aggregate
	aggregate=$(digestctl log show | sed -n '1s/^0 [0-9]* \(sha256:[0-9a-f]*\) boot_aggregate$/\1/p')
	echo --ima-policy exec_tcb --set allow_unload=1 --set require_signature=0 \
		--kernel "$(uname -r)" --boot-aggregate "$aggregate" "$@" /var/lib/fleet/metadata
}
# evidence NAME [OPTION...]
evidence() {
	digestctl attest --nonce "$NONCE" --ak ak.ctx --bank sha256 -o "$1" "${@:2}"
	send "$1"
}

tpm2_createek -Q -c ek.ctx -G ecc
tpm2_createak -Q -C ek.ctx -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pem -f pem
send ak.pem
for serial in 1 2; do
	digestctl generate -x /usr/bin /usr/sbin /usr/lib /usr/local -o "list$serial" --name system --serial "$serial" >/dev/null
	digestctl metadata --unsigned "list$serial" -o "metadata$serial" >/dev/null
done

cp metadata2 metadata
module
# shellcheck disable=SC2046 # several words
digestctl export keylime $(described) -o runtime.json
# shellcheck disable=SC2046 # several words
digestctl export tpm-policy $(described) -o pinned.json
send runtime.json
send pinned.json
# Without a checkpoint, which would change the PCR.
evidence untouched --list "$secfs/binary_runtime_measurements"
evidence trusted
cp /usr/bin/true strange
echo >>strange
./strange
evidence unknown
# shellcheck disable=SC2046 # several words
digestctl export keylime $(described) --allow "sha256:$(sha256sum <strange | cut -c1-64) /var/lib/fleet/strange" \
	-o allowed.json
send allowed.json
digestctl remove "sha256:$(sha256sum <list2 | cut -c1-64)" >/dev/null
evidence removed
rmmod digest_lists

# Another PCR, which is zero, stands for a restart. The edition before is loaded from the same
# place.
cp metadata1 metadata
module pcr=13
evidence rollback
cp metadata2 metadata
# shellcheck disable=SC2046 # several words
digestctl export keylime $(described --pcr 13) -o runtime13.json
send runtime13.json
