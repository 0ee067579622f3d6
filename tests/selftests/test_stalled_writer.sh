#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On XFS a writer that waits for the memory it writes from keeps readers waiting, who cannot be
# killed. A policy does not wait for such a writer: what is being written is denied unread, and
# nothing begins to write what is read. The large file is opened for writing while it is being read.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/intruder.sh"

plan 4
# How long an answer may take, in seconds: nobody waits for anybody, but machines are busy.
LIMIT=60
chmod 755 "$WORK"
load_module || bail "the module does not load"
mkfs_ram xfs "$WORK/xfs" && chmod 777 "$WORK/xfs" || bail "no XFS"
library 7 "$WORK/xfs/library" && user cp "$WORK/xfs/library" "$WORK/xfs/large" && user truncate -s 128M "$WORK/xfs/large" || bail "no library"
slow=$WORK/slow
library 7 "$slow" && mkdir "$WORK/slow_server" && "$SELFTESTS/fuse_file.py" "$slow" "$WORK/slow_server" && mounts+=("$WORK/slow_server") ||
	bail "no FUSE in this kernel"
# begin_writer FILE SECONDS STEP: a user has the file mapped, and begins to write it from the
# server's memory so many seconds after the server stopped answering. Waits for that step.
begin_writer() {
	: >"$WORK/said"
	setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups python3 -S -c '
import mmap, os, sys, time
path, source, hold, seconds = sys.argv[1:]
mapping = mmap.mmap(os.open(path, os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
memory = mmap.mmap(os.open(source, os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
print("mapped", flush=True)
while not os.path.exists(hold):
    time.sleep(0.1)
time.sleep(int(seconds))
while True:
    try:
        file = os.open(path, os.O_RDWR)
        break
    except OSError:
        pass
print("writes", flush=True)
os.write(file, memory)' "$1" "$WORK/slow_server/file" "$slow.hold" "$2" >"$WORK/said" 2>&1 &
	writer=$!
	wait_for 60 says mapped && : >"$slow.hold" && wait_for 60 says "$3"
}
end_writer() {
	kill -KILL "$writer" 2>/dev/null
	rm -f "$slow.hold"
	wait "$writer" 2>/dev/null || true
}
policy_of_xfs="appraise func=MMAP_CHECK uid=$USER_ID fsname=xfs digest_list"
# answers_policy: whether the policy for XFS is refused at once. What waits for a lock of the file
# cannot be killed, so nothing here waits for it.
answers_policy() {
	echo "$policy_of_xfs" >"$WORK/policy"
	dd if="$WORK/policy" of="$SECFS/policy" bs=64k status=none >"$WORK/answer" 2>&1 &
	wait_for "$LIMIT" eval "! kill -0 $! 2>/dev/null" && grep -q deadlock "$WORK/answer"
}
begin_writer "$WORK/xfs/library" 0 writes || bail "nothing is written: $(cat "$WORK/said")"
# It sleeps in the write until the server answers, which holds the lock of its file.
wait_for 60 grep -q fuse "/proc/$writer/stack" || bail "the writer does not wait"
mark
cat "$WORK/xfs/library" >/dev/null &
check "a reader of what is being written waits" eval '! wait_for 3 eval "! kill -0 $! 2>/dev/null"'
check "a policy that would deny what is being written is refused at once" answers_policy
end_writer
begin_writer "$WORK/xfs/large" 2 mapped || bail "nothing is mapped: $(cat "$WORK/said")"
check "a policy that would deny what is written as soon as it is read is refused" answers_policy
end_writer
check "each is refused because the file would be denied" eval '
	kernel_log | grep -q "policy: would deny $WORK/xfs/library (open-writers)" && kernel_log | grep -q "policy: would deny $WORK/xfs/large (missing-hash)"'
finish
