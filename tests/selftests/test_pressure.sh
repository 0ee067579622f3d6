#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory pressure, which any user can make, takes nothing from what the module must remember, and
# makes nothing cost more than before: what no rule covers is not read when it is opened for
# writing, and leaves no violation.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 15
USED=300
OTHERS=20
begin_appraisal
mkdir "$disk/used" "$disk/others"
entries=''
for ((i = 0; i < USED; i++)); do
	echo "used $i" >"$disk/used/$i" && entries+=" $disk/used/$i"
done
for ((i = 0; i < OTHERS; i++)); do yes "$i" | head -c 1M >"$disk/others/$i"; done
library 7 "$disk/held"
load_module || bail "the module does not load"
# shellcheck disable=SC2086 # one word a file
list_of immutable $entries "$disk/held" && load_signed || bail "the list is refused"

# Maps or opens all files that are used, as the user to whom the rules apply.
use_all() {
	user python3 -c '
import mmap, os, sys
for number in range(int(sys.argv[3])):
    fd = os.open(f"{sys.argv[2]}/{number}", os.O_RDONLY)
    if sys.argv[1] == "map":
        mmap.mmap(fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    os.close(fd)' "$1" "$disk/used" "$USED"
}
# Every cache of the kernel and of modules is asked for its memory, several times. What must be
# remembered may stay.
press() { for ((i = 0; i < 5; i++)); do sync && echo 2 >/proc/sys/vm/drop_caches || return; done; }
hashed() {
	local before
	before=$(status hashed_bytes)
	"$@" || return
	echo $(($(status hashed_bytes) - before))
}
write_others() { for ((i = 0; i < OTHERS; i++)); do : >>"$disk/others/$i" || return; done; }
# hold: a task keeps the library in use until release.
hold() {
	: >"$WORK/said"
	mkfifo "$WORK/go" && user "$INTRUDER" run-mapped "$disk/held" <"$WORK/go" >"$WORK/said" &
	holder=$!
	wait_for 20 test -p "$WORK/go" && exec {go}>"$WORK/go" && wait_for 60 says mapped
}
release() { exec {go}>&- && rm "$WORK/go"; wait "$holder"; }

section "enforcing"
# Enforcing.
set_policy "appraise func=MMAP_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
check "known files are mapped" use_all map
check "the module remembers known files" [ "$(status cache_entries)" -ge $USED ]
check_eq "what no rule covers is opened for writing without being read" 0 "$(hashed write_others)"
check "a library is in use" hold
check "every cache is asked for its memory" press
check_eq "what no rule covers is opened for writing without being read under pressure" 0 "$(hashed write_others)"
check_eq "what no rule covers is opened for writing once more without being read" 0 "$(hashed write_others)"
check "the library in use is refused for writing under pressure" refuses appends "$disk/held"
release

section "measuring"
# Measuring.
set_policy "measure func=FILE_CHECK mask=MAY_READ uid=$USER_ID fsuuid=$uuid digest_list
measure func=MMAP_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
# How many violations it makes to open for writing what somebody reads to whom no rule applies.
violations_of_others() {
	local before fd
	before=$(status violations)
	for ((i = 0; i < OTHERS; i++)); do
		exec {fd}<"$disk/others/$i" && : >>"$disk/others/$i"
		exec {fd}<&-
	done
	echo $(($(status violations) - before))
}
check "known files are opened" use_all open
check_eq "what is read where no rule covers it is opened for writing without a violation" 0 "$(violations_of_others)"
check "a library is in use" hold
check "every cache is asked for its memory" press
check_eq "what no rule covers is opened for writing without a violation under pressure" 0 "$(violations_of_others)"
appends "$disk/held"
check_eq "the library in use is opened for writing with a violation under pressure" 1 "$(violations_for "$disk/held")"
release
section "the whole test"
check "the PCR of every bank replays" replay_ok
finish
