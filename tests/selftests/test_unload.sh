#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unloading: while tasks are in the hooks, and without a trace in memory. test_forced_unload.sh has
# modules that were loaded without allow_unload.

. "$(dirname "$0")/lib.sh"

plan 11

CYCLES=${CYCLES:-8}
# A task rests so many seconds between its rounds.
NAP=${NAP:-0.05}
TASKS=4
# The leak test: this many cycles until every cache of the kernel has its size, then the ones that
# count.
WARM=3
COUNTED=${COUNTED:-12}
DIGESTS=100000

complaints() {
	dmesg | awk -v mark="$1" 'index($0, mark) { delete line; n = 0 } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }' |
		grep -E 'WARNING:|BUG|Oops|Call Trace|general protection|rcu:|blocked for more than|lockdep'
}

# Under load.
cp /usr/bin/true "$WORK/program" && echo unload >>"$WORK/program"
# task N: executes, maps and opens files until the test says stop; counts its rounds, and stops at
# the first failure. Every unload forgets what was checked, so that the first round after each load
# hashes inside the hooks. The nap leaves the module a processor: ftrace waits for all tasks many
# times per cycle.
mkfifo "$WORK/nap"
task() {
	local rounds=0
	while [ ! -e "$WORK/stop" ]; do
		"$WORK/program" || break
		: <"$WORK/program" || break
		echo "$rounds" >"$WORK/task-$1" || break
		rounds=$((rounds + 1))
		read -r _ <"$WORK/task-$1" || break
		read -r -t "$NAP" _ <>"$WORK/nap"
	done
	[ -e "$WORK/stop" ] && echo "$rounds" >"$WORK/rounds-$1"
}
section "the module under load"
for ((n = 0; n < TASKS; n++)); do task "$n" & done
loaded=0 unloaded=0 complained='' mark="unload: cycles under load"
echo "$mark" >/dev/kmsg
for ((n = 0; n < CYCLES; n++)); do
	# The kernel's log keeps the lines of some hundred cycles.
	if [ $((n % 50)) -eq 49 ]; then
		complained+=$(complaints "$mark")
		mark="unload: $n cycles under load"
		echo "$mark" >/dev/kmsg
		[ $((n % 200)) -ne 199 ] || note "loads=$loaded unloads=$unloaded"
	fi
	modprobe digest_lists allow_unload=1 ima_policy=tcb pcr=16 && loaded=$((loaded + 1))
	[ "$n" -ne 0 ] || check "the tasks are measured while it is loaded" wait_for 20 record_for "$WORK/program"
	unload_module && unloaded=$((unloaded + 1))
done
note "loads=$loaded unloads=$unloaded"
: >"$WORK/stop"
wait
check_eq "it is loaded while tasks execute and open files" "$CYCLES" "$loaded"
check_eq "it is unloaded while tasks execute and open files" "$CYCLES" "$unloaded"
check_eq "every task can execute and open files all the time" "$TASKS" "$(cat "$WORK"/rounds-* | awk '$1 > 100' | wc -l)"
check_eq "the kernel does not complain" "" "$complained$(complaints "$mark")"
check_eq "no hook stays attached" 0 "$(grep -c '^bpf_lsm_' /sys/kernel/tracing/enabled_functions)"

section "memory after unloading"
# Memory. A list that is not freed costs 3 MiB per cycle; anything else that is left behind once per
# cycle costs an object or an area per cycle. What the kernel keeps for its own reasons, some MiB of
# what is available, does not grow with the cycles.
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=immutable:#$DIGESTS.x" || bail "no list"
cycle() {
	modprobe digest_lists allow_unload=1 ima_policy=exec_tcb pcr=16 require_signature=0 || return
	echo "$WORK/meta" >"$SECFS/digest_lists" || return
	"$WORK/program" && [ "$(cat "$SECFS/digests_count")" = "$DIGESTS" ] && record_for "$WORK/program" >/dev/null || return
	unload_module
}
# memory: in KiB what no cache could give back, and what is available; the areas of vmalloc; the
# bytes in kmalloc's caches, once those have dropped what they only keep in store.
memory() {
	local cache
	sync && echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/kmalloc-*; do echo 1 >"$cache/shrink"; done
	awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { kept += $2 } /^MemAvailable:/ { available = $2 }
		END { printf "%d %d ", kept, available }' /proc/meminfo
	wc -l </proc/vmallocinfo | tr '\n' ' '
	awk '/^kmalloc-/ { bytes += $2 * $4 } END { print bytes }' /proc/slabinfo
}
for ((n = 0; n < WARM; n++)); do cycle; done
# grows_little: the growth over $COUNTED cycles is below the limits.
grows_little() {
	read -r kept available areas bytes < <(memory)
	good=0
	for ((n = 0; n < COUNTED; n++)); do cycle && good=$((good + 1)); done
	read -r kept_after available_after areas_after bytes_after < <(memory)
	note "growth over $COUNTED cycles: $((kept_after - kept)) KiB kept, $((areas_after - areas)) areas of vmalloc," \
		"$((bytes_after - bytes)) bytes of kmalloc; $((available - available_after)) KiB less available"
	[ $((kept_after - kept)) -lt $((32 * COUNTED)) ] && [ $((bytes_after - bytes)) -lt $((4096 * COUNTED)) ] &&
		[ $((areas_after - areas)) -lt "$COUNTED" ] && [ $((available - available_after)) -lt $((1500 * COUNTED)) ]
}
# The kernel's own noise is as large as the limits, up or down. What stays behind in each cycle does
# so in every round.
for round in 1 2 3; do
	! grows_little || break
	note "round $round"
done
check_eq "the module is loaded, used with a list and unloaded each time" "$COUNTED" "$good"
check "less than 32 KiB per cycle stay behind" test $((kept_after - kept)) -lt $((32 * COUNTED))
check "less than 4 KiB per cycle stay behind in kmalloc's caches" test $((bytes_after - bytes)) -lt $((4096 * COUNTED))
check "no area of vmalloc stays behind" test $((areas_after - areas)) -lt "$COUNTED"
check "no list stays in the memory that is not available" test $((available - available_after)) -lt $((1500 * COUNTED))
finish
