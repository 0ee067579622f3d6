#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The digest of a record is that of the file's content, however large the file is and however it is
# opened; where the content cannot be read, the record says so.

. "$(dirname "$0")/lib.sh"

plan 49

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 768M "$disk" || bail "no file system"

# Only what root opens of the files of owner 4242 is measured; nobody may read them unseen.
rule() { echo "measure func=FILE_CHECK mask=$1 uid=0 fowner=4242 digest_list"; }
bytes() { head -c "$2" /dev/urandom >"$disk/$1" && ours "$disk/$1"; }
# right NAME: one result, ok if the file has one record, with the digest of its content.
right() { check_eq "$1" "$(sum_of "$2")" "$(recorded "$2")"; }

load_module || bail "the module does not load"
set_policy "$(rule ^MAY_READ)" || bail "the policy is refused"

section "the digest"
for size in 0 1 63 64 65 4095 4096 4097 65535 65536 65537 131072 1000000; do
	bytes "size-$size" $size
	: <"$disk/size-$size"
	right "of a file of $size bytes is that of its content" "$disk/size-$size"
done
bytes tail 1
truncate -s 20M "$disk/tail" && printf end >>"$disk/tail"
: <"$disk/tail"
right "of a file with a hole of 20 MiB and data at its end is that of its content" "$disk/tail"
bytes head 4096
truncate -s 5M "$disk/head"
: <"$disk/head"
right "of a file with data at its start and a hole to its end is that of its content" "$disk/head"

section "a way to open a file"
bytes direct 300000
dd if="$disk/direct" iflag=direct bs=4096 count=1 of=/dev/null status=none
right "O_DIRECT leaves a record with the digest" "$disk/direct"
bytes both 300000
: <>"$disk/both"
right "reading and writing leaves a record with the digest" "$disk/both"
bytes direct-both 300000
xfs_io -d -c quit "$disk/direct-both"
right "reading and writing with O_DIRECT leaves a record with the digest" "$disk/direct-both"
bytes offset 300000
xfs_io -r -c 'pread -q 1000 10' "$disk/offset"
right "reading a part leaves a record with the digest of the whole" "$disk/offset"
bytes position 300000
check_eq "opening moves no file position" "$(sum_of "$disk/position")" "$(sha256sum <"$disk/position" | cut -c1-64)"
bytes unseen 10
: >>"$disk/unseen"
check_eq "writing leaves no record under mask=^MAY_READ" 0 "$(records_for "$disk/unseen")"
set_policy "$(rule MAY_WRITE)"
bytes written 300000
# dd opens it without O_APPEND.
dd if=/dev/null of="$disk/written" conv=notrunc status=none
right "writing leaves a record with the digest under mask=MAY_WRITE" "$disk/written"
bytes direct-written 300000
dd if=/dev/null of="$disk/direct-written" oflag=direct conv=notrunc status=none
right "writing with O_DIRECT leaves a record with the digest under mask=MAY_WRITE" "$disk/direct-written"
bytes not-read 10
: <"$disk/not-read"
check_eq "reading leaves no record under mask=MAY_WRITE" 0 "$(records_for "$disk/not-read")"
set_policy "$(rule ^MAY_READ)"

section "the digest"
truncate -s 300M "$disk/large" && ours "$disk/large"
: <"$disk/large"
# What sha256sum says of 300 MiB of zeros; it would need the emulated processor for another quarter
# of a minute.
check_eq "of a file of 300 MiB is that of its content" 17a88af83717f68b8bd97873ffcf022c8aed703416fe9b08e0fa9e3287692bf0 "$(recorded "$disk/large")"

section "a file on a slow disk"
# A file on a slow disk, while others use it. The disk is slow for a control group, until it is told
# to hurry.
slow=/sys/fs/cgroup/slow device=$(mountpoint -d /mnt/run)
echo +io >/sys/fs/cgroup/cgroup.subtree_control
mkdir "$slow" || bail "no control group"
read_at() { echo "$device rbps=$1" >"$slow/io.max"; }
hurry() { read_at max; }
hashed() { [ "$(status hashed_bytes)" -gt "$1" ]; }
size=$((8 << 20))
# opening NAME [1]: makes a file, opens it in another task, which with 1 is to get a signal
# meanwhile, and returns when its content is being read for the digest.
opening() {
	file=/mnt/run/$1
	yes "$1" | head -c $size >"$file" && ours "$file"
	digest=$(sum_of "$file")
	# On the disk, but no longer in memory.
	sync && echo 1 >/proc/sys/vm/drop_caches
	start=$(status hashed_bytes)
	read_at 500000
	(
		echo "$BASHPID" >"$slow/cgroup.procs"
		trap 'signalled=1' USR1
		: <"$file" && [ "${signalled:-}" = "${2:-}" ]
	) &
	opener=$!
	wait_for 20 hashed $((start + 100000))
}
still_opening() { kill -0 "$opener" 2>/dev/null; }

check "is read for its digest" opening slow
check "can be read by another task meanwhile" setpriv --reuid=65534 --clear-groups \
	dd if="$file" of=/dev/null bs=1M skip=7 status=none
check "does not make another task wait for the first" still_opening
hurry
check "is opened in the end" wait "$opener"
check_eq "has a record with its digest" "$digest" "$(recorded "$file")"

section "a task that waits for a slow disk"
opening killed
kill -KILL "$opener"
wait "$opener" 2>/dev/null
check_eq "can be killed" 137 $?
check "is killed before the file is read to its end" test $(($(status hashed_bytes) - start)) -lt $size
hurry
check_eq "leaves no record when it is killed" "0 0" "$(records_for "$file") $(cat "$SECFS/violations")"
: <"$file"
right "leaves the next task a record with the right digest when it is killed" "$file"

opening signal 1
kill -USR1 "$opener"
check "goes on when it handles a signal" still_opening
hurry
check "opens the file when it handled a signal" wait "$opener"
check_eq "leaves a record with the right digest when it handled a signal" "$digest" "$(recorded "$file")"

section "a file that grows while it is read"
opening growing
echo more >>"$file"
check "is read on" still_opening
hurry
wait "$opener"
check_eq "has a record with the digest of what it was" "$digest" "$(recorded "$file")"
: <"$file"
check_eq "has a record of what it is at the next open" "$(sum_of "$file")" "$(recorded "$file" | tail -n +2)"

section "a file that shrinks while it is read"
opening shrinking
truncate -s 1M "$file"
hurry
wait "$opener"
check "shrinks before it is read to its end" test $(($(status hashed_bytes) - start)) -lt $size
right "has a record with the digest of what is left" "$file"

section "a task that keeps the processor busy with a digest"
truncate -s 2G "$disk/busy" && ours "$disk/busy"
start=$(status hashed_bytes)
( : <"$disk/busy" ) &
opener=$!
wait_for 20 hashed $((start + 1000000))
kill -KILL "$opener"
wait "$opener" 2>/dev/null
check_eq "can be killed" 137 $?
check_eq "leaves no record when it is killed" 0 "$(records_for "$disk/busy")"

section "a file whose content cannot be read"
# btrfs refuses to read data that do not match their checksum.
damaged=$WORK/damaged image=/mnt/run/damaged.img
mkdir "$damaged"
truncate -s 128M "$image"
mkfs.btrfs -q -f "$image" && mount -o loop "$image" "$damaged" &&
	yes 'a line that is easy to find' | head -c 300000 >"$damaged/file" && ours "$damaged/file" && umount "$damaged" &&
	python3 -c '
import sys
with open(sys.argv[1], "r+b") as image:
    data = image.read()
    at = data.index(b"a line that is easy to find\n" * 100)
    image.seek(at + 5)
    image.write(b"X")' "$image" && mount -o loop "$image" "$damaged" && mounts+=("$damaged")
rm "$image"
violations=$(cat "$SECFS/violations")
check "is opened" opens "$damaged/file"
check_eq "has a record without digest" "$(printf '0%.0s' {1..64})" "$(every_record_of "$damaged/file")"
check_eq "has a record with a template digest of zeros" "$(printf '0%.0s' {1..40})" "$(record_for "$damaged/file" | cut -d' ' -f2)"
check_eq "counts as a violation" $((violations + 1)) "$(cat "$SECFS/violations")"
section "the whole test"
check "the PCR of every bank replays" replay_ok
finish
