#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allocations that fail: each one that the module makes, one after the other, while it is loaded, while lists, policies
# and keys are written, and while files are used. What fails then is done as a whole or not at all, nothing unknown is
# let through, and nothing leaks. For a kernel with fault injection (scripts/debug-kernel).
#
# shellcheck disable=SC2015,SC2016,SC2034 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

FAULTS=/opt/guest/faults
debug=/sys/kernel/debug
[ -e /proc/thread-self/fail-nth ] || skip_all "only on a debug kernel: fault injection"
mountpoint -q $debug || mount_tmp debugfs mode=700 $debug
[ -e $debug/failslab ] && [ -e $debug/fail_page_alloc ] || skip_all "only on a debug kernel: failslab and fail_page_alloc"

plan 43
begin_appraisal

# Allocations count that have a frame of a module in their stack: of the module itself, or made for it by the kernel. Above
# this address there are only modules.
for kind in failslab fail_page_alloc; do
	for setting in ignore-gfp-wait=N verbose=0 stacktrace-depth=32 require-start=0xffffffffa0000000 require-end=0xffffffffff000000; do
		echo "${setting#*=}" >$debug/$kind/"${setting%=*}" || bail "no $kind/${setting%=*}"
	done
done
echo N >$debug/fail_page_alloc/ignore-gfp-highmem
echo 0 >$debug/fail_page_alloc/min-order

# The most allocations of one operation that a phase tries; that there are fewer is a result of its own.
MOST=${FAULTS_MOST:-1000}

# each NAME ATTEMPT SOUND [ERRNO]: calls ATTEMPT with 1, 2, 3 ..., the number of the allocation that fails, until there is none
# with that number, and after each SOUND with the errno of the attempt (0 for none, 255 for a task that was killed) and its
# value; it prints what is wrong, if anything. Two results: there was an allocation, all of them were tried, and the
# attempt without a failure ended with ERRNO (0); nothing was ever wrong.
each() {
	local name=$1 attempt=$2 sound=$3 want=${4:-0} n out rc hit error value tried=0 failed=0 last=none
	: >"$WORK/wrong"
	for ((n = 1; n <= MOST; n++)); do
		rc=0
		out=$("$attempt" "$n" 2>"$WORK/stderr") || rc=$?
		read -r hit error value <<<"$out"
		[ "$rc" -lt 128 ] || hit=hit error=255 value=-1
		[ -n "$hit" ] || { note "exit status $rc: $(cat "$WORK/stderr")" && break; }
		"$sound" "$error" "$value" >"$WORK/said" 2>&1
		[ ! -s "$WORK/said" ] || printf 'allocation %d, errno %s: %s\n' "$n" "$error" "$(cat "$WORK/said")" >>"$WORK/wrong"
		[ "$hit" = hit ] || { last=$error && break; }
		tried=$((tried + 1))
		[ "$error" -eq "$want" ] || failed=$((failed + 1))
		[ "$(wc -l <"$WORK/wrong")" -lt 20 ] || break
	done
	note "$name: $tried allocations, of which $failed ended the operation"
	check_eq "$name: every allocation fails once, and then the operation ends as it should" "yes $want" \
		"$([ "$tried" -gt 0 ] && echo yes) $last"
	check_eq "$name: nothing is half done" "" "$(head -n 20 "$WORK/wrong")"
}

# leaks: objects that nothing refers to and that the module allocated, by kmemleak. A scan may take a pointer for lost that is
# on its way, and looks only at objects of some age: several scans, until there is none.
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
	if [ -e $debug/kmemleak ]; then
		check "$1: nothing leaks" leaks
		echo clear >"$debug/kmemleak"
	else
		skip "$1: nothing leaks" "no kmemleak"
	fi
}
[ ! -e $debug/kmemleak ] || echo clear >"$debug/kmemleak"

# Loading the module itself.
gone() {
	[ ! -d /sys/module/digest_lists ] || echo "the module is there"
	[ ! -d "$SECFS" ] || echo "its directory in securityfs is there"
	! grep digest_lists /sys/kernel/tracing/enabled_functions || echo "its functions are attached"
}
load_nth() { "$FAULTS" "$1" load "$DIGEST_LISTS_KO" "allow_unload=1 pcr=16 require_signature=0 $parameters"; }
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
for policy in exec_tcb appraise_exec_tcb; do
	parameters="ima_policy=$policy ima_appraise=log"
	each "loading with ima_policy=$policy" load_nth load_sound
done
no_leak "loading"

# Lists: one is there already, two are written.
load_module require_signature=0 || bail "the module does not load"
"$SELFTESTS/lists.py" "$WORK/l" 4 40
cat l/meta-0 >"$SECFS/digest_lists" || bail "no list"
cat l/meta-1 l/meta-2 >two
state() { sed 's/ hits=.*//' "$SECFS/digest_lists" && cat "$SECFS/digests_count"; }
before=$(state)
cat two >"$SECFS/digest_lists" && after=$(state) && remove_two() {
	{ sed -n 's/ .*//; 2,3p' "$SECFS/digest_lists"; } >"$SECFS/digest_lists_remove"
} && remove_two || bail "lists do not load"
lists_nth() { "$FAULTS" "$1" write "$SECFS/digest_lists" two; }
lists_sound() {
	case $1 in
	0)
		[ "$(state)" = "$after" ] || echo "loaded, and the lists are not: $(state)"
		remove_two
		;;
	*) [ "$1" -eq 12 ] || echo "another errno than ENOMEM" ;;
	esac
	[ "$(state)" = "$before" ] || echo "the lists are others: $(state)"
}
each "loading lists" lists_nth lists_sound

cat two >"$SECFS/digest_lists"
sed -n 's/ .*//; 2,3p' "$SECFS/digest_lists" >digests
remove_nth() { "$FAULTS" "$1" write "$SECFS/digest_lists_remove" digests; }
remove_sound() {
	case $1 in
	0)
		[ "$(state)" = "$before" ] || echo "removed, and the lists are not: $(state)"
		cat two >"$SECFS/digest_lists"
		;;
	*) [ "$1" -eq 12 ] || echo "another errno than ENOMEM" ;;
	esac
	[ "$(state)" = "$after" ] || echo "the lists are others: $(state)"
}
each "removing lists" remove_nth remove_sound

echo 1 >one
scrub_nth() { "$FAULTS" "$1" write "$SECFS/scrub" one; }
unchanged() { [ "$(state)" = "$after" ] || echo "the lists are others: $(state)"; }
each "scrubbing" scrub_nth unchanged

# Reading what is there: an answer as a whole, or an error.
cat "$SECFS/digest_lists" >shown
reading=$(wc -c <shown)
read_nth() { "$FAULTS" "$1" read "$SECFS/digest_lists"; }
read_sound() { [ "$1" -eq 12 ] || [ "$2" -eq "$reading" ] || echo "$2 bytes of $reading"; }
each "reading the lists" read_nth read_sound
no_leak "lists"

# A policy, by its text and by a path.
old="measure func=BPRM_CHECK fsuuid=$uuid digest_list"
new="measure func=BPRM_CHECK fsuuid=$uuid uid=0 digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
printf '%s\n' "$new" >new
echo "$WORK/new" >path
set_policy "$old" || bail "the policy is refused"
policy_nth() { "$FAULTS" "$1" write "$SECFS/policy" "$written"; }
policy_sound() {
	case $1 in
	0)
		[ "$(cat "$SECFS/policy")" = "$new" ] || echo "written, and the policy is another: $(cat "$SECFS/policy")"
		set_policy "$old"
		;;
	*) [ "$1" -eq 12 ] || echo "another errno than ENOMEM" ;;
	esac
	[ "$(cat "$SECFS/policy")" = "$old" ] || echo "the policy is another: $(cat "$SECFS/policy")"
}
for written in new path; do each "writing a policy (its $written)" policy_nth policy_sound; done

# A key.
openssl x509 -in $keys/ca.pem -outform DER -out ca.der
keys_shown() { cat "$SECFS/trusted_keys"; }
before=$(keys_shown)
key_nth() { "$FAULTS" "$1" write "$SECFS/trusted_keys" ca.der; }
key_sound() {
	[ "$1" -eq 0 ] || [ "$1" -eq 12 ] || echo "another errno than ENOMEM"
	[ "$(keys_shown)" = "$before" ] || echo "the keys are others"
}
each "a key that is there already" key_nth key_sound
unload_module
no_leak "policies and keys"

# Files. Measured: an unknown file is used only with a record of its own.
load_module require_signature=0 || bail "the module does not load"
set_policy "measure func=BPRM_CHECK fsuuid=$uuid digest_list
measure func=MMAP_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
# new_program: an unknown one, in $file; a copy of the helper, which reports itself when it is executed.
new_program() {
	fresh_count=$((fresh_count + 1))
	file=$disk/p$fresh_count
	{ cat $FAULTS && echo "$fresh_count $RANDOM"; } >"$file" && chmod 755 "$file"
}
every_record() { every_record_of "$file" | wc -l; }
use_nth() { "$FAULTS" "$1" "$use" "$file"; }
# use_now: the same without a failure; prints the errno.
use_now() { "$FAULTS" 1000000 "$use" "$file" | cut -d' ' -f2; }
measured_sound() {
	local now
	[ "$1" -ne 0 ] || [ "$(every_record)" -gt 0 ] || echo "used without a record"
	now=$(use_now)
	[ "$now" = 0 ] || echo "it cannot be used afterwards: $now"
	[ "$(every_record)" -gt 0 ] || echo "used afterwards without a record"
	new_program
}
for use in exec map protect; do
	new_program
	each "measuring an unknown file ($use)" use_nth measured_sound
done
unload_module
no_leak "measuring"

# Appraised: an unknown one never; a known one at the latest without a failure.
load_module require_signature=0 || bail "the module does not load"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
unknown_sound() {
	[ "$1" -ne 0 ] || echo "it was used"
	[ "$(use_now)" != 0 ] || echo "it is used afterwards"
	new_program
}
for use in exec map protect; do
	new_program
	each "appraising an unknown file ($use)" use_nth unknown_sound 13
done
known_sound() {
	local now
	now=$(use_now)
	[ "$now" = 0 ] || echo "it cannot be used afterwards: $now"
	# Something else, so that the next attempt asks again.
	cp "$file" "$file.new" && mv "$file.new" "$file"
}
new_program
list_of immutable "$file" && load_signed || bail "the list is refused"
for use in exec map protect; do each "appraising a known file ($use)" use_nth known_sound; done

# What is in use as signed is not opened for writing.
zlib=$(echo /usr/lib/*/libz.so.1)
cp "$zlib" "$disk/lib.so" && list_of immutable "$disk/lib.so" && load_signed || bail "the list is refused"
LD_PRELOAD=$disk/lib.so sleep 100000 &
sleeper=$!
in_use() { grep -q "r-xp .*$disk/lib.so" "/proc/$sleeper/maps"; }
wait_for 30 in_use || bail "the library is not mapped"
file=$disk/lib.so use=change
change_sound() { [ "$1" -ne 0 ] || echo "it was opened for writing"; }
each "a library in use is opened for writing" use_nth change_sound 13
kill $sleeper
wait $sleeper 2>/dev/null
unload_module
no_leak "appraising"
finish
