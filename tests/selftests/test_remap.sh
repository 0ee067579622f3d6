#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Parts of files get other storage below pages that are cached: by EXT4_IOC_MOVE_EXT, which leaves
# the pages of one file, and by FIDEDUPERANGE, which compares pages that storage need not have, and
# takes a file that is open for reading only. A user does not get other content executed so than
# was looked at.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 22
begin_appraisal
for type in xfs btrfs; do
	mkfs_loop $type 300M "$WORK/$type" && chmod 777 "$WORK/$type" || bail "no $type"
done
begin_stalling
mkfifo "$WORK/calls"

# page TEXT: it, filled up with empty lines.
page() { { printf '%s\n' "$@" && yes ''; } 2>/dev/null | head -c 4096; }
# guarded FILE: a script of three pages that ends in the second, before it says OTHER.
guarded() { { page '#!/bin/sh' && page "echo GOOD $RANDOM" exit && page 'echo OTHER'; } >"$1"; }
# owned FILE...: they are the user's.
owned() { chown "$USER_ID" "$@" && chmod 755 "$@" && sync; }
known() { list_of immutable "$1" && load_signed; }
drop_pages() { user dd if="$1" of=/dev/null iflag=nocache count=0 status=none; }
# runs FILE: what it prints, first, and when its pages are gone.
runs() {
	user "$1" 2>/dev/null
	drop_pages "$1"
	user "$1" 2>/dev/null
}
# move FILE DONOR
move() { user "$INTRUDER" move "$1" "$2" 2>"$WORK/error"; }
# dedupe FROM CONTENT TO BITS: the user has TO share the storage of FROM, while the cached page of
# FROM has that CONTENT and storage has not.
dedupe() {
	local rc=0
	content_of "$2"
	begin_stalled gone "$1" || return 100
	user "$INTRUDER" dedupe "$1" "$3" "$4" 2>"$WORK/error" || rc=$?
	end_stalled
	return "$rc"
}
refused_with() { grep -q 'Permission denied' "$WORK/error" || { cat "$WORK/error" && false; }; }
# moved DIRECTORY NAME: a script there, in $file, has its second page replaced by zeros, if it may.
moved() {
	file=$1/$2
	guarded "$file" && head -c 12288 /dev/zero >"$file.other" && owned "$file" "$file.other" || return
	[ ! -e "$SECFS" ] || known "$file" || return
	move "$file.other" "$file"
}
# shared DIRECTORY NAME BITS: a script there, in $file, has its page replaced by one that says
# OTHER.
shared() {
	file=$1/$2
	script "GOOD $RANDOM" >"$file" && script OTHER >"$file.other" && owned "$file" "$file.other" || return
	[ ! -e "$SECFS" ] || known "$file" || return
	dedupe "$file.other" "$file" "$file" "$3"
}
says_other() { grep -q OTHER <<<"$1"; }
never_other() { ! says_other "$1" || { echo "$1" && false; }; }
refused() { ! "$@" && refused_with; }

section "without the module, ext4"
check "storage below cached pages is moved" moved "$disk" plain || cat "$WORK/error"
said=$(runs "$file")
check "what was cached is executed, and what storage has when that is gone" \
	eval '[[ $said == GOOD*OTHER* ]]' || note "$said"
section "without the module, btrfs"
check "storage is shared, by pages that it does not have" shared "$WORK/btrfs" plain 64 || cat "$WORK/error"
said=$(runs "$file")
check "what was cached is executed, and what storage has when that is gone" \
	eval '[[ $said == GOOD*OTHER* ]]' || note "$said"

load_module || bail "the module does not load"
rules() {
	local where
	for where in "$disk" "$WORK/xfs" "$WORK/btrfs"; do
		echo "$1 func=BPRM_CHECK fsuuid=$(uuid_of "$where") digest_list"
		echo "$1 func=MMAP_CHECK fsuuid=$(uuid_of "$where") digest_list"
	done
}
for action in appraise measure; do
	set_policy "$(rules $action)" || bail "the policy is refused"
	mode=enforcing
	[ $action = appraise ] || mode=measuring
	section "$mode, ext4"
	mark
	check "storage below cached pages is not moved" refused moved "$disk" "$action"
	check "the audit log says so" wait_for 5 has_refused "$file.other" unstable-content
	said=$(runs "$file")
	check "a script stays what was looked at" never_other "$said"
	section "$mode, btrfs"
	for bits in 64 32; do
		if [ $bits = 32 ] && ! grep -q " __[a-z0-9]*_compat_sys_ioctl$" /proc/kallsyms; then
			skip "a file open for reading gets no other storage (32 bits)" "the kernel serves no 32-bit programs"
			skip "a script stays what was looked at (32 bits)" "the kernel serves no 32-bit programs"
			continue
		fi
		check "a file open for reading gets no other storage ($bits bits)" refused shared "$WORK/btrfs" "$action-$bits" "$bits"
		said=$(runs "$file")
		check "a script stays what was looked at ($bits bits)" never_other "$said"
	done
done

section "enforcing, XFS, a library that is mapped"
set_policy "$(rules appraise)" || bail "the policy is refused"
file=$WORK/xfs/library
library 42 "$file" && library 43 "$file.other" && truncate -s 4096 "$file" "$file.other" && owned "$file" "$file.other" &&
	known "$file" || bail "no library"
user "$INTRUDER" run-mapped "$file" <"$WORK/calls" >"$WORK/called" 2>&1 &
pid=$!
exec {calls}>"$WORK/calls"
wait_for 60 grep -q mapped "$WORK/called" || bail "the library is not mapped"
check "gets no other storage" refused dedupe "$file.other" "$file" "$file" 64
drop_pages "$file"
exec {calls}>&-
wait $pid
check_eq "is called as it was" "returned 42 returned 42" "$(grep returned "$WORK/called" | xargs)"

section "root"
guarded "$disk/root" && cp "$disk/root" "$disk/root.other" && sync
check "may move storage" "$INTRUDER" move "$disk/root.other" "$disk/root"
cp "$WORK/btrfs/plain" "$WORK/btrfs/copy" && sync
check "may share storage" "$INTRUDER" dedupe "$WORK/btrfs/plain" "$WORK/btrfs/copy" 64
finish
