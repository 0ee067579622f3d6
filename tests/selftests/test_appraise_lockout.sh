#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A policy that would deny what is running to those who run it is refused, as are policies that
# would deny the shell or digestctl to root.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 13
begin_appraisal
load_module || bail "the module does not load"
# locks_out FILE CAUSE POLICY: succeeds if the policy is refused for that file, and the kernel log
# names it, once.
locks_out() {
	local count
	mark
	! set_policy "$3" 2>"$WORK/refused" && grep -q 'deadlock' "$WORK/refused" || { echo "taken, or: $(cat "$WORK/refused")" && return 1; }
	count=$(kernel_log | grep -c "policy: would deny $1 ($2)")
	[ "$count" = 1 ] || { echo "named $count times" && kernel_log | grep policy: && false; }
}
zlib=$(echo /usr/lib/*/libz.so.1)
cp /usr/bin/sleep "$disk/sleep" && cp "$zlib" "$disk/libz.so" && echo >>"$disk/libz.so"
LD_PRELOAD=$disk/libz.so setpriv --reuid=4242 --regid=4242 --clear-groups "$disk/sleep" 1000 &
sleeper=$!
# setpriv maps the library as well, before it executes the program.
executes $sleeper "$disk/sleep" && wait_for 30 grep -q libz.so /proc/$sleeper/maps

section "a policy that denies running files"
check "is refused for the program of another user" \
	locks_out "$disk/sleep" missing-hash "appraise func=BPRM_CHECK fsuuid=$uuid uid=4242 digest_list"
check "is refused for the program where it asks with the ids that the program gets" \
	locks_out "$disk/sleep" missing-hash "appraise func=CREDS_CHECK fsuuid=$uuid euid=4242 digest_list"
check "is refused for the program where it asks as the program is opened" locks_out "$disk/sleep" missing-hash "appraise func=FILE_CHECK mask=MAY_EXEC fsuuid=$uuid uid=4242 digest_list"
check "is refused for the mapping of a library by another user" \
	locks_out "$disk/libz.so" missing-hash "dont_appraise func=MMAP_CHECK uid=0${NL}appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
check "is refused for a library where it asks as the loader opens it" \
	locks_out "$disk/libz.so" missing-hash "appraise func=FILE_CHECK mask=MAY_READ fsuuid=$uuid uid=4242 digest_list"
# Its other thread goes on; what the kernel tells of the process is of the first one.
cp /usr/bin/python3 "$disk/python" && chown 4244 "$disk/python"
"$disk/python" -c 'import ctypes, os, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)' &
headless=$!
wait_for 300 grep -q '^State:.*Z' /proc/$headless/status || bail "the first thread does not exit"
check "is refused for a program whose first thread has exited" \
	locks_out "$disk/python" missing-hash "appraise func=BPRM_CHECK fsuuid=$uuid fowner=4244 digest_list"
kill -KILL $headless
wait $headless 2>/dev/null
check "is taken where it is for others" set_policy "appraise func=BPRM_CHECK fsuuid=$uuid uid=4243 digest_list"
set_policy ""
list_of immutable "$disk/sleep" "$disk/libz.so" && load_signed || bail "the list is refused"
check "is taken with a list that knows program and library" set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=FILE_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
set_policy ""
check "is found beforehand by digestctl" eval '
	echo "appraise func=FILE_CHECK mask=MAY_READ fsuuid=$uuid uid=4242" >"$WORK/policy" &&
	! digestctl appraise --dry-run "$WORK/policy" --denied >"$WORK/dry" 2>/dev/null &&
	grep -q "denied FILE_CHECK: $disk/libz.so, missing-hash" "$WORK/dry"'
remove_list

section "a policy that denies what does not run"
installed=
[ -e /usr/sbin/digestctl ] || { cp /usr/bin/true /usr/sbin/digestctl && installed=1; }
shell=$(readlink -f /bin/sh)
former=$(stat -c %u /usr/sbin/digestctl)
chown 4343 /usr/sbin/digestctl
check "is refused for digestctl" \
	locks_out /usr/sbin/digestctl missing-hash "appraise func=BPRM_CHECK fowner=4343 digest_list"
chown "$former" /usr/sbin/digestctl
[ -z "$installed" ] || rm /usr/sbin/digestctl
chown 4343 "$shell"
check "is refused for the shell" eval 'locks_out "/[a-z/]*sh" missing-hash "appraise func=BPRM_CHECK fowner=4343 digest_list"'
chown 0 "$shell"
section "a policy that denies running files, with force=1"
echo 1 >/sys/module/digest_lists/parameters/force
mark
check "is taken" set_policy "appraise func=BPRM_CHECK fsuuid=$uuid uid=4242 digest_list"
check_eq "names what it denies" 1 "$(kernel_log | grep -c "policy: would deny $disk/sleep (missing-hash)")"
kill "$sleeper"
wait "$sleeper" 2>/dev/null
finish
