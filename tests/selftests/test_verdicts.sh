#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What several lists say of one file, of several algorithms, signed and not; and how often a file is
# read to find out.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/signatures.sh"

plan 49
begin_appraisal

# made ALGO KIND FILE: a compact list of the file's digest by that algorithm, in $list, and its
# unsigned metadata.
made() {
	list_count=$((list_count + 1))
	list=$WORK/list-$list_count
	"$SELFTESTS/digestlists.py" make --algo "$1" "$WORK/unsigned" "$list=$2:@$3"
}
# passes COMMAND...: how often the file in $file was read to be hashed while the command ran.
passes() {
	local before
	before=$(status hashed_bytes)
	"$@" >/dev/null 2>&1
	echo $((($(status hashed_bytes) - before) / $(stat -c %s "$file")))
}

load_module require_signature=0 || bail "the module does not load"
measure="measure func=BPRM_CHECK fsuuid=$uuid digest_list"
appraise="appraise func=BPRM_CHECK fsuuid=$uuid digest_list"
imasig="appraise func=BPRM_CHECK fsuuid=$uuid appraise_type=imasig digest_list"
both="$measure$NL$appraise"

section "lists of SHA-256 only"
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_signed || bail "no list"
check_eq "a known file is read once" 1 "$(passes "$file")"
fresh "$disk"
check_eq "an unknown file is read once" 1 "$(passes "$file")"

section "lists of SHA-512 beside those of SHA-256"
# A list of SHA-512 beside them, of another file.
fresh "$disk" && other=$file
made sha512 immutable "$other" && load_signed || bail "no list of SHA-512"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check_eq "a file that a signed list knows by SHA-256 is read once" 1 "$(passes "$file")"
check "a file that a signed list knows by SHA-256 runs" "$file"
fresh "$disk"
check_eq "a file that is unknown by SHA-256 is read twice" 2 "$(passes "$file")"
file=$other
check_eq "a file that only SHA-512 knows is read twice" 2 "$(passes "$file")"
check "a file that only SHA-512 knows runs" "$file"
fresh "$disk" && third=$file
made sha384 immutable "$third" && load_signed || bail "no list of SHA-384"
fresh "$disk"
check_eq "an unknown file is read twice with SHA-384 as well" 2 "$(passes "$file")"
file=$third
check_eq "a file that only SHA-384 knows is read twice with SHA-384 as well" 2 "$(passes "$file")"

section "several algorithms"
# What one algorithm says does not hide what another says.
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check "a file that an unsigned list knows is refused" denied "$file"
made sha512 immutable "$file" && load_signed
check "a file that an unsigned list knows runs once a signed list of SHA-512 has it" "$file"
set_policy "$measure"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check_eq "an unsigned list of SHA-256 is enough where nothing is appraised, with one read" "1 0" \
	"$(passes "$file") $(records_for "$file")"
set_policy "$measure$NL$imasig"
fresh "$disk" && made sha256 mutable "$file" && load_signed
check "a mutable file is refused where a signature is required" denied "$file"
made sha512 immutable "$file" && load_signed
check "a mutable file runs once a list of SHA-512 says immutable" "$file"

section "revocations"
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check "a known file runs before" "$file"
made sha384 revoked "$file" && load_unsigned
mark
check "a known file is refused once an unsigned list of SHA-384 revokes it" denied "$file"
check_eq "the refusal of a revoked file has its cause" 1 "$(refusals "$file" revoked-hash | wc -l)"
check_eq "a revoked file is measured" 1 "$(records_for "$file")"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check_eq "files known by SHA-256 are read twice where SHA-384 revokes" 2 "$(passes "$file")"
check "files known by SHA-256 run where SHA-384 revokes" "$file"
set_policy "$measure" && unload_all
check_eq "lists that revoke are removed where nothing is appraised" 0 "$(status lists)"

section "a list that was loaded unsigned"
# A list that was loaded unsigned counts as signed when it is loaded again with a signature.
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check "its file is refused" denied "$file"
printf 'garbage' >"$list.p7s"
"$SELFTESTS/digestlists.py" metadata compact "$list" "$list.p7s" >bad
check_eq "it is refused with a bad signature" EPFNOSUPPORT "$(put digest_lists bad)"
check "its file stays refused after a bad signature" denied "$file"
check "it is loaded with a good signature" load_signed
check "its file runs after a good signature" "$file"
signer=$(openssl x509 -in "$keys/linked.pem" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f)
check_eq "digest_lists shows one list, its signer and what it serves" "1 signer=$signer actions=measure,appraise" \
	"$(wc -l <"$SECFS/digest_lists") $(grep -o 'signer=.* actions=[^ ]*' "$SECFS/digest_lists")"
check_eq "the status file counts it as signed" "1 1" "$(status lists) $(status lists_signed)"
check "it is loaded unsigned once more" load_unsigned
check "its file runs when it was loaded unsigned once more" "$file"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned && cat unsigned >pair
load_signed && cat meta >>pair && remove_list
cat pair >"$SECFS/digest_lists"
check "it counts as signed where it stands unsigned and signed in one write" "$file"
unload_all

section "a list by its SHA-512"
# A list is known by its SHA-256, whatever algorithm its metadata use.
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
"$SELFTESTS/digestlists.py" metadata --algo sha512 compact "$list" - >meta512
check "it is loaded when it was loaded by its SHA-256" eval 'cat meta512 >"$SECFS/digest_lists"'
check_eq "it is one list with that by its SHA-256" "1 1" "$(status lists) $(wc -l <"$SECFS/digest_lists")"
check "it is removed by its SHA-256" remove_list
check_eq "nothing is left of it" "0 0" "$(status lists) $(status digests)"
cat meta512 >"$SECFS/digest_lists"
check "it is shown with its SHA-256" grep -q "^sha256:$(digest_of "$list") " "$SECFS/digest_lists"
check "it is removed by its SHA-256 when it was loaded by its SHA-512 only" remove_list

section "rules of DIGEST_LIST_CHECK"
# The rules of DIGEST_LIST_CHECK.
set_policy "appraise func=DIGEST_LIST_CHECK${NL}audit func=DIGEST_LIST_CHECK"
fresh "$disk" && made sha256 immutable "$file"
check_eq "an unsigned list is refused with require_signature=0" EACCES "$(put digest_lists unsigned)"
mark
check "a signed list is taken with require_signature=0" load_signed
check "audit func=DIGEST_LIST_CHECK leaves an audit record of the list" \
	eval 'kernel_log | grep "type=1805 " | grep -q "file=\"$list\" hash=\"sha256:$(digest_of "$list")\""'
check_eq "the status file says what unsigned lists serve" "no: unsigned lists serve measurement" "$(status require_signature)"
unload_module || bail "the module does not unload"
rule='appraise func=DIGEST_LIST_CHECK'
load_module require_signature=0 ima_appraise=log || bail "the module does not load"
set_policy "$rule"
mark
check "an unsigned list is taken with ima_appraise=log" load_unsigned
check_eq "an unsigned list has an audit record with ima_appraise=log" 1 "$(refusals "$list" IMA-signature-required | wc -l)"
check_eq "an unsigned list serves measurement only with ima_appraise=log" actions=measure "$(grep -o 'actions=[^ ]*' "$SECFS/digest_lists")"
unload_module || bail "the module does not unload"
load_module require_signature=0 ima_appraise=off || bail "the module does not load"
set_policy "$rule"
mark
check "an unsigned list is taken with ima_appraise=off" load_unsigned
check_eq "an unsigned list has no audit record with ima_appraise=off" 0 "$(refusals "$list" IMA-signature-required | wc -l)"
unload_module || bail "the module does not unload"

section "require_signature by default"
# By default lists have to be signed, rule or not.
insmod "$DIGEST_LISTS_KO" allow_unload=1 pcr=16 || bail "the module does not load"
check_eq "a signature is required" yes "$(status require_signature)"
check_eq "an unsigned list is refused" EACCES "$(put digest_lists unsigned)"
check "a signed list is taken" load_signed
unload_module || bail "the module does not unload"
finish
