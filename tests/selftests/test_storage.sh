#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Storage that others than this kernel change: what lies on it is read at each access, its results
# are not kept, and being known is not enough.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || C' where C must run if either fails; expressions for eval

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 38

begin_appraisal
loop=$(findmnt -n -o SOURCE "$disk")

# program FILE TEXT: a program of one block that prints TEXT; all with the same text have the same
# content.
program() { script "$2" >"$1" && chmod 755 "$1" && chown 4242 "$1"; }
# bytes_read COMMAND...: prints how many bytes the module read meanwhile.
bytes_read() {
	local before
	before=$(status hashed_bytes)
	"$@" >/dev/null
	echo $(($(status hashed_bytes) - before))
}
# on DIRECTORY [NAME]: puts the known program there, on storage.
on() { program "$1/${2:-known}" known && sync -f "$1/${2:-known}"; }
# is_unstable DIRECTORY [NAME], is_stable DIRECTORY [NAME]: the known program there is refused as
# content that may change; runs, and is read once, however often.
is_unstable() { is_refused unstable-content "$1/${2:-known}" "$1/${2:-known}"; }
is_stable() {
	"$1/${2:-known}" || return
	[ "$(bytes_read "$1/${2:-known}")" = 0 ] || { echo "it was read again" && false; }
}
enforce='appraise func=BPRM_CHECK fowner=4242 digest_list'
measure='measure func=BPRM_CHECK mask=MAY_EXEC fowner=4242 digest_list'
# begin PARAMETER...: the module with the list of the known program.
begin() {
	load_module "$@" && load_signed
}

# Every file system has the same known program.
program "$WORK/known" known
list_of immutable "$WORK/known"
mkfs_ram ext4 "$WORK/ram" && on "$WORK/ram" && mkfs_ram btrfs "$WORK/btrfs" && on "$WORK/btrfs" && on "$disk" ||
	bail "no file systems"

begin own_storage= || bail "the module does not load"
section "own_storage="
check_eq "no storage of others is the machine's own by default" "" "$(status own_storage)"
set_policy "$enforce"
# First btrfs: its super block names no disk.
check "a known program on btrfs on the machine's own storage runs, and is read once" is_stable "$WORK/btrfs"
check "a known program on ext4 on the machine's own storage runs, and is read once" is_stable "$WORK/ram"
check "a known program on a loop device is refused" is_unstable "$disk"

section "memory that fails"
# Memory that fails: the page is lost before storage has it, so the next reader sees what was there
# before. unsaved FILE: storage has another program, and the known one that was written over it is
# in memory only.
unsaved() {
	program "$1" evil && sync -f "$1" && dd if="$WORK/known" of="$1" bs=4096 conv=notrunc status=none
}
check "a known program is in memory only" unsaved "$WORK/ram/poisoned"
check_eq "a known program runs before" known "$("$WORK/ram/poisoned")"
check "the memory of the program fails" "$SYSCALLS" poison "$WORK/ram/poisoned"
check_eq "a known program runs afterwards" known "$("$WORK/ram/poisoned" 2>&1)"

section "btrfs on several devices"
# A file system on several devices, and devices made of others.
truncate -s 200M /mnt/run/second && second=$(losetup -f --show /mnt/run/second) && rm /mnt/run/second
check "a loop device is added" btrfs device add -f "$second" "$WORK/btrfs"
on "$WORK/btrfs" second
check "a known program is refused beside a loop device" is_unstable "$WORK/btrfs" second
check "the loop device is taken away" btrfs device remove "$second" "$WORK/btrfs"
check "a known program runs when the loop device is gone" is_stable "$WORK/btrfs" second
losetup -d "$second"

section "device-mapper"
if modprobe -q dm_mod; then
	mkdir "$WORK/dm"
	# dm DEVICE: a fresh file system on device-mapper over it, with the known program.
	dm() {
		mapped=$("$SELFTESTS/dm_linear.py" selftest "$1") && mkfs.ext4 -q -F "$mapped" && mount "$mapped" "$WORK/dm" && on "$WORK/dm"
	}
	undm() { umount "$WORK/dm" && "$SELFTESTS/dm_linear.py" selftest; }
	free_ram_disk
	check "it makes a device of one in memory" dm "$ram_disk"
	check "what it makes of the machine's own storage is the machine's own" is_stable "$WORK/dm"
	check "the device of one in memory is removed" undm
	truncate -s 64M /mnt/run/mapped && below=$(losetup -f --show /mnt/run/mapped) && rm /mnt/run/mapped
	check "it makes a device of a loop device" dm "$below"
	check "what it makes of a loop device is not the machine's own" is_unstable "$WORK/dm"
	check "the device of a loop device is removed" undm
	losetup -d "$below"
else
	for i in 1 2 3 4 5 6; do skip "result $i" "no module dm_mod"; done
fi

section "SCSI"
if modprobe -q sd_mod && modprobe -q scsi_debug dev_size_mb=32 removable=0; then
	scsi_disk() { basename "$(echo /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*)"; }
	# scsi REMOVABLE: a fresh file system on a disk without hardware, with the known program.
	scsi() {
		rmmod scsi_debug && modprobe scsi_debug dev_size_mb=32 removable="$1" && wait_for 20 test -b "/dev/$(scsi_disk)" &&
			mkdir -p "$WORK/scsi" && mkfs.ext4 -q -F "/dev/$(scsi_disk)" && mount "/dev/$(scsi_disk)" "$WORK/scsi" && on "$WORK/scsi"
	}
	check "a disk is there" scsi 0
	check "a disk is the machine's own storage" is_stable "$WORK/scsi"
	umount "$WORK/scsi"
	check "a removable disk is there" scsi 1
	check "a removable disk is not the machine's own storage" is_unstable "$WORK/scsi"
	umount "$WORK/scsi" && rmmod scsi_debug
else
	for i in 1 2 3 4; do skip "result $i" "no module scsi_debug"; done
fi

section "a measured program on a loop device"
# What changes below the file system, while files are measured.
set_policy "$measure"
check_eq "it is recorded" "$(digest_of "$WORK/known")" \
	"$("$disk/known" >/dev/null && digests_for "$disk/known")"
check_eq "it is read each time" 4096 "$(bytes_read "$disk/known")"
check_eq "it is recorded once" 1 "$(records_for "$disk/known")"
# changed_below FILE: what the file's first block has on the device becomes another program; the
# pages go.
changed_below() {
	local block size
	block=$(debugfs -R "blocks /${1##*/}" "$loop" 2>/dev/null | awk '{ print $1 }')
	size=$(stat -f -c %S "$1")
	program "$WORK/evil" evil && [ "$block" -gt 0 ] && dd if="$WORK/evil" of="$loop" bs="$size" count=$((4096 / size)) \
		seek="$block" conv=notrunc,fsync status=none && sync && echo 1 >/proc/sys/vm/drop_caches
}
check "its block changes below the file system" changed_below "$disk/known"
check_eq "what is read from the device then is used" evil "$("$disk/known")"
check_eq "what is read from the device then is recorded" "$(digest_of "$WORK/known") $(digest_of "$WORK/evil")" "$(digests_for "$disk/known")"
check "the PCR of every bank replays" replay_ok
unload_module

section "own_storage"
on "$disk" && sync && echo 1 >/proc/sys/vm/drop_caches
begin own_storage=removable,network || bail "the module does not load"
check_eq "the status file has what is the machine's own" network,removable "$(status own_storage)"
set_policy "$enforce"
check "a loop device is refused where other storage is the machine's own" is_unstable "$disk"
unload_module
begin own_storage=loop || bail "the module does not load"
set_policy "$enforce"
check "a loop device is the machine's own where it is named" is_stable "$disk"
unload_module

mark
check "the module does not load with a word that is no storage" eval '! load_module own_storage=loop,usb >/dev/null || ! unload_module'
check "the kernel log names a word that is no storage" eval 'kernel_log | grep -q "own_storage: .usb. is none of loop, network, removable, user, unknown"'

section "EROFS in a file"
# A file system mounted from a file.
if modprobe -q erofs; then
	begin own_storage= || bail "the module does not load"
	mkdir "$WORK/erofs"
	check "it is mounted" eval '"$SELFTESTS/erofs_of.py" "$WORK/known" "$WORK/ram/image" "$WORK/erofs" && mounts+=("$WORK/erofs")'
	set_policy "$enforce"
	check "a known program is refused" is_unstable "$WORK/erofs"
	unload_module
else
	for i in 1 2; do skip "result $i" "no module erofs"; done
fi

section "eCryptfs"
# A file system whose files are those of another one.
if modprobe -q ecryptfs; then
	begin || bail "the module does not load"
	mkdir "$WORK/lower" "$WORK/upper"
	mount_tmp tmpfs mode=755 "$WORK/lower"
	check "it is mounted" eval '"$SELFTESTS/ecryptfs.py" "$WORK/lower" "$WORK/upper" && mounts+=("$WORK/upper") && on "$WORK/upper"'
	set_policy "$enforce"
	check "a known program is refused" is_unstable "$WORK/upper"
	unload_module
else
	for i in 1 2; do skip "result $i" "no module ecryptfs"; done
fi
finish
