#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of DIGLIM's selftests, against the module. IMA has no lists. The lists are random:
# DIGEST_LISTS_SEED=N repeats a run. Documentation/testing-others.md says what differs, and why.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 20
cd "$WORK" || bail "no work directory"
mkdir lists
load_module || bail "the module does not load"
seed=${DIGEST_LISTS_SEED:-$RANDOM$RANDOM}
note "seed $seed"
results "$SELFTESTS/other_lists.py" diglim "$WORK/lists" "$seed"

list() { "$SELFTESTS/digestlists.py" make "$WORK/$1.meta" "$WORK/$1=immutable:$2"; }
remove() { echo "sha256:$(digest_of "$1")" >"$SECFS/digest_lists_remove"; }
# of_lists: the names of the records about lists since there were $before records.
of_lists() { tail -n +$((before + 1)) "$ASCII" | awk '{ sub(".*/", "", $5); print $5 }' | paste -sd' '; }

section "digest_list_add_del_test_file_upload_measured"
set_policy "measure func=DIGEST_LIST_CHECK" || bail "the policy is refused"
list measured text && before=$(records)
check "a list is loaded under a rule that measures lists" load_metadata measured.meta
check_eq "the list and its metadata are recorded" "digest_lists_metadata measured" "$(of_lists | tr ' ' '\n' | sort | paste -sd' ')"
check_eq "the record of the list has its digest" "sha256:$(digest_of measured)" "$(awk -v path="$WORK/measured" '$5 == path { print $4 }' "$ASCII")"
before=$(records)
check "the list is removed" remove measured
check_eq "the removal is recorded" digest_lists_remove "$(of_lists)"

section "digest_list_add_del_test_file_upload_measured_chown"
set_policy "measure func=DIGEST_LIST_CHECK fowner=3000"
list theirs one && chown 3000 theirs && list own two && before=$(records)
check "lists of two owners are loaded" eval 'load_metadata theirs.meta && load_metadata own.meta'
check_eq "the list of the owner that the rule names is recorded" "digest_lists_metadata digest_lists_metadata theirs" \
	"$(of_lists | tr ' ' '\n' | sort | paste -sd' ')"
check "lists of two owners are removed" eval 'remove theirs && remove own'

# Every load and removal has its record, whatever the policy says.
for way in file buffer; do
	section "digest_list_check_measurement_list_test_${way}_upload"
	set_policy ''
	list "by-$way" "$way" && before=$(records)
	if [ $way = file ]; then echo "$WORK/by-$way.meta" >"$SECFS/digest_lists"; else load_metadata "by-$way.meta"; fi
	name=digest_lists_metadata
	[ $way = buffer ] || name=by-$way.meta
	check_eq "the load is recorded without a rule" "$name" "$(of_lists)"
	before=$(records) && remove "by-$way"
	check_eq "the removal is recorded without a rule" digest_lists_remove "$(of_lists)"
done

section "digest_list_add_del_test_parser_upload_write"
set_policy "measure func=DIGEST_LIST_CHECK"
list written text && before=$(cat "$SECFS/violations")
exec {writer}>>written
check "a list that is open for writing is loaded as its metadata describe it" load_metadata written.meta
echo more >&"$writer"
exec {writer}>&-
check "what is written to the list later makes nothing known" eval '! load_metadata written.meta 2>/dev/null'
check_eq "its digest is known as it was loaded" 1 "$(cat "$SECFS/digests_count")"

section "digest_list_add_del_test_parser_upload_char_dev"
"$SELFTESTS/digestlists.py" metadata compact /dev/null - >null.meta
check "a device as a list is refused" eval '! load_metadata null.meta 2>/dev/null'
section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
