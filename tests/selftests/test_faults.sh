#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allocations that fail: each one that the module makes, one after the other, while it is loaded,
# while lists, policies and keys are written, and while files are used. What fails then is done as a
# whole or not at all, nothing unknown is let through, and nothing leaks. They fail by the kernel's
# fault injection (scripts/debug-kernel), or else by a module.
#
# shellcheck disable=SC2015,SC2016,SC2034 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

PROGRAM=/opt/guest/faults
helper=/opt/guest/modules/digest_lists_fault.ko
debug=/sys/kernel/debug
mountpoint -q $debug || mount_tmp debugfs mode=700 $debug
if [ -e /proc/thread-self/fail-nth ] && [ -e $debug/failslab ] && [ -e $debug/fail_page_alloc ]; then
	method=fail-nth
elif [ -e $helper ] && insmod $helper; then
	method=digest_lists_fault
else
	skip_all "no fault injection, and the module digest_lists_fault was not built"
fi

# What is tried, and how many results that has.
declare -A results=([load]=5 [lists]=9 [policy]=7 [measure]=11 [appraise]=15)
all="load lists policy measure appraise"
# Where an allocation is made to fail by a module it takes seconds each: then what takes long is
# left to 'make check-faults'.
[ "$method" = fail-nth ] && phases=${FAULTS_PHASES:-$all} || phases=${FAULTS_PHASES:-policy measure}
planned=0
for phase in $phases; do planned=$((planned + results[$phase])); done
plan "$planned"
note "allocations fail by $method"
begin_appraisal
# Allocations count that have a frame of the module in their stack, of its own and those that the
# kernel makes for it.
case $method in
digest_lists_fault) export FAULTS=/sys/module/digest_lists_fault/parameters/nth ;;
fail-nth)
	export FAULTS=/proc/thread-self/fail-nth
	# Above this address there are only modules, and the others allocate nothing here.
	for kind in failslab fail_page_alloc; do
		for setting in ignore-gfp-wait=N verbose=0 stacktrace-depth=32 require-start=0xffffffffa0000000 \
			require-end=0xffffffffff000000; do
			echo "${setting#*=}" >$debug/$kind/"${setting%=*}" || bail "no $kind/${setting%=*}"
		done
	done
	echo N >$debug/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$debug/fail_page_alloc/min-order
	;;
esac

# The most allocations of one operation that a phase tries; that there are fewer is a result of its
# own.
MOST=${FAULTS_MOST:-1000}

# each NAME ATTEMPT SOUND [ERRNO]: calls ATTEMPT with 1, 2, 3 ..., the number of the allocation that
# fails, until there is none with that number, and after each SOUND with the errno of the attempt (0
# for none, 255 for a task that was killed) and its value; it prints what is wrong, if anything. Two
# results: there was an allocation, all of them were tried, and the attempt without a failure ended
# with ERRNO (0); nothing was ever wrong.
each() {
	local name=$1 attempt=$2 sound=$3 want=${4:-0} n out rc hit error value tried=0 failed=0 last=none wrong=0
	section "$name"
	: >"$WORK/wrong"
	for ((n = 1; n <= MOST; n++)); do
		rc=0
		out=$("$attempt" "$n" 2>"$WORK/stderr") || rc=$?
		read -r hit error value <<<"$out"
		[ "$rc" -lt 128 ] || hit=hit error=255 value=-1
		[ -n "$hit" ] || { note "exit status $rc: $(cat "$WORK/stderr")" && break; }
		"$sound" "$error" "$value" >"$WORK/said" 2>&1
		[ ! -s "$WORK/said" ] || {
			wrong=$((wrong + 1))
			printf 'allocation %d, errno %s: %s\n' "$n" "$error" "$(<"$WORK/said")" >>"$WORK/wrong"
		}
		[ "$hit" = hit ] || { last=$error && break; }
		tried=$((tried + 1))
		[ "$error" -eq "$want" ] || failed=$((failed + 1))
		[ "$wrong" -lt 10 ] || break
	done
	note "$name: $tried allocations, of which $failed ended the operation"
	check_eq "every allocation fails once, and then the operation ends as it should" "yes $want" \
		"$([ "$tried" -gt 0 ] && echo yes) $last"
	check_eq "nothing is half done" "" "$(head -n 20 "$WORK/wrong")"
}

# leaks: objects that nothing refers to and that the module allocated, by kmemleak. A scan may take
# a pointer for lost that is on its way, and looks only at objects of some age: several scans, until
# there is none.
leaks() {
	local try
	for try in 1 2 3 4 5 6; do
		echo scan >"$debug/kmemleak"
		# Frames of a module that is gone have no name.
		awk -v RS='unreferenced object' '/digest_lists|0xffffffff[a-f]/ { print "unreferenced object" $0 }' \
			"$debug/kmemleak" >"$WORK/leaks"
		[ -s "$WORK/leaks" ] || [ "$try" -lt 3 ] || return 0
	done
	[ ! -s "$WORK/leaks" ] || { head -n 60 "$WORK/leaks" && false; }
}
# no_leak NAME
no_leak() {
	section "$1"
	if [ -e "$debug/kmemleak" ]; then
		check "nothing leaks" leaks
		echo clear >"$debug/kmemleak"
	else
		skip "nothing leaks" "no kmemleak"
	fi
}
[ ! -e $debug/kmemleak ] || echo clear >"$debug/kmemleak"

# Loading the module itself.
gone() {
	[ ! -d /sys/module/digest_lists ] || echo "the module is there"
	[ ! -d "$SECFS" ] || echo "its directory in securityfs is there"
	! grep digest_lists /sys/kernel/tracing/enabled_functions || echo "its functions are attached"
}
load_nth() { "$PROGRAM" "$1" load "$DIGEST_LISTS_KO" "allow_unload=1 pcr=16 require_signature=0 $parameters"; }
# A module that loads in spite of the failure does all of its work, and unloads.
load_sound() {
	if [ "$1" -eq 0 ]; then
		[ "$(records)" -ge 2 ] || echo "$(records) records"
		diff <(digestctl policy builtin "$policy") "$SECFS/policy"
		unload_module
	elif [ "$1" -ne 12 ]; then
		echo "another errno than ENOMEM"
	fi
	gone
}
phase_load() {
	for policy in exec_tcb appraise_exec_tcb; do
		parameters="ima_policy=$policy ima_appraise=log"
		each "loading with ima_policy=$policy" load_nth load_sound
	done
	no_leak "loading"
}

# Lists: one is there already; two are written, and removed. All of the write or nothing.
state() { printf '%s\n' "$(<"$SECFS/digest_lists")" "$(<"$SECFS/digests_count")"; }
one_or_both() {
	# $1: the errno; $2, $3: the state before and after; the rest undoes the write.
	case $1 in
	0)
		[ "$(state)" = "$3" ] || echo "it succeeded, and the lists are others: $(state)"
		"${@:4}"
		;;
	12) ;;
	*) echo "another errno than ENOMEM" ;;
	esac
	[ "$(state)" = "$2" ] || echo "the lists are others: $(state)"
}
write_nth() { "$PROGRAM" "$1" write "$SECFS/$written" "$data"; }
load_two() { cat two >"$SECFS/digest_lists"; }
remove_two() { cat both >"$SECFS/digest_lists_remove"; }
lists_sound() { one_or_both "$1" "$one" "$three" remove_two; }
remove_sound() { one_or_both "$1" "$three" "$one" load_two; }
unchanged() { [ "$(state)" = "$three" ] || echo "the lists are others: $(state)"; }
read_nth() { "$PROGRAM" "$1" read "$SECFS/digest_lists"; }
read_sound() { [ "$1" -eq 12 ] || [ "$2" -eq "$(wc -c <shown)" ] || echo "$2 bytes"; }
phase_lists() {
	load_module require_signature=0 || bail "the module does not load"
	"$SELFTESTS/digestlists.py" series "$WORK/l" 3 40
	cat l/meta-1 l/meta-2 >two
	sha256sum l/list-1 l/list-2 | sed 's/^/sha256:/; s/ .*//' >both
	cat l/meta-0 >"$SECFS/digest_lists" && one=$(state) && load_two && three=$(state) && remove_two && [ "$(state)" = "$one" ] ||
		bail "lists cannot be loaded and removed"
	written=digest_lists data=two
	each "loading lists" write_nth lists_sound
	load_two
	written=digest_lists_remove data=both
	each "removing lists" write_nth remove_sound
	echo 1 >scrub
	written=scrub data=scrub
	each "scrubbing" write_nth unchanged
	cat "$SECFS/digest_lists" >shown
	each "reading the lists" read_nth read_sound
	no_leak "lists"
	unload_module
}

# Policies, by their text and by a path, and a key.
policy_sound() {
	case $1 in
	0)
		[ "$(<"$SECFS/policy")" = "$new" ] || echo "it was written, and is another: $(<"$SECFS/policy")"
		set_policy "$old"
		;;
	12) ;;
	*) echo "another errno than ENOMEM" ;;
	esac
	[ "$(<"$SECFS/policy")" = "$old" ] || echo "the policy is another: $(<"$SECFS/policy")"
}
# The kernel's functions for keys do not always say that it was memory.
key_sound() {
	[ "$(<"$SECFS/trusted_keys")" = "$shown" ] || echo "the keys are others"
}
phase_policy() {
	load_module require_signature=0 || bail "the module does not load"
	old="measure func=BPRM_CHECK fsuuid=$uuid digest_list"
	new="measure func=BPRM_CHECK fsuuid=$uuid uid=0 digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
	printf '%s\n' "$new" >text
	echo "$WORK/text" >path
	set_policy "$new" && new=$(<"$SECFS/policy") && set_policy "$old" && old=$(<"$SECFS/policy") ||
		bail "the policy is refused"
	written=policy
	for data in text path; do each "writing a policy by its $data" write_nth policy_sound; done
	openssl x509 -in "$keys/ca.pem" -outform DER -out ca.der
	shown=$(<"$SECFS/trusted_keys")
	written=trusted_keys data=ca.der
	each "writing a key that is there already" write_nth key_sound
	no_leak "policies and keys"
	unload_module
}

# new_program: an unknown one, in $file; a copy of the helper, which reports itself when it is
# executed.
new_program() {
	fresh_count=$((fresh_count + 1))
	file=$disk/p$fresh_count
	cp "$PROGRAM" "$file" && echo "$fresh_count $RANDOM" >>"$file"
}
use_nth() { "$PROGRAM" "$1" "$use" "$file"; }
# use_now: the same without a failure; prints the errno.
use_now() {
	local hit error value
	read -r hit error value < <("$PROGRAM" 1000000 "$use" "$file")
	echo "${error:-killed}"
}
# recorded_now: succeeds if the file has a record, be it a violation.
recorded_now() { grep -qF " $file" "$ASCII"; }

# Measured: an unknown file is used only with a record of its own.
measured_sound() {
	local now
	[ "$1" -ne 0 ] || recorded_now || echo "used without a record"
	now=$(use_now)
	[ "$now" = 0 ] || echo "it cannot be used afterwards: $now"
	recorded_now || echo "used afterwards without a record"
	new_program
}
# written_program: a new program, open for writing.
written_program() {
	[ -z "${writer:-}" ] || exec {writer}>&-
	new_program
	exec {writer}>>"$file"
}
zeros() { awk -v path="$file" '$4 ~ /:0+$/ && $5 == path' "$ASCII" | wc -l; }
violation_sound() {
	[ "$1" -ne 0 ] || [ "$(zeros)" -gt 0 ] || echo "it was used without a violation"
	[ "$(use_now)" != 0 ] || [ "$(zeros)" -gt 0 ] || echo "it was used without a violation afterwards"
	if [ "$use" = open ]; then written_program; else new_program; fi
}
phase_measure() {
	load_module require_signature=0 || bail "the module does not load"
	set_policy "measure func=BPRM_CHECK fsuuid=$uuid digest_list
measure func=MMAP_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
	for use in exec map protect; do
		new_program
		each "measuring an unknown file, $use" use_nth measured_sound
	done
	# What needs a violation has one before it is used, whatever failed before.
	set_policy "measure func=MMAP_CHECK fsuuid=$uuid digest_type=verity
measure func=FILE_CHECK mask=^MAY_READ fsuuid=$uuid" || bail "the policy is refused"
	use=map
	new_program
	each "mapping a file that has no digest of fs-verity" use_nth violation_sound
	use=open
	written_program
	each "reading a file that is open for writing" use_nth violation_sound
	exec {writer}>&-
	no_leak "measuring"
	unload_module
}

# Appraised: an unknown one never; a known one at the latest without a failure.
unknown_sound() {
	[ "$1" -ne 0 ] || echo "it was used"
	[ "$(use_now)" != 0 ] || echo "it is used afterwards"
	new_program
}
known_sound() {
	local now
	now=$(use_now)
	[ "$now" = 0 ] || echo "it cannot be used afterwards: $now"
	known_again
}
# known_again: another file of the same content in its place, so that the next attempt asks again. A
# mapping is made executable only if the file was looked at before.
known_again() {
	cp "$file" "$file.new" && mv "$file.new" "$file"
	[ "$use" != protect ] || "$PROGRAM" 1000000 map "$file" >"$WORK/mapped"
}
change_sound() { [ "$1" -ne 0 ] || echo "it was opened for writing"; }
in_use() { grep -q "r-xp .*$file" "/proc/$sleeper/maps"; }
phase_appraise() {
	load_module require_signature=0 || bail "the module does not load"
	set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
	for use in exec map protect; do
		new_program
		each "appraising an unknown file, $use" use_nth unknown_sound 13
	done
	new_program
	list_of immutable "$file" && load_signed || bail "the list is refused"
	for use in exec map protect; do
		known_again
		each "appraising a known file, $use" use_nth known_sound
	done

	# What is in use as signed.
	file=$disk/lib.so use=change
	cp /usr/lib/*/libz.so.1 "$file" && list_of immutable "$file" && load_signed || bail "the list is refused"
	LD_PRELOAD=$file sleep 100000 &
	sleeper=$!
	wait_for 30 in_use || bail "the library is not mapped"
	each "opening a library in use for writing" use_nth change_sound 13
	kill "$sleeper"
	wait "$sleeper" 2>/dev/null
	no_leak "appraising"
	unload_module
}

for phase in $phases; do "phase_$phase"; done
[ $method = fail-nth ] || rmmod digest_lists_fault
finish
