#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files are opened for writing by other ways than open(2), or cut before that: none of them rewrites
# a library that is in use as signed while the module enforces, and each leaves a violation where
# the library was measured. Not tested: ksmbd, which needs a server in user space that Debian does
# not have in its base. nfsd opens as open(2) does; a module for tests cuts as nfsd does.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

OPENERS=/opt/guest/openers
cutter=/opt/guest/modules/digest_lists_cut.ko
plan 32
begin_appraisal
mkfs_loop xfs 300M "$WORK/xfs" || bail "no XFS"
mkfifo "$WORK/go"

# eCryptfs over the file system of the test, with plain files as they are.
begin_ecryptfs() {
	modprobe -q ecryptfs || return
	mkdir "$disk/crypt" "$WORK/crypt"
	"$SELFTESTS/ecryptfs.py" "$disk/crypt" "$WORK/crypt" ecryptfs_passthrough && mounts+=("$WORK/crypt")
}
without=''
begin_ecryptfs || without+=" ecryptfs"

# place WAY PHASE: a new library in $file, in $opened the name by which that way opens it, in
# $command the way.
place() {
	command=open
	case $1 in
	cut | fanotify | nfsd | open) file=$disk/$1-$2 && command=$1 ;;
	handle | flags) file=$WORK/xfs/$1-$2 && command=$1 ;;
	passthrough) file=$disk/$1-$2 ;;
	ecryptfs) file=$disk/crypt/$1-$2 ;;
	esac
	opened=$file
	library 7 "$file" || return
	case $1 in
	passthrough)
		mkdir "$WORK/fuse-$2" && "$SELFTESTS/fuse_file.py" "$file" "$WORK/fuse-$2" passthrough || return
		mounts+=("$WORK/fuse-$2") opened=$WORK/fuse-$2/file
		;;
	ecryptfs) opened=$WORK/crypt/${file##*/} ;;
	esac
}
# writes WAY FILE: opens the file by that way, and writes to it. Returns the errno of what failed.
writes() {
	[ "$1" = nfsd ] || { "$OPENERS" "$@"; return; }
	insmod "$cutter" file="$2" 2>"$WORK/insmod" || { cat "$WORK/insmod" && grep -q 'Permission denied' "$WORK/insmod" && return 13 || return 1; }
	rmmod digest_lists_cut && "$OPENERS" open "$2"
}
# rewrite_in_use: writes to the library while a task has it mapped, and has the task call it before
# and after; what that returned is in $called, the exit status of the writer in $wrote.
rewrite_in_use() {
	local pid
	: >"$WORK/said"
	user "$INTRUDER" run-mapped "$file" <"$WORK/go" >"$WORK/said" &
	pid=$!
	exec {go}>"$WORK/go"
	wait_for 60 says mapped
	wrote=0
	writes "$command" "$opened" >"$WORK/wrote" 2>&1 || wrote=$?
	exec {go}>&-
	wait $pid
	called=$(sed -n 's/^returned //p' "$WORK/said" | tr '\n' ' ')
}
declare -A name=([open]="open(2)" [cut]="a descriptor for reading that cuts it" [nfsd]="a client of nfsd that cuts it" [fanotify]="fanotify's descriptor" [handle]="XFS_IOC_OPEN_BY_HANDLE"
	[flags]="XFS_IOC_OPEN_BY_HANDLE with flags that open(2) has not"
	[passthrough]="FUSE passthrough" [ecryptfs]="eCryptfs")
ways=(open cut nfsd fanotify handle flags passthrough ecryptfs)

load_module || bail "the module does not load"
rules="func=MMAP_CHECK uid=$USER_ID fsuuid=$uuid digest_list"
more="func=MMAP_CHECK uid=$USER_ID fsuuid=$(uuid_of "$WORK/xfs") digest_list"
set_policy "measure $rules${NL}measure $more" || bail "the policy is refused"
for way in "${ways[@]}"; do
	what="measuring, ${name[$way]}"
	section "$what"
	[[ $without != *$way* ]] || { skip "a library in use is rewritten" "no $way here" && skip "a library in use that is rewritten leaves a violation" "no $way here" && continue; }
	place "$way" measured || bail "no library for $way"
	rewrite_in_use
	check_eq "a library in use is rewritten" "7 42 " "$called" || note "$wrote $(cat "$WORK/wrote")"
	# By the name by which it was opened: of FUSE's passthrough that is the name above.
	check "a library in use that is rewritten leaves a violation" [ $(($(violations_for "$file") + $(violations_for "$opened"))) -gt 0 ]
done

set_policy "appraise $rules${NL}appraise $more" || bail "the policy is refused"
for way in "${ways[@]}"; do
	what="enforcing, ${name[$way]}"
	section "$what"
	[[ $without != *$way* ]] || { skip "a library in use as signed is not opened for writing" "no $way here" && skip "the task that has it mapped calls the same code as before" "no $way here" && continue; }
	# With a look at it: a lookup by eCryptfs that may not open the lower file loses an inode,
	# which stops the kernel at umount.
	place "$way" enforced && stat "$opened" >/dev/null && list_of immutable "$file" && load_signed || bail "no library for $way"
	rewrite_in_use
	refused=13 calls='7 7 '
	case $way in
	passthrough) refused=5 ;; # FUSE answers EIO, whatever the reason.
	nfsd) calls='7 ' ;; # What was cut is gone.
	esac
	check_eq "a library in use as signed is not opened for writing" "$refused" "$wrote" || cat "$WORK/wrote"
	check_eq "the task that has it mapped calls no other code" "$calls" "$called"
done
finish
