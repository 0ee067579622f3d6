#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On every file system: known files leave no record, unknown files one; what did not change is not
# read again, what changed is, in whatever way it changed.

. "$(dirname "$0")/lib.sh"

plan 89

chmod 755 "$WORK"
mapstore=/opt/guest/mapstore
[ -x $mapstore ] || bail "mapstore is not built"

read -r known_text < <(head -c 6000 /dev/urandom | base64 -w0)

# changed FILE HOW COMMAND...: one result: the file is opened, so that its result is there to be
# kept, changed by the command, and opened twice: it must then have one record more, with the digest
# of its content now.
changed() {
	local file=$1 how=$2 before after
	shift 2
	opens "$file" 2
	mapfile -t before < <(recorded "$file")
	"$@" >/dev/null || note "'$*' failed with $?"
	opens "$file" 2
	mapfile -t after < <(recorded "$file")
	check_eq "$how" "$((${#before[@]} + 1)) $(sum_of "$file")" "${#after[@]} ${after[-1]:-}"
}
append() { echo "$2" >>"$1"; }
overwrite() { printf %s "$2" | dd of="$1" bs=1 seek=100 conv=notrunc status=none; }
overwrite_direct() { printf "%512s" "$2" | dd of="$1" bs=512 seek=1 oflag=direct conv=notrunc status=none; }
store() { echo "$2" | $mapstore "$1"; }
# Puts the times back that a change of content alters, but for the one nobody can set.
overwrite_times() {
	local time
	time=$(stat -c %y "$1")
	overwrite "$1" "$2"
	touch -d "$time" "$1"
}
punch() { fallocate -p -o 0 -l 4096 "$1"; }
shorten() { truncate -s 20000 "$1"; }
lengthen() { truncate -s 30000 "$1"; }
replace() {
	seq 3000 >"$1.new" && ours "$1.new" && mv "$1.new" "$1"
}
clone() {
	seq 4000 6000 >"$1.from" && cp --reflink=always "$1.from" "$1"
}
clone_range() { xfs_io -c "reflink $1.from 4096 0 4096" "$1"; }

# file_system DIR: what holds on each.
file_system() {
	local dir=$1 file hashed hits found
	section "$type"
	echo "$known_text" >"$dir/known" && ours "$dir/known"
	found=$(status files_known)
	opens "$dir/known" 1
	check_eq "a known file leaves no record" 0 "$(records_for "$dir/known")"
	check "a known file is found in the list" test "$(status files_known)" -gt "$found"

	file=$dir/file
	seq 5000 >"$file" && ours "$file"
	opens "$file" 1
	check_eq "an unknown file leaves one record" "$(sum_of "$file")" "$(recorded "$file")"
	# Reading it may have been a change of the inode: of the time of the last access.
	opens "$file" 1
	hashed=$(status hashed_bytes) hits=$(status cache_hits)
	opens "$file" 10
	if [ "$type" = tmpfs ]; then
		# Stores through a mapping leave no sign there, so nothing may be taken for
		# unchanged.
		check "a file that does not change is read at each open" [ "$(status hashed_bytes)" -gt "$hashed" ]
		check_eq "a file that does not change is not answered from the cache" "$hits" "$(status cache_hits)"
	else
		check_eq "a file that does not change is not read again" "$hashed" "$(status hashed_bytes)"
		check_eq "a file that does not change is answered from the cache" $((hits + 10)) "$(status cache_hits)"
	fi

	changed "$file" "a file that was appended to leaves a record" append "$file" more
	changed "$file" "a file that was written in place leaves a record" overwrite "$file" other
	changed "$file" "a file that was written in place within the same tick leaves a record" overwrite "$file" again
	changed "$file" "a file that was written in place and got its times back leaves a record" overwrite_times "$file" third
	changed "$file" "a file that was written through a mapping leaves a record" store "$file" m
	changed "$file" "a file that was cut leaves a record" shorten "$file"
	changed "$file" "a file that was made longer leaves a record" lengthen "$file"
	changed "$file" "a file with a hole punched in it leaves a record" punch "$file"
	changed "$file" "a file that was replaced leaves a record" replace "$file"
	changed "$file" "a file that was written with O_DIRECT leaves a record" overwrite_direct "$file" direct
}

load_module || bail "the module does not load"
echo "$known_text" >"$WORK/known"
digestctl generate "$WORK/known" -o "$WORK/list"
digestctl metadata "$WORK/list" -o "$WORK/metadata"
digestctl load "$WORK/metadata" || bail "no list"
echo 'measure func=FILE_CHECK mask=^MAY_READ uid=0 fowner=4242 digest_list' >"$SECFS/policy" || bail "no policy"

for type in ext4 xfs btrfs; do
	mkfs_loop $type 400M "$WORK/$type" || bail "no $type"
	file_system "$WORK/$type"
done
for type in xfs btrfs; do
	section "$type"
	file=$WORK/$type/file
	changed "$file" "a file over which another was cloned leaves a record" clone "$file"
	changed "$file" "a file into which a part of another was cloned leaves a record" clone_range "$file"
done
type=tmpfs
mount_tmp tmpfs mode=755 "$WORK/tmpfs"
file_system "$WORK/tmpfs"

# Two layers of ext4.
type=overlay
mkdir "$WORK/ext4/"{lower,upper,work}
seq 6000 >"$WORK/ext4/lower/lower" && seq 6001 >"$WORK/ext4/lower/copied"
echo "$known_text" >"$WORK/ext4/lower/known-below"
ours "$WORK/ext4/lower"/*
modprobe -q overlay
mount_tmp overlay "lowerdir=$WORK/ext4/lower,upperdir=$WORK/ext4/upper,workdir=$WORK/ext4/work" "$WORK/overlay"
file_system "$WORK/overlay"
section "overlay, files of the lower layer"
opens "$WORK/overlay/known-below" 1
check_eq "a known file leaves no record" 0 "$(records_for "$WORK/overlay/known-below")"
file=$WORK/overlay/lower
opens "$file" 2
check_eq "an unknown file leaves one record" "$(sum_of "$file")" "$(recorded "$file")"
hashed=$(status hashed_bytes)
opens "$file" 10
check_eq "a file that does not change is not read again" "$hashed" "$(status hashed_bytes)"
changed "$file" "a file that was copied up by a write leaves a record" append "$file" more
hashed=$(status hashed_bytes)
opens "$file" 10
check_eq "a file that was copied up is not read again" "$hashed" "$(status hashed_bytes)"
changed "$file" "a file that was written in the upper layer leaves a record" overwrite "$WORK/ext4/upper/lower" below
changed "$file" "a file that was appended to in the upper layer leaves a record" append "$WORK/ext4/upper/lower" below
file=$WORK/overlay/copied
changed "$file" "a file that was written through a mapping leaves a record" store "$file" m
file=$WORK/overlay/known-below
changed "$file" "a known file that was written in place leaves a record" overwrite "$file" other

section "the whole test"
check "the PCR of every bank replays" replay_ok
finish
