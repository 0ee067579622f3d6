#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The machine attests, and is judged: digestctl attest with the guest's TPM and the module's list,
# and digestctl verify-evidence. tools/digestctl/tests/cli/evidence.rs has the other lies.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"

[ -e /dev/tpmrm0 ] || skip_all "no TPM"
plan 26
chmod 755 "$WORK"
cd "$WORK" || bail "no directory"
export TPM2TOOLS_TCTI=device:/dev/tpmrm0

# expect: the expectations of the module as it is.
expect() {
	cat <<-EOF
		require_signature=0
		policy=$(started policy)
		policy=sha256:$(sha256sum <"$SECFS/policy" | cut -c1-64)
		kernel=$(uname -r)
		allow_unload=1
		pcr=$PCR
	EOF
}
nonce() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
attest() { digestctl attest --nonce "$asked" --ak ak.ctx -o "$@"; }
# judge NAME [OPTION...]: the verdict's first line.
judge() {
	digestctl verify-evidence "$1" --nonce "$asked" --ak ak.pem --repo repo --trust cert.pem \
		--policy "${expected:-expected}" "${@:2}" >verdict 2>&1
	status=$?
	head -n 1 verdict
}
# verdict NAME WANT STATUS EVIDENCE [OPTION...]: one result.
verdict() {
	local got
	judge "${@:4}" >got
	got="$(cat got) $status"
	check_eq "$1" "$2 $3" "$got" || sed 's/^/# /' verdict
}

# The verifier's key, its repository, and the machine's attestation key.
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 -subj /CN=lists -keyout key.pem -out cert.pem \
	-addext keyUsage=digitalSignature 2>/dev/null
mkdir tree
for i in 1 2 3; do echo "known $i" >"tree/$i"; done
digestctl generate tree -o list --name system --serial 1 >/dev/null
digestctl sign list --key key.pem --cert cert.pem >/dev/null
# The module knows another signer, or none: what counts for a verdict is the signature in the
# repository.
digestctl metadata --unsigned list -o metadata >/dev/null
section "what a verifier has"
check "a signed list is added to a repository" digestctl repo add repo list
check "an attestation key is made" eval \
	'tpm2_createek -Q -c ek.ctx -G ecc && tpm2_createak -Q -C ek.ctx -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pem -f pem'
tpm2_createak -Q -C ek.ctx -c other.ctx -G ecc -g sha256 -s ecdsa -u other.pem -f pem

section "an honest machine"
load_module require_signature=0 || bail "the module does not load"
echo "measure func=FILE_CHECK fowner=4242 digest_list" >"$SECFS/policy"
check "the list is loaded" digestctl load "$WORK/metadata"
expect >expected
chown 4242 tree/1 tree/2 && : <tree/1 && : <tree/2

asked=$(nonce)
check "the machine makes evidence" attest honest
verdict "an honest machine is trusted" TRUSTED 0 honest
check "the verdict names the list, how many of its digests were used, and its signer" \
	grep -q '^  system serial 1 (3 digests, 2 used), CN=lists$' verdict
check "the state of a round is kept" eval 'judge honest --state state >/dev/null && [ "$(stat -c %s state)" -le 1024 ]'
count=$(sed -n 's/^count=//p' state)

section "lies"
was=$asked
asked=$(nonce)
verdict "evidence for another nonce is not taken" "NOT TRUSTED: nonce" 1 honest
asked=$was
check "another key of the TPM makes evidence" digestctl attest --nonce "$asked" --ak other.ctx -o by-other
verdict "another key is not taken" "NOT TRUSTED: ak-other" 1 by-other

# The list without its last records.
python3 - honest cut <<-'EOF'
	import base64, json, struct, sys
	evidence = json.load(open(sys.argv[1]))
	data = base64.b64decode(evidence["log"]["records"])
	ends, at = [], 0
	while at < len(data):
	    at += 24
	    for _ in range(2):
	        at += 4 + struct.unpack_from("<I", data, at)[0]
	    ends.append(at)
	evidence["log"]["records"] = base64.b64encode(data[:ends[-2]]).decode()
	json.dump(evidence, open(sys.argv[2], "w"))
EOF
verdict "a list that was cut is not taken" "NOT TRUSTED: log-short" 1 cut

section "files"
chown 4242 tree/3 && : <tree/3
asked=$(nonce)
check "evidence of new records only is made" attest delta --since "$count"
verdict "the next round, with known files, is trusted" TRUSTED 0 delta --state state
echo strange >strange && chown 4242 strange && : <strange
asked=$(nonce)
attest after
verdict "an unknown file is told" "NOT TRUSTED: file-unknown" 1 after
check "the verdict has the path and the digest of an unknown file" grep -q "file-unknown: record [0-9]*: $WORK/strange sha256:$(sum_of strange)" verdict
check "the verdict says what to do about an unknown file" grep -q 'what to do: find out what it is' verdict
count=$(sed -n 's/^count=//p' state)
attest delta --since "$count"
verdict "an unknown file is told in the next round of a verifier that remembers" "NOT TRUSTED: file-unknown" 1 delta --state state
echo "allow=sha256:$(sum_of strange) strange" >>expected
verdict "a machine with a file that is allowed is trusted" TRUSTED 0 after
judge after --explain "$WORK/strange" >/dev/null
check "why a file counts is explained" grep -q "^$WORK/strange: record [0-9]*: sha256:[0-9a-f]* is allowed" verdict

section "lists"
digestctl remove "sha256:$(sha256sum <list | cut -c1-64)" >/dev/null
asked=$(nonce)
attest removed
{ cat expected && echo require_list=system; } >demanding
expected=demanding verdict "a list that must be loaded and was removed is told" "NOT TRUSTED: list-missing" 1 removed
digestctl generate strange -o unsigned >/dev/null && digestctl metadata unsigned -o unsigned.metadata >/dev/null
digestctl load "$WORK/unsigned.metadata"
attest unsigned.evidence
verdict "a list that the repository does not have is told" "NOT TRUSTED: list-unknown" 1 unsigned.evidence
check "the list can be read as a canonical event log" eval \
	'digestctl log show --format cel-json | python3 -c "import json, sys; assert len(json.load(sys.stdin)) == $(records)"'
unload_module

section "batch=1"
load_module require_signature=0 batch=1 || bail "the module does not load"
echo "measure func=FILE_CHECK mask=MAY_READ fowner=4242 digest_list" >"$SECFS/policy"
expect >expected
mkdir many
for i in {1..24}; do echo "batch $i" >"many/$i" && echo "allow=sha256:$(sum_of "many/$i") many" >>expected; done
echo "the unknown one" >many/unknown && chown 4242 many/*
"$SELFTESTS/batch.py" open many/*
check "files that were opened at once share extends" grep -qa digest-batch "$SECFS/binary_runtime_measurements"
asked=$(nonce)
attest batches
verdict "an unknown file among those that share an extend is told" "NOT TRUSTED: file-unknown" 1 batches
check_eq "none of the other files is told" 1 "$(grep -c '^ *file-unknown: ' verdict)"
echo "allow=sha256:$(sum_of many/unknown) many" >>expected
verdict "a machine with batches of files that are allowed is trusted" TRUSTED 0 batches
finish
