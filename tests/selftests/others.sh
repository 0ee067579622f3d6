# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests share that take the steps of other projects' tests, against IMA and against the
# module (Documentation/testing-others.md). Sourced after access.sh.
#
# shellcheck disable=SC2034 # used by the tests

ima=/sys/kernel/security/ima
ima_list=$ima/ascii_runtime_measurements
evm=/sys/kernel/security/integrity/evm/evm

# last_in LIST PATH: the algorithm and digest of the file's last record.
last_in() { awk -v path="$2" '$5 == path { last = $4 } END { print last }' "$1"; }
# count_in LIST PATH: the number of its records.
count_in() { awk -v path="$2" '$5 == path { n++ } END { print n + 0 }' "$1"; }

# both_record WHAT FILE: two results: IMA's last record of the file has the digest of what it has
# now, and the module's has it.
both_record() {
	local ima_has module_has want
	ima_has=$(last_in "$ima_list" "$2") module_has=$(last_in "$ASCII" "$2")
	want=sha256:$(digest_of "$2")
	check_eq "IMA records $1" "$want" "$ima_has"
	check_eq "the module records $1" "$want" "$module_has"
}

# ima_takes FILE: succeeds if IMA can parse the rules in the file. It is made to forget them: what
# is wrong at last spoils all that was written before through the same descriptor.
ima_takes() {
	python3 -S -c '
import os, sys
with open(sys.argv[1], "rb") as file:
    data = file.read()
policy = os.open("/sys/kernel/security/ima/policy", os.O_WRONLY)
rc = 0
try:
    while data:
        data = data[os.write(policy, data):]
except OSError as error:
    rc = error.errno
try:
    os.write(policy, b"no rule\n")
except OSError:
    pass
sys.exit(rc)' "$1"
}

# ima_policy TEXT: gives IMA the policy of this boot.
ima_policy() { printf '%s\n' "$1" >"$WORK/ima-policy" && echo "$WORK/ima-policy" >$ima/policy; }

# kernel_keys NAME CERTIFICATE...: makes a keyring of that name, as IMA and EVM of this kernel look
# for one among the keys of the task (_ima, _evm).
kernel_keys() {
	local ring certificate
	ring=$(keyctl newring "$1" @s) || return
	for certificate in "${@:2}"; do
		openssl x509 -in "$certificate" -outform DER | keyctl padd asymmetric "" "$ring" >/dev/null || return
	done
	keyctl link "$ring" @u
}
