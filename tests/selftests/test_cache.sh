#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Results that are kept: what did not change is not read again; nobody is answered from what may
# have changed, and no result outlives its lists, its policy or its inode.

. "$(dirname "$0")/lib.sh"

plan 43

mapstore=/opt/guest/mapstore
[ -x $mapstore ] || bail "mapstore is not built"
disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"

rules='measure func=FILE_CHECK mask=^MAY_READ uid=0 fowner=4242 digest_list
measure func=BPRM_CHECK mask=MAY_EXEC uid=0 fowner=4242 digest_list'
text() { echo "$2" >"$disk/$1" && ours "$disk/$1"; }
runs() {
	local i
	for ((i = 0; i < $2; i++)); do "$1"; done
}
# bytes_read COMMAND...: prints how many bytes the module read meanwhile.
bytes_read() {
	local before
	before=$(status hashed_bytes)
	"$@"
	echo $(($(status hashed_bytes) - before))
}
# load_list NAME KIND FILE...: makes and loads a list of the files.
load_list() {
	local entries
	entries=$(printf ",$2:@%s" "${@:3}")
	"$SELFTESTS/digestlists.py" make "$WORK/$1.meta" "$WORK/$1=${entries#,}" && digestctl load "$WORK/$1.meta"
}

load_module || bail "the module does not load"
for name in known revoked policy; do text $name "a $name file"; done
load_list first immutable "$disk/known" "$disk/revoked" "$disk/policy" >/dev/null || bail "no list"
set_policy "$rules" || bail "no policy"

section "files that do not change"
text unknown "an unknown file"
check_eq "a known file is read at its first open" 13 "$(bytes_read opens "$disk/known" 1)"
check_eq "a known file is not read at the next 100 opens" 0 "$(bytes_read opens "$disk/known" 100)"
check_eq "an unknown file is read at its first open" 16 "$(bytes_read opens "$disk/unknown" 1)"
check_eq "an unknown file is not read at the next 100 opens" 0 "$(bytes_read opens "$disk/unknown" 100)"
cp /usr/bin/true "$disk/program" && ours "$disk/program"
size=$(stat -c %s "$disk/program")
check_eq "a program is read when it is first run" "$size" "$(bytes_read runs "$disk/program" 1)"
check_eq "a program is not read the next 20 times it is run" 0 "$(bytes_read runs "$disk/program" 20)"
check_eq "a program that was run is not read when it is opened" 0 "$(bytes_read opens "$disk/program" 1)"
hits=$(status cache_hits)
opens "$disk/known" 10
check_eq "cache_hits counts opens of a known file" $((hits + 10)) "$(status cache_hits)"
ln "$disk/unknown" "$disk/link"
opens "$disk/link" 1
check_eq "the result is kept for the file, whatever its names" 0 "$(bytes_read opens "$disk/unknown" 10)"
entries=$(status cache_entries)
text another "another file"
opens "$disk/another" 1
check_eq "cache_entries counts files that were opened" $((entries + 1)) "$(status cache_entries)"

section "writers"
# Writers. Records of violations have no digest.
digest_count() { recorded "$1" | wc -l; }
exec {writer}>>"$disk/known"
check_eq "a file is read at each open while a task has it open for writing" 39 "$(bytes_read opens "$disk/known" 3)"
exec {writer}>&-
check_eq "a file is read once after that task closed it" 13 "$(bytes_read opens "$disk/known" 1)"
check_eq "a file is not read again after that" 0 "$(bytes_read opens "$disk/known" 10)"
exec {first}>>"$disk/known" {second}>>"$disk/known"
exec {first}>&-
check_eq "a file is read at each open while the second of two writers has it open" 26 "$(bytes_read opens "$disk/known" 2)"
exec {second}>&-
check_eq "a known file that did not change leaves no digest" 0 "$(digest_count "$disk/known")"
check_eq "a known file leaves a violation for each time it was open for writing" 2 "$(records_for "$disk/known")"

section "stores through a mapping whose file is closed"
text mapped "X mapped"
opens "$disk/mapped" 2
coproc $mapstore "$disk/mapped"
read -r <&"${COPROC[0]}"
for letter in a b c; do
	echo $letter >&"${COPROC[1]}"
	read -r <&"${COPROC[0]}"
	opens "$disk/mapped" 1
	check_eq "store $letter leaves a record" "$(sum_of "$disk/mapped")" \
		"$(recorded "$disk/mapped" | tail -n 1)"
done
check_eq "three stores make four digests" 4 "$(digest_count "$disk/mapped")"
check_eq "three stores make one violation, since the file was open for writing" 5 "$(records_for "$disk/mapped")"
echo d >&"${COPROC[1]}"
read -r <&"${COPROC[0]}"
pid=$COPROC_PID
eval "exec ${COPROC[1]}>&-"
wait "$pid"
opens "$disk/mapped" 1
check_eq "a store just before the mapping goes leaves a record" "$(sum_of "$disk/mapped")" "$(recorded "$disk/mapped" | tail -n 1)"
check_eq "the result is kept when the mapping is gone" 0 "$(bytes_read opens "$disk/mapped" 10)"

section "inodes"
text old "the old file"
opens "$disk/old" 2
number=$(stat -c %i "$disk/old")
rm "$disk/old"
text new "the new file"
if [ "$(stat -c %i "$disk/new")" = "$number" ]; then
	opens "$disk/new" 1
	check_eq "a new file with the number of a deleted one is read" "$(sum_of "$disk/new")" "$(recorded "$disk/new")"
else
	skip "a new file with the number of a deleted one is read" "the number was not given again"
fi
text deleted "a deleted file"
exec {held}<"$disk/deleted"
rm "$disk/deleted"
opens "/proc/self/fd/$held" 1
check_eq "a deleted file that is still open keeps its result" 0 "$(bytes_read opens "/proc/self/fd/$held" 3)"
exec {held}<&-

section "another list"
opens "$disk/known" 2
opens "$disk/revoked" 2
text late "known later"
opens "$disk/late" 1
load_list late immutable "$disk/late" >/dev/null || bail "no second list"
opens "$disk/known" 2
check_eq "a known file stays known" 0 "$(digest_count "$disk/known")"
check_eq "a known file keeps its result for the new lists" 0 "$(bytes_read opens "$disk/known" 10)"
opens "$disk/unknown" 2
check_eq "an unknown file leaves no second record" 2 "$(($(records_for "$disk/unknown") + $(records_for "$disk/link")))"
opens "$disk/late" 2
check_eq "a file that the new list knows keeps its one record" 1 "$(records_for "$disk/late")"
cp "$disk/late" "$disk/late-copy" && ours "$disk/late-copy"
opens "$disk/late-copy" 1
check_eq "a copy of a file that the new list knows leaves no record" 0 "$(records_for "$disk/late-copy")"
check_eq "a file whose digest it will revoke leaves no record before" 0 "$(records_for "$disk/revoked")"
load_list revocation revoked "$disk/revoked" >/dev/null || bail "no list of revoked digests"
opens "$disk/revoked" 2
check_eq "a file whose digest it revokes leaves a record, though it did not change" 1 "$(records_for "$disk/revoked")"
check_eq "a file whose digest it revokes keeps its new result" 0 "$(bytes_read opens "$disk/revoked" 10)"

section "another policy"
opens "$disk/policy" 2
check_eq "a known file leaves no record under a rule with digest_list" 0 "$(records_for "$disk/policy")"
set_policy "${rules// digest_list/}"
opens "$disk/policy" 2
check_eq "a known file leaves a record when a policy without digest_list comes, though it did not change" 1 "$(records_for "$disk/policy")"
check_eq "a known file keeps its new result" 0 "$(bytes_read opens "$disk/policy" 10)"
set_policy "$rules"
opens "$disk/policy" 2
check_eq "the former policy makes no other record" 1 "$(records_for "$disk/policy")"

section "inodes that go"
mkdir "$disk/many"
for ((i = 0; i < 200; i++)); do echo "$i" >"$disk/many/$i"; done
ours "$disk/many"/*
before=$(status cache_entries)
cat "$disk/many"/* >/dev/null
check_eq "200 files make 200 results" $((before + 200)) "$(status cache_entries)"
rm "$disk/many"/{100..199}
entries_at_most() { [ "$(status cache_entries)" -le "$1" ]; }
check "the results of deleted files go" wait_for 20 entries_at_most $((before + 100))
check_eq "the results of other files stay" 0 "$(bytes_read cat "$disk/many"/{0..99} | tail -n 1)"
drop() { sync && echo 3 >/proc/sys/vm/drop_caches && entries_at_most "$before"; }
check "results go when the kernel forgets the inodes" wait_for 20 drop
check_eq "files whose results are gone are read again" 10 "$(bytes_read cat "$disk/many"/{0..4} | tail -n 1)"
section "the whole test"
check "the PCR of every bank replays" replay_ok
finish
