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

plan 33
begin_appraisal
load_module || bail "the module does not load"
listing="appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
plain="appraise func=BPRM_CHECK fsuuid=$uuid
appraise func=MMAP_CHECK fsuuid=$uuid"
set_policy "$listing" || bail "the policy is refused"
zlib=$(echo /usr/lib/*/libz.so.1)

# Programs and libraries that a list calls immutable.
fresh "$disk" && program=$file && cp "$zlib" "$disk/libz.so" && chmod 644 "$disk/libz.so"
fresh "$disk" && unknown=$file
fresh "$disk" && mutable=$file
echo text >"$disk/text" && echo script >"$disk/script" && chmod 755 "$disk/script"
list_of immutable "$program" "$disk/libz.so" "$disk/text" "$disk/script" mutable "$mutable" && load_signed || bail "the list is refused"
check "a known program that was never used can be opened for writing, to flush it" eval ': >>"$program"'
"$program" && "$SYSCALLS" map "$disk/libz.so" && "$disk/script" 2>/dev/null
check "once it was used it cannot" is_refused immutable "$program" appends "$program"
check_eq "and the record has its digest and the rule by which a list would be asked" 1 \
	"$(refusals "$program" immutable | grep -c "hash=\"sha256:$(digest_of "$program")\" rule=1\$")"
check "nor cut as it is opened" is_refused immutable "$program" eval ': >"$program"'
check "nor truncated by its path" is_refused immutable "$program" "$SYSCALLS" truncate "$program" 10
check "and runs as before" "$program"
check "nor can a library, which has no execute permission" is_refused immutable "$disk/libz.so" appends "$disk/libz.so"
check "nor a script" is_refused immutable "$disk/script" appends "$disk/script"
check "a text can that nobody executes" appends "$disk/text"
check "a program that the list calls mutable can" appends "$mutable"
check "an unknown program can" appends "$unknown"
cp "$program" "$WORK/elsewhere"
check "so can a copy on a file system of which no rule speaks" appends "$WORK/elsewhere"
cp "$program" "$disk/copy" && echo >>"$disk/copy"
check "a copy that was written is not known any more" is_refused missing-hash "$disk/copy" "$disk/copy"
fresh "$disk" && check "another file can be renamed over it" mv "$file" "$disk/copy"
check "and it can be removed" rm "$disk/copy"

# In use.
set_policy "$listing"
fresh "$disk" && used=$file && evmctl ima_hash -a sha256 "$used" >/dev/null 2>&1
list_of immutable "$used" && load_signed || bail "the list is refused"
check "(a program that a list knows, and that has a digest, runs)" "$used"
set_policy "$plain"
check "(it runs under a rule that asks no list)" "$used"
check "then it still counts as signed" is_refused immutable "$used" appends "$used"
check "also when it is truncated by its path" is_refused immutable "$used" "$SYSCALLS" truncate "$used" 10
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid appraise_algos=sha512"
check "(it is refused under a third rule)" is_refused denied-hash-algorithm "$used" "$used"
check "and still counts as signed" is_refused immutable "$used" appends "$used"
remove_list
check "until nobody vouches for it" appends "$used"
fresh "$disk" && signed=$file && sign_file "$signed" linked
check "(a signed program can be written as long as it is not used, as in IMA)" appends "$signed"
set_policy "$plain"
check "(it runs)" "$signed"
check "it cannot afterwards" is_refused immutable "$signed" appends "$signed"
set_policy "$listing" && echo 2 >/proc/sys/vm/drop_caches

# In use when the policy comes.
set_policy ""
cp "$zlib" "$disk/libsigned.so" && sign_file "$disk/libsigned.so" linked
LD_PRELOAD=$disk/libsigned.so sleep 1000 &
sleeper=$!
wait_for 30 grep -q libsigned /proc/$sleeper/maps
check "(without a policy a library in use can be written)" appends "$disk/libsigned.so"
set_policy "$plain" || note "the policy is refused"
check "a library that is in use when the policy comes cannot" is_refused immutable "$disk/libsigned.so" appends "$disk/libsigned.so"
kill "$sleeper" && wait "$sleeper" 2>/dev/null
set_policy ""
check "without a policy it can again" appends "$disk/libsigned.so"

# What cannot be found out: the disk is gone.
image=/mnt/run/change.img
truncate -s 64M $image && mkfs.ext4 -q -F $image && mkdir "$WORK/lost" && mount -o loop $image "$WORK/lost" && mounts+=("$WORK/lost") ||
	bail "no file system"
fresh "$WORK/lost" && lost=$file && sign_file "$lost" linked && sync
exec {fd}<"$lost"
set_policy "appraise func=BPRM_CHECK fsuuid=$(uuid_of "$WORK/lost")"
check "(a signed program runs)" "$lost"
truncate -s 4k $image && echo 1 >/proc/sys/vm/drop_caches
check "when it can no longer be read it cannot be opened for writing" is_refused failed "$lost" appends "$lost"
exec {fd}<&-
set_policy ""
rm $image

# Writers that are there first.
set_policy "$plain"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
exec {fd}<>"$hashed"
check "what is open for writing is not mapped executable" is_refused open-writers "$hashed" "$SYSCALLS" map "$hashed"
exec {fd}<&-
watcher=$("$SELFTESTS/pre_access.py" "$disk") || note "nobody can watch: $watcher"
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
exec {fd}<>"$hashed"
check "nor executed, where a watcher of content keeps the kernel from seeing to that" is_refused open-writers "$hashed" "$hashed"
exec {fd}<&-
check "and runs when it was closed" "$hashed"
kill "$watcher"
wait_for 30 eval '! [ -d /proc/$watcher ]'
finish
