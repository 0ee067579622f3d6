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
	python3 - "$SELFTESTS" "$list" "$@" <<'PY'
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from digestlists import block, save
path, algo, kind, name = sys.argv[2:]
with open(name, "rb") as file:
    save(path, block(kind, [hashlib.new(algo, file.read()).digest()]))
PY
	"$SELFTESTS/metadata.py" compact "$list" - >"$WORK/unsigned"
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

# Lists of SHA-256 only.
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_signed || bail "no list"
check_eq "with lists of SHA-256 only, a known file is read once" 1 "$(passes "$file")"
fresh "$disk"
check_eq "and an unknown one is, too" 1 "$(passes "$file")"

# A list of SHA-512 beside them, of another file.
fresh "$disk" && other=$file
made sha512 immutable "$other" && load_signed || bail "no list of SHA-512"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check_eq "beside lists of SHA-512, a file that a signed list knows by SHA-256 is read once" 1 "$(passes "$file")"
check "and runs" "$file"
fresh "$disk"
check_eq "one that is unknown by SHA-256 is read twice" 2 "$(passes "$file")"
file=$other
check_eq "so is one that only SHA-512 knows" 2 "$(passes "$file")"
check "which runs" "$file"
fresh "$disk" && third=$file
made sha384 immutable "$third" && load_signed || bail "no list of SHA-384"
fresh "$disk"
check_eq "with SHA-384 beside, one read more serves both" 2 "$(passes "$file")"
file=$third
check_eq "for a known file as well" 2 "$(passes "$file")"

# What one algorithm says does not hide what another says.
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check "a file that an unsigned list knows is refused" denied "$file"
made sha512 immutable "$file" && load_signed
check "it runs once a signed list of SHA-512 has it too" "$file"
set_policy "$measure"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check_eq "where nothing is appraised, an unsigned list of SHA-256 is enough, with one read" "1 0" \
	"$(passes "$file") $(records_for "$file")"
set_policy "$measure$NL$imasig"
fresh "$disk" && made sha256 mutable "$file" && load_signed
check "a mutable file is refused where a signature is required" denied "$file"
made sha512 immutable "$file" && load_signed
check "it runs once a list of SHA-512 says immutable: immutable wins" "$file"

# Revocations.
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check "a known file runs" "$file"
made sha384 revoked "$file" && load_unsigned
mark
check "it is refused once an unsigned list of SHA-384 revokes it: a revocation only denies" denied "$file"
check_eq "with the cause" 1 "$(refusals "$file" revoked-hash | wc -l)"
check_eq "and measured" 1 "$(records_for "$file")"
fresh "$disk" && made sha256 immutable "$file" && load_signed
check_eq "now that SHA-384 revokes, files known by SHA-256 are read twice" 2 "$(passes "$file")"
check "and run" "$file"
set_policy "$measure" && unload_all
check_eq "lists go where nothing is appraised" 0 "$(status lists)"

# A list that was loaded unsigned counts as signed when it is loaded again with a signature.
set_policy "$both"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
check "a file of a list that was loaded unsigned is refused" denied "$file"
printf 'garbage' >"$list.p7s"
"$SELFTESTS/metadata.py" compact "$list" "$list.p7s" >bad
check_eq "loading the list again with a bad signature is refused" EPFNOSUPPORT "$(put digest_lists bad)"
check "and changes nothing" denied "$file"
check "loading it again with a good signature succeeds" load_signed
check "then the file runs" "$file"
signer=$(openssl x509 -in "$keys/linked.pem" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f)
check_eq "digest_lists shows one list, its signer and what it answers for" "1 signer=$signer actions=measure,appraise" \
	"$(wc -l <"$SECFS/digest_lists") $(grep -o 'signer=.* actions=[^ ]*' "$SECFS/digest_lists")"
check_eq "status counts it as signed" "1 1" "$(status lists) $(status lists_signed)"
check "loading it unsigned again" load_unsigned
check "takes nothing from it" "$file"
fresh "$disk" && made sha256 immutable "$file" && load_unsigned && cat unsigned >pair
load_signed && cat meta >>pair && remove_list
cat pair >"$SECFS/digest_lists"
check "a list that stands unsigned and signed in one write is signed" "$file"
unload_all

# A list is known by its SHA-256, whatever algorithm its metadata use.
fresh "$disk" && made sha256 immutable "$file" && load_unsigned
"$SELFTESTS/metadata.py" --algo sha512 compact "$list" - >meta512
check "the list is loaded again, described by SHA-512" eval 'cat meta512 >"$SECFS/digest_lists"'
check_eq "and is one list" "1 1" "$(status lists) $(wc -l <"$SECFS/digest_lists")"
check "removed by its SHA-256" remove_list
check_eq "nothing is left of it" "0 0" "$(status lists) $(status digests)"
cat meta512 >"$SECFS/digest_lists"
check "loaded by SHA-512 alone it is shown with its SHA-256" grep -q "^sha256:$(digest_of "$list") " "$SECFS/digest_lists"
check "and removed by that" remove_list

# The rules of DIGEST_LIST_CHECK.
set_policy "appraise func=DIGEST_LIST_CHECK${NL}audit func=DIGEST_LIST_CHECK"
fresh "$disk" && made sha256 immutable "$file"
check_eq "with require_signature=0, a rule that appraises lists refuses an unsigned one" EACCES "$(put digest_lists unsigned)"
mark
check "and takes a signed one" load_signed
check "audit func=DIGEST_LIST_CHECK leaves an audit record of the list" \
	eval 'kernel_log | grep "type=1805 " | grep -q "file=\"$list\" hash=\"sha256:$(digest_of "$list")\""'
check_eq "status says what unsigned lists serve" "no: unsigned lists serve measurement" "$(status require_signature)"
unload_module || bail "the module does not unload"
rule='appraise func=DIGEST_LIST_CHECK'
load_module require_signature=0 ima_appraise=log || bail "the module does not load"
set_policy "$rule"
mark
check "with ima_appraise=log an unsigned list is taken" load_unsigned
check_eq "with an audit record" 1 "$(refusals "$list" IMA-signature-required | wc -l)"
check_eq "and answers for measurement only" actions=measure "$(grep -o 'actions=[^ ]*' "$SECFS/digest_lists")"
unload_module || bail "the module does not unload"
load_module require_signature=0 ima_appraise=off || bail "the module does not load"
set_policy "$rule"
mark
check "with ima_appraise=off, too" load_unsigned
check_eq "without one" 0 "$(refusals "$list" IMA-signature-required | wc -l)"
unload_module || bail "the module does not unload"

# By default lists have to be signed, rule or not.
insmod "$DIGEST_LISTS_KO" allow_unload=1 pcr=16 || bail "the module does not load"
check_eq "a signature is required by default" yes "$(status require_signature)"
check_eq "an unsigned list is refused" EACCES "$(put digest_lists unsigned)"
check "and a signed one taken" load_signed
unload_module || bail "the module does not unload"
finish
