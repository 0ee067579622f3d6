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

# Without extended attributes.
mount_tmp ramfs mode=755 "$WORK/ramfs"
dir=$WORK/ramfs
fresh "$dir" known && fresh "$dir" unknown && fresh "$dir" mutable && echo new >"$WORK/same"
list_of immutable "$dir/known" mutable "$dir/mutable" && load_signed && set_policy "appraise fsmagic=0x858458f6 digest_list" ||
	note "the policy is refused"
check "without extended attributes, on ramfs, what a list knows runs" "$dir/known"
check "also if the list calls it mutable" "$dir/mutable"
check "what none knows does not" is_refused missing-hash "$dir/unknown" "$dir/unknown"
check "a new file can be written" eval 'echo new >"$dir/new"'
check "but not read afterwards, since nothing is stored" is_refused missing-hash "$dir/new" cat "$dir/new"
check "unless a list knows it" eval 'list_of immutable "$WORK/same" && load_signed && cat "$dir/new"'

# Servers.
mkdir "$WORK/fuse" "$WORK/nothing"
cp /usr/bin/true "$WORK/backing" && echo served >>"$WORK/backing"
"$SELFTESTS/fuse_file.py" "$WORK/backing" "$WORK/fuse" && mounts+=("$WORK/fuse")
check "(without a policy a program on FUSE runs)" "$WORK/fuse/file"
list_of immutable "$WORK/backing" && load_signed && set_policy "appraise func=BPRM_CHECK fsname=fuse digest_list
appraise func=MMAP_CHECK fsname=fuse digest_list" || note "the policy is refused"
check "on FUSE nothing runs, not even what a list knows" is_refused unstable-content "$WORK/fuse/file" "$WORK/fuse/file"
check "nor is it mapped" is_refused unstable-content "$WORK/fuse/file" "$SYSCALLS" map "$WORK/fuse/file"
mkdir "$WORK/broken"
"$SELFTESTS/fuse_file.py" "$WORK/nothing" "$WORK/broken" && mounts+=("$WORK/broken")
set_policy "appraise func=FILE_CHECK fsname=fuse digest_list"
check "what a server decides is refused unread, also where it could not be read" is_refused unstable-content "$WORK/broken/file" cat "$WORK/broken/file"
umount "$WORK/fuse" "$WORK/broken" && unset 'mounts[-1]' 'mounts[-1]'

# Memory.
cp /usr/bin/true "$WORK/true" && list_of immutable "$WORK/true" && load_signed
set_policy "appraise func=BPRM_CHECK fsmagic=0x1021994 uid=4242 digest_list" || note "the policy is refused"
check "a memfd is not executed, whatever it has" is_refused unstable-content '/memfd:copy (deleted)' as 4242 "$SYSCALLS" memfd-exec /usr/bin/true
check "unless it is sealed against writing and shrinking" as 4242 "$SYSCALLS" memfd-sealed-exec /usr/bin/true
check "and known" is_refused missing-hash '/memfd:sealed (deleted)' as 4242 "$SYSCALLS" memfd-sealed-exec /usr/bin/false
echo 4 >/proc/sys/vm/nr_hugepages
printf huge >"$WORK/huge" && truncate -s 2M "$WORK/huge" && list_of immutable "$WORK/huge" && load_signed
check "(huge pages can be mapped)" "$SYSCALLS" memfd-huge huge
set_policy "appraise func=MMAP_CHECK fsmagic=0x958458f6 digest_list" || note "the policy is refused"
check "one of huge pages is not mapped executable" is_refused unstable-content '/memfd:huge (deleted)' "$SYSCALLS" memfd-huge huge
check "unless it is sealed" "$SYSCALLS" memfd-huge-sealed huge
check "and known" is_refused missing-hash '/memfd:huge (deleted)' "$SYSCALLS" memfd-huge-sealed hugo
echo 0 >/proc/sys/vm/nr_hugepages
mount_tmp tmpfs mode=755 "$WORK/tmpfs"
cp "$WORK/true" "$WORK/tmpfs/true"
set_policy "appraise func=BPRM_CHECK fsmagic=0x1021994 uid=4242 digest_list
appraise func=MMAP_CHECK fsmagic=0x1021994 uid=4242 digest_list"
check "tmpfs: a known program runs" as 4242 "$WORK/tmpfs/true"
check "but a mapping of it that is not executable does not become so, as results are not kept there" \
	is_refused made-executable "$WORK/tmpfs/true" as 4242 "$SYSCALLS" mprotect "$WORK/tmpfs/true"

# Past the page cache.
fresh "$disk" && evmctl ima_hash -a sha256 "$file" >/dev/null 2>&1
direct() { dd if="$1" of=/dev/null bs=4096 iflag=direct status=none; }
set_policy "appraise func=FILE_CHECK fsuuid=$uuid digest_list"
check "direct I/O is refused" is_refused direct-io "$file" direct "$file"
check "to open the file as usual is not" cat "$file"
set_policy "appraise func=FILE_CHECK fsuuid=$uuid permit_directio"
check "permit_directio permits it" direct "$file"

# Content that is no file.
cp "$(modinfo -n dummy)" "$WORK/module.ko" || note "there is no module to load"
set_policy "measure func=BPRM_CHECK fowner=4242${NL}appraise func=MODULE_CHECK appraise_type=imasig digest_list"
check "a module from memory is refused" is_refused no-file MODULE_CHECK "$SYSCALLS" init-module "$WORK/module.ko"
check_eq "under the rule that the record names" 1 "$(refusals MODULE_CHECK no-file | grep -c ' rule=2$')"
set_policy ""
finish
