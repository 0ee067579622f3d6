#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# batch=1: unknown files that are used at the same time share a record and an extend.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

[ -e /dev/tpm0 ] || skip_all "no TPM"
plan 18

binary=$SECFS/binary_runtime_measurements
count=48
# replays: whether the list replays to the PCR of every bank. evmctl does not know batches.
replays() {
	local bank banks=()
	snapshot "$binary" || return
	for bank in $(tpm_banks); do banks+=("$bank=$(sed -n "s/^PCR-$(printf %02d "$PCR"): //p" "$WORK/pcrs-$bank")"); done
	"$SELFTESTS/replay.py" "$PCR" "$WORK/list" "${banks[@]}"
}
# files SET: as many new files, in $files.
files() {
	local i
	files=()
	mkdir -p "$WORK/$1"
	for ((i = 0; i < count; i++)); do echo "$1 $i" >"$WORK/$1/$i" && files+=("$WORK/$1/$i"); done
	chown 4242 "${files[@]}"
}
# extends COMMAND...: how many there are meanwhile.
extends() { local was; was=$(status pcr_extends) && "$@" >"$WORK/out" 2>&1 && echo $(($(status pcr_extends) - was)); }
named() { "$SELFTESTS/batch.py" names "$binary" >"$WORK/names"; }
# once_each: whether each of the files has one record, alone or in a batch.
once_each() { named && tr ' ' '\n' <"$WORK/names" | grep "^$WORK/$1/" | sort | diff - <(printf '%s\n' "${files[@]}" | sort); }
batches() { grep -c '^digest-batch ' "$WORK/names"; }

load_module || bail "the module does not load"
set_policy 'measure func=FILE_CHECK mask=MAY_READ fowner=4242'
files without
section "without batch=1"
check_eq "each of $count files that are opened at once is an extend" $count "$(extends "$SELFTESTS/batch.py" open "${files[@]}")"
check "each file has a record" once_each without
check_eq "there is no batch" 0 "$(batches)"
unload_module

load_module batch=1 || bail "the module does not load"
set_policy 'measure func=FILE_CHECK mask=MAY_READ fowner=4242'
section "batch=1"
files with
taken=$(extends "$SELFTESTS/batch.py" open "${files[@]}")
note "batch=1: $count files at once are ${taken:-no} extends"
# How many depends on how busy the machine is.
check "files that are opened at once share extends" [ "${taken:-$count}" -lt "$count" ]
check "each file has one record, alone or in a batch" once_each with
check "there are batches" [ "$(batches)" -ge 1 ]
check_eq "an extend is one record" "$(status records)" "$(status pcr_extends)"
check "the list replays in every bank" replays
check_eq "the ascii list has the names of the binary one" "$(awk '$1 == "digest-batch" { for (i = 2; i <= NF; i++) print $i }' "$WORK/names")" \
	"$(awk '$3 == "digest-batch" { for (i = 6; i <= NF; i += 3) print $i }' "$ASCII")"
check_eq "files that are used a second time leave no record" 0 "$(extends "$SELFTESTS/batch.py" open "${files[@]}")"
check_eq "no record waits" 0 "$(status records_waiting)"
files alone
check_eq "files that are opened one after the other are alone in their records" $count "$(extends bash -c 'for file; do : <"$file"; done' bash "${files[@]}")"
check "files that are opened one after the other have records as without batch=1" eval 'once_each alone && ! grep "^digest-batch.*/alone/" "$WORK/names"'
files same
same=()
for ((i = 0; i < count; i++)); do same+=("${files[0]}"); done
check_eq "one file that all open at once is one extend" 1 "$(extends "$SELFTESTS/batch.py" open "${same[@]}")"
echo A >"${binary}_staged"
cat "${binary}_staged" >"$WORK/staged"
check_eq "batches are staged like other records" "$(wc -l <"$WORK/names")" "$("$SELFTESTS/batch.py" names "$WORK/staged" | head -n "$(wc -l <"$WORK/names")" | wc -l)"
echo D >"${binary}_staged"
check_eq "files whose batch was deleted are known" 0 "$(extends "$SELFTESTS/batch.py" open "$WORK"/with/*)"
check_eq "nothing is in the list when batches were deleted" "" "$(cat "$ASCII")"
check "the module can be unloaded" unload_module
finish
