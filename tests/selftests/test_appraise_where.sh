#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal where content cannot be trusted to stay, and where nothing can be stored: FUSE, memfds,
# direct I/O, ramfs.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 24
begin_appraisal
load_module || bail "the module does not load"

section "ramfs, without extended attributes"
mount_tmp ramfs mode=755 "$WORK/ramfs"
dir=$WORK/ramfs
fresh "$dir" known && fresh "$dir" unknown && fresh "$dir" mutable && echo new >"$WORK/same"
list_of immutable "$dir/known" mutable "$dir/mutable" && load_signed && set_policy "appraise fsmagic=0x858458f6 digest_list" ||
	note "the policy is refused"
check "a program that a list calls immutable runs" "$dir/known"
check "a program that a list calls mutable runs" "$dir/mutable"
check "a program that no list knows is refused" is_refused missing-hash "$dir/unknown" "$dir/unknown"
check "a new file can be written" eval 'echo new >"$dir/new"'
check "a new file is not read afterwards, since nothing is stored" is_refused missing-hash "$dir/new" cat "$dir/new"
check "a new file that a list knows is read" eval 'list_of immutable "$WORK/same" && load_signed && cat "$dir/new"'

section "FUSE"
mkdir "$WORK/fuse" "$WORK/nothing"
cp /usr/bin/true "$WORK/backing" && echo served >>"$WORK/backing"
"$SELFTESTS/fuse_file.py" "$WORK/backing" "$WORK/fuse" && mounts+=("$WORK/fuse")
check "a program runs without a policy" "$WORK/fuse/file"
list_of immutable "$WORK/backing" && load_signed && set_policy "appraise func=BPRM_CHECK fsname=fuse digest_list
appraise func=MMAP_CHECK fsname=fuse digest_list" || note "the policy is refused"
check "a program that a list knows is refused" is_refused unstable-content "$WORK/fuse/file" "$WORK/fuse/file"
check "a program that a list knows is not mapped" is_refused unstable-content "$WORK/fuse/file" "$SYSCALLS" map "$WORK/fuse/file"
mkdir "$WORK/broken"
"$SELFTESTS/fuse_file.py" "$WORK/nothing" "$WORK/broken" && mounts+=("$WORK/broken")
set_policy "appraise func=FILE_CHECK fsname=fuse digest_list"
check "a file is refused unread, where it could not be read either" is_refused unstable-content "$WORK/broken/file" cat "$WORK/broken/file"
umount "$WORK/fuse" "$WORK/broken" && unset 'mounts[-1]' 'mounts[-1]'

section "memory"
cp /usr/bin/true "$WORK/true" && list_of immutable "$WORK/true" && load_signed
set_policy "appraise func=BPRM_CHECK fsmagic=0x1021994 uid=4242 digest_list" || note "the policy is refused"
check "a memfd is not executed, whatever it has" is_refused unstable-content '/memfd:copy (deleted)' as 4242 "$SYSCALLS" memfd-exec /usr/bin/true
check "a memfd that is sealed against writing and shrinking, and known, is executed" as 4242 "$SYSCALLS" memfd-sealed-exec /usr/bin/true
check "a memfd that is sealed and unknown is refused" is_refused missing-hash '/memfd:sealed (deleted)' as 4242 "$SYSCALLS" memfd-sealed-exec /usr/bin/false
echo 4 >/proc/sys/vm/nr_hugepages
printf huge >"$WORK/huge" && truncate -s 2M "$WORK/huge" && list_of immutable "$WORK/huge" && load_signed
check "a memfd of huge pages is mapped without a policy" "$SYSCALLS" memfd-huge huge
set_policy "appraise func=MMAP_CHECK fsmagic=0x958458f6 digest_list" || note "the policy is refused"
check "a memfd of huge pages is not mapped executable" is_refused unstable-content '/memfd:huge (deleted)' "$SYSCALLS" memfd-huge huge
check "a memfd of huge pages that is sealed and known is mapped executable" "$SYSCALLS" memfd-huge-sealed huge
check "a memfd of huge pages that is sealed and unknown is refused" is_refused missing-hash '/memfd:huge (deleted)' "$SYSCALLS" memfd-huge-sealed hugo
echo 0 >/proc/sys/vm/nr_hugepages
mount_tmp tmpfs mode=755 "$WORK/tmpfs"
cp "$WORK/true" "$WORK/tmpfs/true"
set_policy "appraise func=BPRM_CHECK fsmagic=0x1021994 uid=4242 digest_list
appraise func=MMAP_CHECK fsmagic=0x1021994 uid=4242 digest_list"
check "a known program on tmpfs runs" as 4242 "$WORK/tmpfs/true"
check "a mapping on tmpfs does not become executable, as results are not kept there" \
	is_refused made-executable "$WORK/tmpfs/true" as 4242 "$SYSCALLS" mprotect "$WORK/tmpfs/true"

section "direct I/O"
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
direct() { dd if="$1" of=/dev/null bs=4096 iflag=direct status=none; }
set_policy "appraise func=FILE_CHECK fsuuid=$uuid digest_list"
check "is refused" is_refused direct-io "$file" direct "$file"
check "does not keep the file from being opened as usual" cat "$file"
set_policy "appraise func=FILE_CHECK fsuuid=$uuid permit_directio"
check "is allowed by permit_directio" direct "$file"

section "a kernel module from memory"
cp "$(modinfo -n dummy)" "$WORK/module.ko" || note "there is no module to load"
set_policy "measure func=BPRM_CHECK fowner=4242${NL}appraise func=MODULE_CHECK appraise_type=imasig digest_list"
check "is refused" is_refused no-file MODULE_CHECK "$SYSCALLS" init-module "$WORK/module.ko"
check_eq "names the rule in its record" 1 "$(refusals MODULE_CHECK no-file | grep -c ' rule=2$')"
set_policy ""
finish
