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
# Root's accesses are measured; digests are computed by another user.
digest_of() { as 65534 sha256sum "$1" | cut -c1-64; }
reads() { : <"$1"; }
owner=4242
load_module || bail "the module does not load"
policy="measure func=FILE_CHECK mask=MAY_READ uid=0 fowner=$owner${NL}measure func=BPRM_CHECK uid=0 fowner=$owner"
set_policy "$policy" || bail "the policy is refused"

# prepare: a new file of 8 KiB, opened and so measured once, in $file; its digest in $first.
prepare() {
	fresh "$dir" && yes "$fresh_count" | head -c 8192 >"$file" && chown $owner "$file" && chmod 755 "$file"
	reads "$file"
	first=$(digest_of "$file")
}
# changes NAME COMMAND...: one result, ok if a file that the command changes has a second record
# when it is opened again.
changes() {
	local name=$1
	shift
	prepare
	"$@" || { not_ok "$fs: $name: '$*' failed" && return; }
	reads "$file" && reads "$file"
	local second
	second=$(digest_of "$file")
	[ "$first" != "$second" ] || { not_ok "$fs: $name: the content is the same" && return; }
	check "$fs: $name" measured_as "$file" "$first" "$second"
}
# keeps NAME COMMAND...: one result, ok if it has no second record.
keeps() {
	local name=$1
	shift
	prepare
	"$@" || { not_ok "$fs: $name: '$*' failed" && return; }
	reads "$file"
	check "$fs: $name" measured_as "$file" "$first"
}

rewrite() { yes other | head -c 8192 >"$file"; }
in_place() { printf X | dd of="$file" bs=1 seek=4000 conv=notrunc status=none; }
append() { echo more >>"$file"; }
rename_over() { cp "$file" "$dir/new" && echo new >>"$dir/new" && chown "$owner" "$dir/new" && mv "$dir/new" "$file"; }
recreate() { rm "$file" && yes again | head -c 8192 >"$file" && chown $owner "$file"; }
punch() { xfs_io -c 'fpunch 0 4096' "$file"; }
touched() { touch -d '2001-01-01' "$file"; }
mode() { chmod 700 "$file"; }
link() { ln "$file" "$file-link" && reads "$file"; }
moved() { mv "$file" "$file-moved" && mv "$file-moved" "$file"; }
same() { cp "$file" "$WORK/same" && cat "$WORK/same" >"$file"; }

mkfs_loop ext4 64M "$WORK/ext4" && mkfs_loop xfs 300M "$WORK/xfs" && mkfs_loop btrfs 128M "$WORK/btrfs" &&
	mount_tmp tmpfs mode=755 "$WORK/tmpfs" || bail "no file systems"
for fs in ext4 xfs btrfs tmpfs; do
	dir=$WORK/$fs
	changes "O_TRUNC and another content of the same size" rewrite
	changes "one byte in place" in_place
	changes "O_APPEND" append
	changes "truncate(2)" eval '"$SYSCALLS" truncate "$file" 100'
	changes "ftruncate(2) to a larger size" eval 'truncate -s 10000 "$file"'
	changes "a store through a shared mapping" eval '"$SYSCALLS" store "$file" store'
	changes "fallocate(2) that makes a hole" punch
	changes "another file renamed over it" rename_over
	changes "unlinked and made again" recreate
	keeps "the same content once more" same
	keeps "other times" touched
	keeps "another mode" mode
	keeps "another link" link
	keeps "renamed and back" moved
done

# Unlinked and made again with the inode number of the old one.
fs=ext4 dir=$WORK/ext4
prepare
inode=$(stat -c %i "$file")
for try in $(seq 20); do
	recreate
	[ "$(stat -c %i "$file")" != "$inode" ] || break
done
if [ "$(stat -c %i "$file")" = "$inode" ]; then
	reads "$file"
	check "a new file with the inode number of the old one has its own record" measured_as "$file" "$first" "$(digest_of "$file")"
else
	skip "a new file with the inode number of the old one has its own record" "no such number after $try files"
fi

# Names: the record has the one by which the content was first read.
prepare && ln "$file" "$file-link" && reads "$file-link"
reads "$file"
check "a file with two links has a record for each name by which it is opened after a change of the inode" \
	measured_as "$file-link" "$first"
mkdir "$WORK/bind" && mount --bind "$dir" "$WORK/bind" && mounts+=("$WORK/bind")
prepare && reads "$WORK/bind/${file##*/}"
check "through a bind mount a file is the same" unmeasured "$WORK/bind/${file##*/}"
fresh "$dir" && chown $owner "$file" && reads "$WORK/bind/${file##*/}"
check "a file opened through a bind mount first has that name" measured_as "$WORK/bind/${file##*/}" "$(digest_of "$file")"

# New files.
for fs in ext4 tmpfs; do
	dir=$WORK/$fs
	"$SYSCALLS" mknod "$dir/mknod" && chown $owner "$dir/mknod" && echo "$fs" >"$dir/mknod" && reads "$dir/mknod"
	check "$fs: a file made by mknod(2)" once "$dir/mknod"
	chmod 777 "$dir" && as $owner "$SYSCALLS" tmpfile "$dir" "$fs" "$dir/tmpfile" && reads "$dir/tmpfile"
	check "$fs: a file made by O_TMPFILE" once "$dir/tmpfile"
done
set_policy "measure func=FILE_CHECK mask=MAY_READ fowner=$owner" && as $owner "$SYSCALLS" memfd nowhere text
check_eq "a memfd" "$(printf text | sha256sum | cut -c1-64)" "$(digests_for '/memfd:nowhere_(deleted)')"
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
	file=$WORK/overlay/$name
	reads "$file"
	check "overlayfs: $name: the first open is measured" once "$file"
	before=$(hashed)
	reads "$file" && reads "$file"
	check_eq "overlayfs: $name: unchanged it is not read again" "$before" "$(hashed)"
	first=$(digest_of "$file")
	case $name in
	copied) echo more >>"$file" ;;
	upper) echo more >>"$dir/upper/upper" ;;
	beneath) printf X | dd of="$dir/lower/beneath" bs=1 seek=100 conv=notrunc status=none ;;
	esac
	reads "$file"
	check "overlayfs: $name: then there is a second record" measured_as "$file" "$first" "$(digest_of "$file")"
done
check "the copy is in the upper layer" test -e "$dir/upper/copied"
reads "$dir/lower/copied"
check "the content below has its record: that of the name above" unmeasured "$dir/lower/copied"

# A FUSE server may change content without a sign: the file is read at each access.
mkdir "$WORK/fuse"
yes one | head -c 8192 >"$WORK/backing"
if "$SELFTESTS/fuse_file.py" "$WORK/backing" "$WORK/fuse"; then
	mounts+=("$WORK/fuse")
	file=$WORK/fuse/file
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fsname=fuse"
	reads "$file"
	check "FUSE: the first open is measured" once "$file"
	before=$(hashed)
	for i in 1 2 3; do reads "$file"; done
	check_eq "FUSE: each of three more opens reads it" $((before + 3 * 8192)) "$(hashed)"
	check "FUSE: unchanged it has one record" measured "$file"
	first=$(digest_of "$file")
	yes two | head -c 8192 >"$WORK/backing"
	reads "$file"
	check "FUSE: what the server changes has a second record" measured_as "$file" "$first" "$(digest_of "$file")"
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fs_subtype=selftest"
	yes three | head -c 8192 >"$WORK/backing"
	reads "$file"
	check_eq "FUSE: fs_subtype= matches the subtype of the server" 3 "$(records_for "$file")"
	set_policy "measure func=FILE_CHECK mask=MAY_READ uid=0 fs_subtype=other"
	yes four | head -c 8192 >"$WORK/backing"
	reads "$file"
	check_eq "FUSE: and no other" 3 "$(records_for "$file")"
else
	for i in 1 2 3 4 5 6; do skip "FUSE: $i" "no FUSE in this kernel"; done
fi

check_eq "nothing of this is a violation" 0 "$(cat "$SECFS/violations")"
if [ -e /dev/tpm0 ]; then check "the PCR replays" replay_ok; else skip "the PCR replays" "no TPM"; fi
finish
