#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A direct write that fails half-way leaves the kernel with cached pages of what the file was. A
# user who makes such a write does not get other content executed when the pages go than was looked
# at.
#
# shellcheck disable=SC2015,SC2016,SC2154 # 'A && B || bail' ends the test in either case; 'eval' in a check; set by
# intruder.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 16
begin_appraisal
mkfs_ram xfs "$WORK/xfs" || bail "no XFS"
begin_device

# known DIRECTORY NAME: a script of the user in $file, on its disk, that a list knows.
known_count=0
known() {
	file=$1/$2
	known_count=$((known_count + 1))
	script "GOOD $known_count" 8192 >"$file" && chown "$USER_ID" "$file" && chmod 755 "$file" &&
		sync && list_of immutable "$file" && load_signed
}
# overwrite WAY: has its first page overwritten behind the cached one.
overwrite() {
	hold_device
	: >"$WORK/said"
	user "$INTRUDER" direct "$file" "$1" "$source" "$device.asked" >"$WORK/said" 2>&1 &
	wait_for 120 eval "says read || ! kill -0 $! 2>/dev/null"
	release_device
	wait $! && says 'failed with 14'
}
drop_pages() { user dd if="$1" of=/dev/null iflag=nocache count=0 status=none; }
runs() { user "$file" 2>"$WORK/error"; }

section "without the module"
file=$disk/plain
script GOOD 8192 >"$file" && chown "$USER_ID" "$file" && chmod 755 "$file" && sync || bail "no file"
check "a direct write fails half-way" overwrite open || cat "$WORK/said"
check_eq "the former content is executed, from the cache" GOOD "$(runs)"
drop_pages "$file"
check_eq "what was written is executed when the pages are gone" EVIL "$(runs)"

load_module || bail "the module does not load"
rules="appraise func=BPRM_CHECK fsuuid=$uuid digest_list${NL}appraise func=BPRM_CHECK fsuuid=$(uuid_of "$WORK/xfs") digest_list"
set_policy "$rules" || bail "the policy is refused"
for where in ext4 xfs; do
	for way in open fcntl; do
		section "enforcing, $where, direct I/O by $way"
		directory=$disk
		[ $where = ext4 ] || directory=$WORK/xfs
		known "$directory" "$way" || bail "no known file"
		check "a direct write fails half-way" overwrite $way || cat "$WORK/said"
		first=$(runs)
		drop_pages "$file"
		check_eq "what was written is never executed" "" "$(echo "$first $(runs)" | grep EVIL)"
	done
done

set_policy "measure func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
section "measuring"
known "$disk" measured || bail "no known file"
check "a known file leaves no record" eval 'runs >/dev/null && unmeasured "$file"'
check "a direct write fails half-way" overwrite open || cat "$WORK/said"
runs >/dev/null
drop_pages "$file"
check_eq "what was written is executed" EVIL "$(runs)"
check "what was written has a record" measured_as "$file" "$(digest_of "$file")"

section "tmpfs"
mount_tmp tmpfs mode=755 "$WORK/tmp" || bail "no tmpfs"
set_policy "appraise func=BPRM_CHECK fsname=tmpfs digest_list" || bail "the policy is refused"
known "$WORK/tmp" direct || bail "no known file"
check "a known file that was open for direct writes is executed" eval '
	user dd if=/dev/null of="$file" oflag=direct conv=notrunc status=none && [ "$(runs)" = "GOOD $known_count" ]'
finish
