#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal while file systems are frozen: nobody waits for the freezer who holds it up, who only
# reads does not wait at all, and the digest that could not be stored is stored later.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 20
FILES=8
ROUNDS=3
begin_appraisal

# A program of a size that takes a while to read.
fresh "$WORK" && head -c 4M /dev/urandom >>"$file"
program=$file
load_module require_signature=0 || bail "the module does not load"
list_of mutable "$program" && load_signed || bail "the list is not loaded"
set_policy "appraise fsuuid=$uuid digest_list" || bail "the policy is refused"
# vouched FILE: a copy for which only the list vouches.
vouched() { cp "$program" "$1" && setfattr -x security.ima "$1"; }
has_none() { [ -z "$(ima_of "$1")" ]; }

vouched "$disk/program" || bail "no program"
echo 1 >/proc/sys/vm/drop_caches
fsfreeze -f "$disk" || bail "the file system is not frozen"
section "a program on a frozen file system"
"$disk/program" &
pid=$!
gone() { ! kill -0 "$pid" 2>/dev/null; }
check "is executed" wait_for 60 gone
check "is not refused" wait "$pid"
fsfreeze -u "$disk"
check "has no digest, which could not be stored" has_none "$disk/program"
check "has its digest when it was executed after the thaw" eval '"$disk/program" && has_digest "$disk/program"'

section "the last close of a writer"
# A writer's last close waits for the thaw, and stores.
writer() {
	exec {fd}>>"$disk/program"
	echo more >&"$fd"
	: >"$WORK/written"
	wait_for 60 test -e "$WORK/close"
	exec {fd}>&-
	: >"$WORK/closed"
}
writer &
wait_for 60 test -e "$WORK/written" || bail "the writer does not write"
fsfreeze -f "$disk"
: >"$WORK/close"
check "waits while the file system is frozen" eval '! wait_for 3 test -e "$WORK/closed"'
fsfreeze -u "$disk"
check "does not wait after the thaw" wait_for 60 test -e "$WORK/closed"
wait
check "stores the new digest after the thaw" has_digest "$disk/program"
rm "$disk/program"

# Opens that truncate hold up the freezer. They take turns with one that freezes as often as it can.
truncate_all() {
	local n
	for ((n = 0; n < FILES; n++)); do : >"$disk/file-$n" || return; done
	: >"$WORK/truncated"
}
freeze() {
	while [ ! -e "$WORK/stop" ]; do
		fsfreeze -f "$disk" && fsfreeze -u "$disk" && echo >>"$WORK/frozen"
	done
	: >"$WORK/stopped"
}
section "files that are opened to be truncated"
for ((round = 0; round < ROUNDS; round++)); do
	for ((n = 0; n < FILES; n++)); do vouched "$disk/file-$n" || bail "no file"; done
	rm -f "$WORK/truncated" "$WORK/stop" "$WORK/stopped"
	freeze &
	truncate_all &
	if ! wait_for 120 test -e "$WORK/truncated"; then
		# Nothing ends a deadlock, and no file system is unmounted then.
		note "the kernel's idea of it:" && cat /proc/[0-9]*/stack 2>/dev/null | grep -E 'freeze|start_write|want_write'
		mounts=()
		bail "files are opened, to be truncated, while others freeze the file system"
	fi
	: >"$WORK/stop"
	wait_for 60 test -e "$WORK/stopped" || bail "the freezer does not return"
	wait
done
ok "are opened while others freeze the file system"
note "the file system was frozen $(wc -l <"$WORK/frozen") times"
check "are opened while the file system freezes more often than files are opened" test "$(wc -l <"$WORK/frozen")" -gt "$ROUNDS"
empty() { for ((n = 0; n < FILES; n++)); do has_digest "$disk/file-$n" && [ ! -s "$disk/file-$n" ] || return; done; }
check "are empty, and have that digest" empty
check "can be read" cat "$disk"/file-*
check "are good when they are written" eval 'echo text >"$disk/file-0" && [ "$(cat "$disk/file-0")" = text ]'
echo text >"$disk/file-1"
section "a scanner of content (fanotify)"
# The file system cannot be frozen between the open and the cut. Who writes there to answer would
# wait for the freezer, and the freezer for whoever opens.
set_policy "measure func=FILE_CHECK fsuuid=$uuid" || bail "the policy is refused"
scanner=$("$SELFTESTS/pre_access.py" "$disk" "$WORK/asked") || bail "nobody can scan: $scanner"
check "a file that is opened to be cut is measured" eval '[ "$(grows eval ": >\"$disk/file-0\"")" -ge 1 ]'
check_eq "the scanner is not asked about what the module reads then" "" "$(cat "$WORK/asked")"
cut_by_reader() { python3 -S -c 'import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_TRUNC)' "$disk/file-2"; }
echo text >"$disk/file-2"
check_eq "the scanner is not asked about a file that is opened to be read and cut either" "" "$(cut_by_reader && cat "$WORK/asked")"
: <"$disk/file-1"
check_eq "the scanner is asked about what the module reads of a file that is opened to be read" "$disk/file-1" \
	"$(uniq "$WORK/asked")"
kill "$scanner"
wait_for 30 eval '! [ -d /proc/$scanner ]'
section "a scanner of opens (fanotify)"
# The same for truncate(2), which opens nothing.
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
fresh "$disk" && list_of immutable "$file" && load_signed && "$file" || bail "no program in use as signed"
scanner=$("$SELFTESTS/pre_access.py" "$disk" "$WORK/opened" opens) || bail "nobody can scan: $scanner"
check "a program in use as signed is not cut by truncate(2)" \
	is_refused immutable "$file" python3 -S -c 'import os, sys; os.truncate(sys.argv[1], 100)' "$file"
check_eq "the scanner is not asked about what the module opens then" "" "$(cat "$WORK/opened")"
: <"$file"
check_eq "the scanner is asked about what others open" "$file" "$(uniq "$WORK/opened")"
kill "$scanner"
wait_for 30 eval '! [ -d /proc/$scanner ]'
section "files that were opened"
check "leave a file system that can be unmounted" umount "$disk"
mounts=()
finish
