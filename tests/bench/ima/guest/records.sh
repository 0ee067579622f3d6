#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# records.sh SEED [RECORDS]: 1,000,000 records (RECORDS), without a TPM. 1,000 files are written and
# read again and again, each time with other content, so that each read is of an unknown file. The
# cases are 'none', 'module' and 'ima'. After each tenth part:
#
#   run case=NAME files=N ... ns=N      the time of these files
#   list case=NAME records=N bytes=N binary_ns=N ascii_ns=N
#                                       what the list has, and how long reading it takes
#   memory case=NAME records=N bytes=N  how much more memory the kernel has than before the first
#
# and at last once more a tenth of the records, while a task reads the list over and over
# (reading=1).

. "$(dirname "$0")/lib.sh"

step=$((${2:-1000000} / 10))
cases=(none known ima)

rules() { echo "measure func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }
# kernel_memory: what the kernel has for itself, in slabs that cannot be reclaimed and by vmalloc().
kernel_memory() { awk '$1 == "SUnreclaim:" || $1 == "VmallocUsed:" { n += $2 * 1024 } END { print n }' /proc/meminfo; }
now() { echo $((${EPOCHREALTIME/[^0-9]/} * 1000)); }
# list CASE DIR: reads the list.
list() {
	local start binary ascii bytes
	start=$(now)
	bytes=$(wc -c <"$2/binary_runtime_measurements")
	binary=$(($(now) - start))
	start=$(now)
	cat "$2/ascii_runtime_measurements" >/dev/null
	ascii=$(($(now) - start))
	counters "$1"
	echo "list case=${names[$1]} records=$records bytes=$bytes binary_ns=$binary ascii_ns=$ascii"
}
declare -A names=([none]=none [known]=module [ima]=ima)
part() { measure "$1" "${@:3}" -- "$files" rewrite "$work/$1" 1000 "$step" "$2" | sed "s/^run case=known/run case=module/"; }
grow() {
	local case=$1 dir=${2:-} i before reader
	# Files and their inodes are there before the first count.
	"$files" rewrite "$work/$case" 1000 1000 1 >/dev/null
	before=$(kernel_memory)
	for ((i = 1; i <= 10; i++)); do
		part "$case" $((i * 1000000000)) part=$i files="$step"
		[ -n "$dir" ] || continue
		counters "$case"
		echo "memory case=${names[$case]} records=$records bytes=$(($(kernel_memory) - before))"
		list "$case" "$dir"
	done
	[ -n "$dir" ] || return 0
	while cat "$dir/binary_runtime_measurements" >/dev/null; do :; done &
	reader=$!
	part "$case" 11000000000 part=11 files="$step" reading=1
	kill $reader
	wait $reader 2>/dev/null || true
}

for case in "${cases[@]}"; do make_fs "$case" 64M 4000; done
grow none
load_module
rules known digest_list | set_policy
grow known $secfs
unload_module
rules ima | set_ima_policy
grow ima $ima
