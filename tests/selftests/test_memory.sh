#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What digests cost in memory: everything the kernel allocated for them, from its own figures.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"

plan 8

# list NAME COUNT: a compact list of as many digests of SHA-256, and metadata.
list() { "$SELFTESTS/digestlists.py" make "$1.meta" "$1=immutable:~$2"; }
# taken: the bytes in all areas of vmalloc, where arenas and indexes are, and in slabs that the
# kernel cannot give back.
taken() {
	local slabs areas
	sync && echo 3 >/proc/sys/vm/drop_caches
	slabs=$(sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	areas=$(awk '!/unpurged/ { sum += $2 } END { printf "%d", sum }' /proc/vmallocinfo)
	echo $((slabs * 1024 + areas))
}

load_module || bail "the module does not load"
# The first time the kernel's own caches get the size that this takes.
list "$WORK/first" 100000 && cat "$WORK/first.meta" >"$SECFS/digest_lists" &&
	sed 's/ .*//' "$SECFS/digest_lists" >"$SECFS/digest_lists_remove" || bail "no list can be loaded and removed"
empty=$(taken)
for count in 100000 1000000; do
	list "$WORK/list" "$count" || bail "no list"
	before=$(taken)
	section "$count digests"
	check "are loaded" eval 'echo "$WORK/list.meta" >"$SECFS/digest_lists"'
	all=$(($(taken) - before))
	note "$count digests: $all bytes by the kernel's figures, $(status digest_memory) by the module's;" \
		"$((all * 10 / count / 10)).$((all * 10 / count % 10)) bytes per digest"
	check "take at most 40 bytes each" [ "$all" -le $((40 * count)) ]
	check "take at most 40 bytes each by the module's own figure" [ "$(status digest_memory)" -le $((40 * count)) ]
	sed 's/ .*//' "$SECFS/digest_lists" >"$SECFS/digest_lists_remove"
done
section "lists that are gone"
check_eq "no digest is left" 0 "$(cat "$SECFS/digests_count")"
back() { [ $(($(taken) - empty)) -lt 524288 ]; }
check "the memory is back" wait_for 20 back
finish
