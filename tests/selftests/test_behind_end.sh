#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The last page of a mapping shows what stands behind the end of the file. A direct write that fails
# leaves code there on the disk, on XFS, and the content as it was; in a memfd a store does, and
# sealing leaves it. It is not executed as known.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 17
begin_appraisal
# Not on a loop device: there XFS copies first what is written directly.
mkfs_ram xfs "$WORK/xfs" && chmod 777 "$WORK/xfs" || bail "no XFS"

calls() { user "$INTRUDER" run-behind "$1" 2>"$WORK/error"; }
# begin NAME: a library in $file that a list knows, with code behind its end.
begin() {
	file=$WORK/xfs/$1
	library 7 "$file" && sync || return
	[ ! -e "$SECFS" ] || { list_of immutable "$file" && load_signed; } || return
	sum=$(digest_of "$file")
	user "$INTRUDER" behind "$file" && [ "$(digest_of "$file")" = "$sum" ]
}

section "without the module"
check "code stands behind the end of a file, whose content is as before" begin plain
check_eq "a mapping of the file has that code" "returned 42" "$(calls "$file")"

load_module || bail "the module does not load"
rule="func=MMAP_CHECK uid=$USER_ID fsuuid=$(uuid_of "$WORK/xfs") digest_list"
section "enforcing"
set_policy "appraise $rule" || bail "the policy is refused"
check "code stands behind the end of a file, whose content is as before" begin enforced
check "a known file with that code is not mapped" is_refused unstable-content "$file" user "$INTRUDER" run-behind "$file"
user cp --reflink=never "$file" "$file.copy"
check "a copy of it is mapped" user "$INTRUDER" run-mapped "$file.copy" </dev/null

section "measuring"
set_policy "measure $rule" || bail "the policy is refused"
check "code stands behind the end of a file, whose content is as before" begin measured
check_eq "a mapping of the file has that code" "returned 42" "$(calls "$file")"
check "a known file with that code has a record" measured_as "$file" "$(digest_of "$file")"
check "a copy of it has none" eval 'user cp --reflink=never "$file" "$file.copy" && user "$INTRUDER" run-mapped "$file.copy" </dev/null && unmeasured "$file.copy"'

section "a sealed memfd"
rule="func=MMAP_CHECK uid=$USER_ID fsname=tmpfs digest_list"
library 7 "$WORK/sealed" && list_of immutable "$WORK/sealed" && load_signed || bail "no library"
set_policy "measure $rule" || bail "the policy is refused"
check "known content with code behind its end has a record" eval '
	user "$INTRUDER" run-sealed "$WORK/sealed" | grep -q "returned 42" && grep -q " sha256:$(digest_of "$WORK/sealed") " "$ASCII"'
set_policy "appraise $rule" || bail "the policy is refused"
check "known content with code behind its end is not mapped" refuses user "$INTRUDER" run-sealed "$WORK/sealed"

# Large pages are mapped as a whole, wherever the file ends in them.
large() { user "$INTRUDER" run-sealed-large "$WORK/$kind" "$kind"; }
# try_large KIND FSNAME SIZE: a memfd of large pages of the kind on that file system. Its content,
# of SIZE bytes, is known.
try_large() {
	kind=$1
	library 7 "$WORK/$kind" && truncate -s "$3" "$WORK/$kind" && list_of immutable "$WORK/$kind" && load_signed || bail "no library"
	set_policy "" || bail "the policy is refused"
	check_eq "a mapping has the code behind the end" "returned 42" "$(large)"
	rule="func=MMAP_CHECK uid=$USER_ID fsname=$2 digest_list"
	set_policy "measure $rule" || bail "the policy is refused"
	check "known content with that code has a record" eval '
		large | grep -q "returned 42" && grep -q " sha256:$(digest_of "$WORK/$kind") " "$ASCII"'
	set_policy "appraise $rule" || bail "the policy is refused"
	check "known content with that code is not mapped" is_refused unstable-content "/memfd:sealed (deleted)" large
}
section "a huge page"
pages=$(cat /proc/sys/vm/nr_hugepages)
echo 4 >/proc/sys/vm/nr_hugepages
try_large hugetlb hugetlbfs 4105
echo "$pages" >/proc/sys/vm/nr_hugepages
section "a large folio of tmpfs, in which the file ends with a page"
huge=/sys/kernel/mm/transparent_hugepage/shmem_enabled
before=$(sed 's/.*\[\(.*\)\].*/\1/' $huge)
echo advise >$huge
try_large shmem tmpfs 4096
echo "$before" >$huge
finish
