#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A file that is mapped through O_DIRECT is opened once more to be read. The owner of a lease of it
# does not hold up a policy, for lease-break-time with each file.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/intruder.sh"

plan 2
load_module || bail "the module does not load"
mkfs_loop ext4 64M "$WORK/ext4" && chmod 755 "$WORK" && chmod 777 "$WORK/ext4" || bail "no file system"
for name in one two three; do library 7 "$WORK/ext4/$name"; done
break_time=$(cat /proc/sys/fs/lease-break-time)
echo 20 >/proc/sys/fs/lease-break-time
setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups python3 -S -c '
import fcntl, mmap, os, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
kept = []
for path in sys.argv[1:]:
    file = os.open(path, os.O_RDONLY | os.O_DIRECT)
    kept.append(mmap.mmap(file, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC))
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    kept.append(file)
print("leased", flush=True)
time.sleep(1000)' "$WORK/ext4/"{one,two,three} >"$WORK/said" 2>&1 &
owner=$!
wait_for 60 says leased || bail "nothing is leased: $(cat "$WORK/said")"
begin=$SECONDS
check "a policy that would deny leased files that are mapped through O_DIRECT is refused" eval '
	! set_policy "appraise func=MMAP_CHECK uid=$USER_ID fsname=ext4 fowner=$USER_ID digest_list" 2>"$WORK/refused" && grep -q deadlock "$WORK/refused"'
took=$((SECONDS - begin))
check "a policy that would deny leased files is refused without waiting for their leases to end" [ "$took" -lt 20 ]
echo "$break_time" >/proc/sys/fs/lease-break-time
kill -KILL $owner
wait $owner 2>/dev/null || true
finish
