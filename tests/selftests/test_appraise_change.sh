#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What counts as signed is not written once it was used, whatever rules said of it since. What
# cannot be found out is refused. Before it was used it can be written, and is not known any more
# then.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 45
begin_appraisal
load_module || bail "the module does not load"
listing="appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
plain="appraise func=BPRM_CHECK fsuuid=$uuid
appraise func=MMAP_CHECK fsuuid=$uuid"
set_policy "$listing" || bail "the policy is refused"
zlib=$(echo /usr/lib/*/libz.so.1)

section "a file that a list calls immutable"
fresh "$disk" && program=$file && cp "$zlib" "$disk/libz.so" && chmod 644 "$disk/libz.so"
fresh "$disk" && unknown=$file
fresh "$disk" && mutable=$file
echo text >"$disk/text" && echo script >"$disk/script" && chmod 755 "$disk/script"
list_of immutable "$program" "$disk/libz.so" "$disk/text" "$disk/script" mutable "$mutable" && load_signed || bail "the list is refused"
check "a program that was never used can be opened for writing" eval ': >>"$program"'
"$program" && "$SYSCALLS" map "$disk/libz.so" && "$disk/script" 2>/dev/null
check "a program that was used cannot be opened for writing" is_refused immutable "$program" appends "$program"
check_eq "a refused write has a record with the digest and the rule by which a list would be asked" 1 \
	"$(refusals "$program" immutable | grep -c "hash=\"sha256:$(digest_of "$program")\" rule=1\$")"
check "a program that was used is not cut as it is opened" is_refused immutable "$program" eval ': >"$program"'
check "a program that was used is not truncated by its path" is_refused immutable "$program" "$SYSCALLS" truncate "$program" 10
check "a program that could not be written runs as before" "$program"
check "a library that was mapped and has no execute permission cannot be written" is_refused immutable "$disk/libz.so" appends "$disk/libz.so"
check "a script that was used cannot be written" is_refused immutable "$disk/script" appends "$disk/script"
check "a text that nothing executes can be written" appends "$disk/text"
check "a program that the list calls mutable can be written" appends "$mutable"
check "an unknown program can be written" appends "$unknown"
cp "$program" "$WORK/elsewhere"
check "a copy on a file system that no rule names can be written" appends "$WORK/elsewhere"
cp "$program" "$disk/copy" && echo >>"$disk/copy"
check "a copy that was written is unknown" is_refused missing-hash "$disk/copy" "$disk/copy"
fresh "$disk" && check "another file can be renamed over a changed copy" mv "$file" "$disk/copy"
check "a changed copy can be removed" rm "$disk/copy"

section "a program in use"
set_policy "$listing"
fresh "$disk" && used=$file && evmctl ima_hash -a sha256 "$used" >/dev/null 2>&1
list_of immutable "$used" && load_signed || bail "the list is refused"
check "runs by a list under a rule with digest_list" "$used"
set_policy "$plain"
check "runs by its digest under a rule without digest_list" "$used"
check "counts as signed under a rule without digest_list" is_refused immutable "$used" appends "$used"
check "is not truncated by its path under a rule without digest_list" is_refused immutable "$used" "$SYSCALLS" truncate "$used" 10
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid appraise_algos=sha512"
check "is refused under a rule that wants SHA-512" is_refused denied-hash-algorithm "$used" "$used"
check "counts as signed under a rule that refuses it" is_refused immutable "$used" appends "$used"
remove_list
check "can be written when its list is removed" appends "$used"
fresh "$disk" && signed=$file && sign_file "$signed" linked
check "can be written with a signature as long as it was not used, as in IMA" appends "$signed"
set_policy "$plain"
check "runs with a signature" "$signed"
check "cannot be written with a signature once it was used" is_refused immutable "$signed" appends "$signed"
set_policy "$listing" && echo 2 >/proc/sys/vm/drop_caches

section "a library whose list is removed"
set_policy "$listing"
cp "$zlib" "$disk/libowned.so" && echo owned >>"$disk/libowned.so" && chown 4242:4242 "$disk/libowned.so"
list_of immutable "$disk/libowned.so" && load_signed || bail "the list is refused"
owner_appends() { as 4242 bash -c ': >>"$1"' bash "$disk/libowned.so"; }
LD_PRELOAD=$disk/libowned.so sleep 1000 &
sleeper=$!
check "is mapped" wait_for 30 grep -q libowned /proc/$sleeper/maps
remove_list
check "cannot be written by its owner" is_refused immutable "$disk/libowned.so" owner_appends
check "cannot be cut by its owner" is_refused immutable "$disk/libowned.so" as 4242 "$SYSCALLS" truncate "$disk/libowned.so" 10
check "cannot be written by the administrator while it is mapped" is_refused immutable "$disk/libowned.so" appends "$disk/libowned.so"
kill "$sleeper" && wait "$sleeper" 2>/dev/null
check "cannot be written by its owner, though nobody maps it any more" is_refused immutable "$disk/libowned.so" owner_appends
check "can be written by the administrator then" appends "$disk/libowned.so"
check "can be written by its owner from then on" owner_appends
set_policy "$listing"

section "a library in use when the policy comes"
set_policy ""
cp "$zlib" "$disk/libsigned.so" && sign_file "$disk/libsigned.so" linked
LD_PRELOAD=$disk/libsigned.so sleep 1000 &
sleeper=$!
wait_for 30 grep -q libsigned /proc/$sleeper/maps
check "can be written without a policy" appends "$disk/libsigned.so"
set_policy "$plain" || note "the policy is refused"
check "cannot be written under the policy" is_refused immutable "$disk/libsigned.so" appends "$disk/libsigned.so"
kill "$sleeper" && wait "$sleeper" 2>/dev/null
set_policy ""
check "can be written again when the policy is gone" appends "$disk/libsigned.so"

section "a library that comes into use while a policy is being checked"
# The check stands still at the first file that it reads.
for name in early late; do
	# No list has it.
	{ cat "$zlib" && echo "$name"; } >"$disk/lib$name.so" && sign_file "$disk/lib$name.so" linked || bail "no library"
done
# It sees reads of what is opened from here on.
scanner=$("$SELFTESTS/pre_access.py" "$disk" "$WORK/scanned") || bail "nobody can scan: $scanner"
LD_PRELOAD=$disk/libearly.so sleep 1000 &
sleeper=$!
wait_for 30 grep -q libearly /proc/$sleeper/maps
mkfifo "$WORK/go"
python3 -S -c '
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
print("ready", flush=True)
for _ in range(2):
    sys.stdin.readline()
    mapping = mmap.mmap(fd, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    print("mapped", flush=True)' "$disk/liblate.so" <"$WORK/go" >"$WORK/said" 2>/dev/null &
mapper=$!
exec {go}>"$WORK/go"
wait_for 30 grep -q ready "$WORK/said"
: >"$WORK/scanned.hold"
: >"$WORK/scanned"
set_policy "$plain" &
policy=$!
check "the check reads a library in use" wait_for 60 grep -q libearly "$WORK/scanned"
echo >&"$go"
check "another library is mapped meanwhile" wait_for 30 grep -q mapped "$WORK/said"
rm "$WORK/scanned.hold"
wait $policy || note "the policy is refused"
kill "$scanner" "$sleeper" && wait "$sleeper" 2>/dev/null
check "it cannot be written under the policy" is_refused immutable "$disk/liblate.so" appends "$disk/liblate.so"

section "a library that is mapped when its signature goes"
setfattr -x security.ima "$disk/liblate.so"
check "cannot be written" is_refused immutable "$disk/liblate.so" appends "$disk/liblate.so"
exec {go}>&-
wait "$mapper"
check "can be written when nothing has it mapped" appends "$disk/liblate.so"
set_policy ""

section "a signed program whose disk is gone"
image=/mnt/run/change.img
truncate -s 64M $image && mkfs.ext4 -q -F $image && mkdir "$WORK/lost" && mount -o loop $image "$WORK/lost" && mounts+=("$WORK/lost") ||
	bail "no file system"
fresh "$WORK/lost" && lost=$file && sign_file "$lost" linked && sync
exec {fd}<"$lost"
set_policy "appraise func=BPRM_CHECK fsuuid=$(uuid_of "$WORK/lost")"
check "runs before" "$lost"
truncate -s 4k $image && echo 1 >/proc/sys/vm/drop_caches
check "cannot be opened for writing" is_refused failed "$lost" appends "$lost"
exec {fd}<&-
set_policy ""
rm $image

section "a file with a digest that is open for writing"
set_policy "$plain"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
exec {fd}<>"$hashed"
check "is not mapped for execution" is_refused open-writers "$hashed" "$SYSCALLS" map "$hashed"
exec {fd}<&-
watcher=$("$SELFTESTS/pre_access.py" "$disk") || note "nobody can watch: $watcher"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
exec {fd}<>"$hashed"
check "is not executed, where a watcher of content keeps the kernel from seeing to that" is_refused open-writers "$hashed" "$hashed"
exec {fd}<&-
check "runs when it was closed" "$hashed"
kill "$watcher"
wait_for 30 eval '! [ -d /proc/$watcher ]'
finish
