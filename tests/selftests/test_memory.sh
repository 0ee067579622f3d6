#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What digests cost in memory: everything the kernel allocated for them, from its own figures.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"

plan 8

# random_list NAME COUNT: a compact list of as many digests of SHA-256, and metadata.
random_list() { "$SELFTESTS/digestlists.py" make "$1.meta" "$1=immutable:~$2"; }

load_module || bail "the module does not load"
# The first time the kernel's own caches get the size that this takes.
random_list "$WORK/first" 100000 && cat "$WORK/first.meta" >"$SECFS/digest_lists" &&
	unload_all || bail "no list can be loaded and removed"
empty=$(kernel_memory)
for count in 100000 1000000; do
	random_list "$WORK/list" "$count" || bail "no list"
	before=$(kernel_memory)
	section "$count digests"
	check "are loaded" eval 'echo "$WORK/list.meta" >"$SECFS/digest_lists"'
	all=$(($(kernel_memory) - before))
	note "$count digests: $all bytes by the kernel's figures, $(status digest_memory) by the module's;" \
		"$((all * 10 / count / 10)).$((all * 10 / count % 10)) bytes per digest"
	check_memory "take at most 40 bytes each" [ "$all" -le $((40 * count)) ]
	check "take at most 40 bytes each by the module's own figure" [ "$(status digest_memory)" -le $((40 * count)) ]
	unload_all
done
section "lists that are gone"
check_eq "no digest is left" 0 "$(cat "$SECFS/digests_count")"
check_memory "the memory is back" wait_for 20 memory_back "$empty"
finish
