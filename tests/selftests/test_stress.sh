#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many tasks execute known and unknown files while lists are being loaded and every file of the
# module is read.

. "$(dirname "$0")/lib.sh"

plan 13

# Per kind of file: so many, executed by two tasks each at the same time.
COUNT=50
LISTS=40
DIGESTS=2000
files=$WORK/files
here=fsmagic=0x858458f6

mount_tmp ramfs mode=755 "$files" || bail "no ramfs"
mkdir "$WORK/lists"
make_files() {
	local kind i
	for kind in "$@"; do
		for ((i = 0; i < COUNT; i++)); do cp /usr/bin/true "$files/$kind$i" && echo "$kind$i" >>"$files/$kind$i"; done
	done
}
entries() { for ((i = 0; i < COUNT; i++)); do printf ',immutable:@%s' "$files/$1$i"; done; }
make_files known late unknown
lists=()
for ((n = 0; n < LISTS; n++)); do lists+=("$WORK/lists/$n=immutable:#$DIGESTS.$n"); done
known_entries=$(entries known) late_entries=$(entries late)
"$SELFTESTS/digestlists.py" make "$WORK/known.meta" "$WORK/lists/known=${known_entries#,}" || bail "no lists"
"$SELFTESTS/digestlists.py" make "$WORK/late.meta" "$WORK/lists/late=${late_entries#,}" || bail "no lists"
"$SELFTESTS/digestlists.py" make "$WORK/all.meta" "${lists[@]}" || bail "no lists"
for ((n = 0; n < LISTS; n++)); do
	digestctl metadata "$WORK/lists/$n" -o "$WORK/$n.meta" >"$WORK/said" || bail "no metadata"
done

load_module || bail "the module does not load"
cat <<END >"$SECFS/policy"
measure func=BPRM_CHECK $here digest_list
measure func=MMAP_CHECK $here digest_list
measure func=FILE_CHECK mask=MAY_READ $here digest_list
END
load_metadata "$WORK/known.meta" || bail "the list of known files is refused"

# Whatever reads, until the test says stop. A reader that fails leaves its name.
reader() {
	while [ ! -e "$WORK/stop" ]; do
		cat "$SECFS/$1" >"$WORK/read-$1" || : >"$WORK/failed-$1"
	done
}
readers=()
for name in digest_lists ascii_runtime_measurements binary_runtime_measurements status digests_count policy; do
	reader "$name" &
	readers+=($!)
done
# loader: loads each list by itself, then all of them once more, which changes nothing.
loader() {
	local n
	for ((n = 0; n < LISTS; n++)); do load_metadata "$WORK/$n.meta" || return; done
	load_metadata "$WORK/all.meta"
}
# run_twice KIND...: all files of these kinds, each by two tasks, all at the same time; prints how
# many failed.
run_twice() {
	local kind i pid pids=() failed=0
	for ((i = 0; i < COUNT; i++)); do
		for kind in "$@"; do
			"$files/$kind$i" &
			pids+=($!)
			"$files/$kind$i" &
			pids+=($!)
		done
	done
	for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	echo "$failed"
}
# with_other_records KIND WANT: how many files of a kind do not have that many records.
with_other_records() {
	awk -v kind="$files/$1" -v want="$2" -v count="$COUNT" '{ records[$5]++ }
		END { while (i < count) wrong += records[kind i++] + 0 != want; print wrong + 0 }' \
		"$SECFS/ascii_runtime_measurements"
}

section "many tasks while lists are loaded"
loader &
loading=$!
check_eq "100 executions of unknown and 100 of known files succeed" 0 "$(run_twice unknown known)"
check_eq "every unknown file has just one record" 0 "$(with_other_records unknown 1)"
check_eq "no known file has a record" 0 "$(with_other_records known 0)"
check "a list is loaded in between" load_metadata "$WORK/late.meta"
check_eq "100 executions of files of that list and 100 of known files succeed" 0 "$(run_twice late known)"
check_eq "no file of that list has a record" 0 "$(with_other_records late 0)"
check "all lists are loaded meanwhile" wait "$loading"
check_eq "100 more executions of unknown files succeed" 0 "$(run_twice unknown)"
check_eq "unknown files that are executed once more have no second record" 0 "$(with_other_records unknown 1)"
: >"$WORK/stop"
wait "${readers[@]}"
check_eq "every file of the module can be read all the time" "" "$(cd "$WORK" && ls -d failed-* 2>/dev/null)"
check_eq "every digest of every list counts" $((LISTS * DIGESTS + 2 * COUNT)) "$(cat "$SECFS/digests_count")"
check_eq "every list is shown once" $((LISTS + 2)) "$(wc -l <"$SECFS/digest_lists")"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
