#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The server of a file system that does not answer holds up its own files, and neither a policy, nor
# the module's start, nor a refusal that needs no content.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 10
# How long an answer may take, in seconds: nobody waits for anybody, but machines are busy.
LIMIT=60
begin_appraisal
begin_device
library 7 "$device"
: >"$WORK/said"
mkfifo "$WORK/go"
user python3 -c '
import mmap, os, sys
mapping = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
print("mapped", flush=True)
sys.stdin.readline()' "$source" <"$WORK/go" >"$WORK/said" &
holder=$!
exec {go}>"$WORK/go"
wait_for 60 says mapped || bail "nothing is mapped"
hold_device

# in_time COMMAND...: its exit status, 137 if it had to be killed for want of an answer.
in_time() {
	local rc=0
	timeout -s KILL "$LIMIT" "$@" >"$WORK/answer" 2>&1 || rc=$?
	[ "$rc" -ne 137 ] || { echo "no answer within $LIMIT s" && return 137; }
	return "$rc"
}
answered() {
	local rc=0
	in_time "$@" || rc=$?
	[ "$rc" -ne 137 ]
}
refused_in_time() {
	local rc=0
	in_time "$@" || rc=$?
	[ "$rc" -ne 137 ] && [ "$rc" -ne 0 ] || { echo "exit status $rc: $(cat "$WORK/answer")" && false; }
}
write_policy() { printf '%s\n' "$1" >"$WORK/policy" && refused_in_time dd if="$WORK/policy" of="$SECFS/policy" bs=64k status=none; }

section "a server that does not answer"
check_eq "it does not answer a reader" 137 "$(timeout -s KILL 3 cat "$source" >/dev/null 2>&1; echo $?)"
check "it was asked" wait_for 20 test -e "$device.asked"
load_module || bail "the module does not load"
mark
check "a policy that would deny what is mapped from there is refused at once" \
	write_policy "appraise func=MMAP_CHECK uid=$USER_ID fsname=fuse digest_list"
check_eq "a policy that would deny what is mapped from there is refused because its content may change" 1 "$(kernel_log | grep -c "policy: would deny .*(unstable-content)")"
check "another policy is taken at once" eval 'printf "measure func=BPRM_CHECK fowner=4243\n" >"$WORK/policy" &&
	in_time dd if="$WORK/policy" of="$SECFS/policy" bs=64k status=none'
echo 1 >/sys/module/digest_lists/parameters/force
check "a policy that would deny what is mapped from there is taken at once with force=1" eval '
	printf "appraise func=MMAP_CHECK uid=$USER_ID fsname=fuse digest_list\n" >"$WORK/policy" &&
	in_time dd if="$WORK/policy" of="$SECFS/policy" bs=64k status=none'
check "it does not answer after all that" test -e "$device.hold"

section "a new file on such a server"
served=$WORK/served
library 7 "$served" && mkdir "$WORK/other" && "$SELFTESTS/fuse_file.py" "$served" "$WORK/other" {go}>&- && mounts+=("$WORK/other") ||
	bail "no other server"
set_policy "appraise func=FILE_CHECK fsname=fuse digest_list" || bail "the policy is refused"
: >"$served.hold"
check "a task that opened it for writing ends at once" answered python3 -S -c '
import os, sys
os.mknod(sys.argv[1], 0o100644)
try:
    os.open(sys.argv[1], os.O_WRONLY)
except PermissionError:
    pass' "$WORK/other/new"
check "it is not read when it is closed" [ ! -e "$served.asked" ]
rm "$served.hold"

section "a server that does not answer"
unload_module
check "the module starts with a policy that would deny what is mapped from there, or is refused, at once" \
	answered modprobe digest_lists allow_unload=1 require_signature=0 pcr=16 ima_policy=appraise_exec_tcb
release_device
exec {go}>&-
wait $holder
finish
