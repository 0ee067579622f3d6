#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A task that is killed while files that it made executable are to be read dies at once, however
# large or many they are, and leaves a violation where nobody knows what it executed.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/intruder.sh"

plan 8
# How long the kernel may take, in seconds: it takes none, but machines are busy.
LIMIT=60
chmod 755 "$WORK"
mkfs_loop ext4 64M "$WORK/ext4" && mount_tmp tmpfs mode=755 "$WORK/tmpfs" || bail "no file systems"
load_module || bail "the module does not load"
set_policy "measure func=MMAP_CHECK uid=$USER_ID digest_list" || bail "the policy is refused"

alive() { [ -e "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }
dead() { ! alive "$1"; }
# busy PID: whether it has spent half a second in the kernel.
busy() { [ "$(awk '{ print $15 }' "/proc/$1/stat")" -ge 50 ]; }
# killed FILE TIMES: kills a task while it makes so many mappings of the file executable.
killed() {
	: >"$WORK/said"
	setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups "$INTRUDER" make-exec "$1" "$2" >"$WORK/said" &
	pid=$!
	wait_for 300 says begins && wait_for 300 busy "$pid" && alive "$pid" && ! says executable || { echo "it ended: $(cat "$WORK/said")" && return 1; }
	kill -KILL "$pid"
}
# gone: the task of before. One that is not is let go by taking the content away.
gone() {
	local start=$SECONDS
	wait_for "$LIMIT" dead "$pid" && return
	echo "it still runs after $((SECONDS - start)) s: $(grep ^State "/proc/$pid/status"), $(awk '{ print $15 }' "/proc/$pid/stat") ticks in the kernel"
	truncate -s 0 "$file"
	wait_for 300 dead "$pid" || echo "and goes on when the file is empty"
	return 1
}
for case in "a file of 3 TiB:$WORK/ext4/huge:3T:1" "5,000 mappings of a file:$WORK/tmpfs/often:2M:5000"; do
	IFS=: read -r name file size times <<<"$case"
	truncate -s "$size" "$file" && chown $USER_ID "$file"
	before=$(status violations)
	section "$name"
	check "the task is killed while it is read" killed "$file" "$times"
	check "the task is gone at once" gone
	wait "$pid" 2>/dev/null
	check "there is a violation" [ "$(violations_for "$file")" -gt 0 ]
	check "there are fewer violations than mappings" [ $(($(status violations) - before)) -lt 10 ]
done
finish
