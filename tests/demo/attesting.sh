#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The third act of 'make demo', in the same guest: attestation. The machine's TPM signs what the
# module has recorded, and a verifier that knows the list, its signer and the machine's key judges.
# The verifier is the same tool in another directory; it asks neither the module nor the TPM. Fails
# where something is not as it says.

set -u
. "$(dirname "$0")/lib.sh"
share=$(dirname "$0")
machine=$dir/machine verifier=$dir/verifier
export TPM2TOOLS_TCTI=device:/dev/tpmrm0

# judged WANT FILE: whether the verifier says that of the evidence on its first line.
judged() {
	show digestctl verify-evidence "$2" --nonce "$nonce" --ak "$verifier/ak.pem" --repo "$verifier/lists" \
		--trust "$share/cert.pem" --policy "$verifier/expected" >/tmp/verdict 2>&1
	sed '2,$s/^/  /' /tmp/verdict
	[ "$(sed -n 2p /tmp/verdict)" = "$1" ]
}
# attest FILE: the verifier asks with a new nonce, and the machine answers.
attest() {
	nonce=$(openssl rand -hex 16)
	show digestctl attest --nonce "$nonce" --ak $machine/ak.ctx -o "$1"
}

step "A list of every file of this system, signed, also in the verifier's repository"
mkdir -p $machine $verifier
cp /usr/bin/cat $machine/hello
show digestctl generate -x / -o $dir/system.list --name system --serial 1 || exit
show digestctl sign $dir/system.list --key "$share/key.pem" --cert "$share/cert.pem" || exit
show digestctl metadata $dir/system.list -o $dir/metadata || exit
show digestctl repo add $verifier/lists $dir/system.list || exit

step "The machine's attestation key: it never leaves the TPM, and signs only what that states"
show tpm2_createek -Q -c $machine/ek.ctx -G ecc || exit
show tpm2_createak -Q -C $machine/ek.ctx -c $machine/ak.ctx -G ecc -g sha256 -s ecdsa -u $verifier/ak.pem -f pem || exit

step "The module measures what is executed and not known"
command_line "insmod digest_lists.ko ima_policy=exec_tcb"
insmod "$share/digest_lists.ko" ima_policy=exec_tcb || { dmesg | tail -n 20 && exit 1; }
show digestctl load $dir/metadata || exit
printf 'policy=sha256:%s\nkernel=%s\nrequire_list=system\n' "$(sha256sum <$secfs/policy | cut -c1-64)" "$(uname -r)" >$verifier/expected
show cat $verifier/expected

step "The machine attests, and the verifier judges"
show $machine/hello /etc/debian_version
attest $dir/evidence || exit
claim "the machine is trusted" judged TRUSTED $dir/evidence

step "One byte of a known program changes, and it runs"
printf '\377' | dd of=$machine/hello bs=1 seek=$(($(stat -c %s $machine/hello) - 1)) conv=notrunc status=none
show $machine/hello /etc/debian_version
cp $dir/evidence $dir/old
attest $dir/evidence || exit
claim "evidence from before answers no new question" judged "NOT TRUSTED: nonce" $dir/old
claim "the machine is not trusted" judged "NOT TRUSTED: file-unknown" $dir/evidence
claim "the verdict names the program" grep -q "file-unknown: record [0-9]*: $machine/hello " /tmp/verdict

step "The machine hides the record"
python3 - $dir/evidence $dir/lie <<-'END'
	import base64, json, struct, sys
	evidence = json.load(open(sys.argv[1]))
	data = base64.b64decode(evidence["log"]["records"])
	kept, at = b"", 0
	while at < len(data):
	    start, at = at, at + 24
	    for _ in range(2):
	        at += 4 + struct.unpack_from("<I", data, at)[0]
	    if b"/machine/hello" not in data[start:at]:
	        kept += data[start:at]
	evidence["log"]["records"] = base64.b64encode(kept).decode()
	json.dump(evidence, open(sys.argv[2], "w"))
END
claim "the list does not give what the TPM signed" judged "NOT TRUSTED: log-short" $dir/lie

step "The administrator allows the program's new content"
printf 'allow=sha256:%s hello, as changed\n' "$(sha256sum <$machine/hello | cut -c1-64)" >>$verifier/expected
attest $dir/evidence || exit
claim "the machine is trusted again" judged TRUSTED $dir/evidence
printf '\n'
exit $failed
