#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What changes the content of a file leads to another record at the next access, on every file
# system and by whatever way; what does not leads to none. New files, other names, stacked file
# systems, and one that shows no change.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 84

chmod 755 "$WORK"
owner=4242
load_module || bail "the module does not load"
policy="measure func=FILE_CHECK mask=MAY_READ uid=0 fowner=$owner${NL}measure func=BPRM_CHECK uid=0 fowner=$owner"
set_policy "$policy" || bail "the policy is refused"

# block TEXT FILE: 8 KiB that no other text has, without another program.
block() { printf '%8192s' "$1" >"$2"; }
# prepare: a new file of 8 KiB, opened and so measured once, in $file; its digest in $first.
prepare() {
	fresh_count=$((fresh_count + 1))
	file=$dir/f$fresh_count
	block "$fresh_count" "$file" && chown $owner "$file" && chmod 755 "$file"
	opens "$file"
	first=$(sum_of "$file")
}
# changes NAME COMMAND...: one result, ok if a file that the command changes has a second record
# when it is opened again.
changes() {
	local name=$1
	shift
	prepare
	"$@" || { not_ok "$name: '$*' failed" && return; }
	opens "$file" && opens "$file"
	local second
	second=$(sum_of "$file")
	[ "$first" != "$second" ] || { not_ok "$name: the content is the same" && return; }
	check "$name" measured_as "$file" "$first" "$second"
}
# keeps NAME COMMAND...: one result, ok if it has no second record.
keeps() {
	local name=$1
	shift
	prepare
	"$@" || { not_ok "$name: '$*' failed" && return; }
	opens "$file"
	check "$name" measured_as "$file" "$first"
}

rewrite() { block other "$file"; }
in_place() { printf X | dd of="$file" bs=1 seek=4000 conv=notrunc status=none; }
append() { echo more >>"$file"; }
rename_over() { cp "$file" "$dir/new" && echo new >>"$dir/new" && chown "$owner" "$dir/new" && mv "$dir/new" "$file"; }
recreate() { rm "$file" && block again "$file" && chown $owner "$file"; }
punch() { xfs_io -c 'fpunch 0 4096' "$file"; }
touched() { touch -d '2001-01-01' "$file"; }
mode() { chmod 700 "$file"; }
link() { ln "$file" "$file-link" && opens "$file"; }
moved() { mv "$file" "$file-moved" && mv "$file-moved" "$file"; }
same() { cp "$file" "$WORK/same" && cat "$WORK/same" >"$file"; }

mkfs_loop ext4 64M "$WORK/ext4" && mkfs_loop xfs 300M "$WORK/xfs" && mkfs_loop btrfs 128M "$WORK/btrfs" &&
	mount_tmp tmpfs mode=755 "$WORK/tmpfs" || bail "no file systems"
for fs in ext4 xfs btrfs tmpfs; do
	section "$fs: a file"
	dir=$WORK/$fs
	changes "with another content of the same size has a second record" rewrite
	changes "of which one byte was changed in place has a second record" in_place
	changes "that was written with O_APPEND has a second record" append
	changes "that truncate(2) cut has a second record" eval '"$SYSCALLS" truncate "$file" 100'
	changes "that ftruncate(2) made larger has a second record" eval 'truncate -s 10000 "$file"'
	changes "that was stored to through a shared mapping has a second record" eval '"$SYSCALLS" store "$file" store'
	changes "with a hole of fallocate(2) has a second record" punch
	changes "over which another was renamed has a second record" rename_over
	changes "that was unlinked and made again has a second record" recreate
	keeps "that is written with the same content has no second record" same
	keeps "with other times has no second record" touched
	keeps "with another mode has no second record" mode
	keeps "with another link has no second record" link
	keeps "that was renamed and renamed back has no second record" moved
done

section "a new file"
# Unlinked and made again with the inode number of the old one.
fs=ext4 dir=$WORK/ext4
prepare
inode=$(stat -c %i "$file")
for try in $(seq 20); do
	recreate
	[ "$(stat -c %i "$file")" != "$inode" ] || break
done
if [ "$(stat -c %i "$file")" = "$inode" ]; then
	opens "$file"
	check "with the inode number of a deleted one has its own record" measured_as "$file" "$first" "$(sum_of "$file")"
else
	skip "with the inode number of a deleted one has its own record" "no such number after $try files"
fi

section "names"
# Names: the record has the one by which the content was first read.
prepare && ln "$file" "$file-link" && opens "$file-link"
opens "$file"
check "a file with two links has a record for each name by which it is opened after a change of the inode" \
	measured_as "$file-link" "$first"
mkdir "$WORK/bind" && mount --bind "$dir" "$WORK/bind" && mounts+=("$WORK/bind")
prepare && opens "$WORK/bind/${file##*/}"
check "a file has no second record through a bind mount" unmeasured "$WORK/bind/${file##*/}"
fresh "$dir" && chown $owner "$file" && opens "$WORK/bind/${file##*/}"
check "a file that was opened through a bind mount first has that name" measured_as "$WORK/bind/${file##*/}" "$(sum_of "$file")"

# New files.
for fs in ext4 tmpfs; do
	section "$fs: a file"
	dir=$WORK/$fs
	"$SYSCALLS" mknod "$dir/mknod" && chown $owner "$dir/mknod" && echo "$fs" >"$dir/mknod" && opens "$dir/mknod"
	check "that mknod(2) made has one record" measured_as "$dir/mknod" "$(sum_of "$dir/mknod")"
	chmod 777 "$dir" && as $owner "$SYSCALLS" tmpfile "$dir" "$fs" "$dir/tmpfile" && opens "$dir/tmpfile"
	check "that was made by O_TMPFILE has one record" measured_as "$dir/tmpfile" "$(sum_of "$dir/tmpfile")"
done
section "a memfd"
set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=$owner" && as $owner "$SYSCALLS" memfd nowhere text
check_eq "has a record with its digest" "$(printf text | sha256sum | cut -c1-64)" "$(digests_for '/memfd:nowhere_(deleted)')"
set_policy "$policy"

# overlayfs: the inode of the layer decides.
fs=ext4 dir=$WORK/ext4
mkdir "$dir"/{lower,upper,work} && chmod 755 "$dir"/{lower,upper}
for name in copied beneath; do
	yes $name | head -c 8192 >"$dir/lower/$name" && chown $owner "$dir/lower/$name"
done
yes upper | head -c 8192 >"$dir/upper/upper" && chown $owner "$dir/upper/upper"
mount_tmp overlay "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$WORK/overlay" || bail "no overlayfs"
hashed() { status hashed_bytes; }
for name in copied upper beneath; do
	section "overlayfs, the file '$name'"
	file=$WORK/overlay/$name
	opens "$file"
	check "the first open is measured" measured_as "$file" "$(sum_of "$file")"
	before=$(hashed)
	opens "$file" && opens "$file"
	check_eq "a file that did not change is not read again" "$before" "$(hashed)"
	first=$(sum_of "$file")
	case $name in
	copied) echo more >>"$file" ;;
	upper) echo more >>"$dir/upper/upper" ;;
	beneath) printf X | dd of="$dir/lower/beneath" bs=1 seek=100 conv=notrunc status=none ;;
	esac
	opens "$file"
	check "a file that changed has a second record" measured_as "$file" "$first" "$(sum_of "$file")"
done
section "overlayfs"
check "the copy is in the upper layer" test -e "$dir/upper/copied"
opens "$dir/lower/copied"
check "the content below has the record of the name above, and no other" unmeasured "$dir/lower/copied"

section "FUSE"
# A FUSE server may change content without a sign: the file is read at each access.
mkdir "$WORK/fuse"
yes one | head -c 8192 >"$WORK/backing"
if "$SELFTESTS/fuse_file.py" "$WORK/backing" "$WORK/fuse"; then
	mounts+=("$WORK/fuse")
	file=$WORK/fuse/file
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fsname=fuse"
	opens "$file"
	check "the first open is measured" measured_as "$file" "$(sum_of "$file")"
	before=$(hashed)
	for i in 1 2 3; do opens "$file"; done
	check_eq "each of three more opens reads the file" $((before + 3 * 8192)) "$(hashed)"
	check "a file that did not change has one record" measured "$file"
	first=$(sum_of "$file")
	yes two | head -c 8192 >"$WORK/backing"
	opens "$file"
	check "a file that the server changed has a second record" measured_as "$file" "$first" "$(sum_of "$file")"
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fs_subtype=selftest"
	yes three | head -c 8192 >"$WORK/backing"
	opens "$file"
	check_eq "fs_subtype= matches the subtype of the server" 3 "$(records_for "$file")"
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fs_subtype=other"
	yes four | head -c 8192 >"$WORK/backing"
	opens "$file"
	check_eq "fs_subtype= does not match another subtype" 3 "$(records_for "$file")"
else
	for i in 1 2 3 4 5 6; do skip "FUSE: $i" "no FUSE in this kernel"; done
fi

section "the whole test"
check_eq "nothing of it is a violation" 0 "$(cat "$SECFS/violations")"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
