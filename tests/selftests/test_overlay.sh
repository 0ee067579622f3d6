#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# overlayfs has two inodes for a file, and maps under the credentials of whoever mounted it: readers
# and writers meet whichever name they use, and rules on ids mean the task that maps.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 26
begin_appraisal
mkdir "$disk/lower" "$disk/upper" "$disk/work"
mount_tmp overlay "lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work" "$WORK/merged" || bail "no overlayfs"
load_module || bail "the module does not load"
set_policy "measure func=MMAP_CHECK uid=$USER_ID fsuuid=$uuid
measure func=MMAP_CHECK uid=$USER_ID fsname=overlay" || bail "the policy is refused"

mkfifo "$WORK/go"
# written_while_mapped MAPPED WRITTEN COMMAND...: maps the one as a loader does, opens the other by
# the command meanwhile.
written_while_mapped() {
	local pid
	: >"$WORK/said"
	user "$INTRUDER" run-mapped "$1" <"$WORK/go" >"$WORK/said" &
	pid=$!
	exec {go}>"$WORK/go"
	wait_for 60 says mapped
	count=$(grep -c " $ZERO " "$ASCII")
	"${@:3}" "$2"
	count=$(($(grep -c " $ZERO " "$ASCII") - count))
	exec {go}>&-
	wait $pid
}
violated() { awk -v zero="$ZERO" '$4 ~ zero && $5 != "boot_aggregate"' "$ASCII" | wc -l; }
n=0
for case in "a library:upper:upper" "a library of overlayfs:merged:merged" \
	"a library of overlayfs, written by the name below:merged:upper" "a library, written by the name of overlayfs above:upper:merged"; do
	IFS=: read -r name mapped written <<<"$case"
	declare -A at=([upper]=$disk/upper [merged]=$WORK/merged)
	section "$name"
	n=$((n + 1))
	library 7 "$disk/upper/lib-$n"
	before=$(violated)
	written_while_mapped "${at[$mapped]}/lib-$n" "${at[$written]}/lib-$n" appends
	check "it is mapped" says "^returned 7\$"
	check_eq "a violation is recorded when it is opened for writing meanwhile" $((before + 1)) "$(violated)"
	before=$(violated)
	appends "${at[$written]}/lib-$n"
	check_eq "no violation is recorded when it is opened for writing afterwards" "$before" "$(violated)"
done

# A descriptor from before the copy-up reads the upper file, and maps the lower one.
fresh "$WORK" known && content=$file && list_of immutable "$content" && load_signed || bail "the list is refused"
# stale_descriptor NAME: in $fd, with known content in the upper layer and unknown content below.
stale_descriptor() {
	fresh "$disk/lower" "$1" && exec {fd}<"$WORK/merged/$1" && cat "$content" >"$WORK/merged/$1"
}
# The program that maps has the ids that the rule means, the task that mounted does not.
for ids in "uid:--ruid=$USER_ID" "euid:--euid=$USER_ID" "gid:--rgid=$USER_ID:--clear-groups"; do
	IFS=: read -r id option more <<<"$ids"
	set_policy "appraise func=MMAP_CHECK $id=$USER_ID fsname=overlay digest_list
appraise func=MMAP_CHECK $id=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
	section "overlayfs with $id= in the rule"
	stale_descriptor "stale-$id"
	check "an unknown file is not mapped through a descriptor from before the copy-up" \
		refuses setpriv "$option" ${more:+"$more"} "$SYSCALLS" map-fd "$fd"
	exec {fd}<&-
	check "the known content of a copy-up is mapped" setpriv "$option" ${more:+"$more"} "$SYSCALLS" map "$WORK/merged/stale-$id"
	fresh "$disk/upper" "unknown-$id"
	check "an unknown file of the upper layer is not mapped" refuses setpriv "$option" ${more:+"$more"} "$SYSCALLS" map "$WORK/merged/unknown-$id"
	fresh "$disk/lower" "other-$id"
	check "an unknown file is mapped by a task with other ids" "$SYSCALLS" map "$WORK/merged/other-$id"
done

# A layer may be of overlayfs itself.
cp "$content" "$disk/lower/known-below" && fresh "$disk/lower" unknown-below && mkdir "$disk/upper-2" "$disk/work-2" || bail "no files"
mount_tmp overlay "lowerdir=$WORK/merged,upperdir=$disk/upper-2,workdir=$disk/work-2" "$WORK/nested" || bail "no overlayfs on overlayfs"
set_policy "appraise func=MMAP_CHECK uid=$USER_ID fsname=overlay digest_list" || bail "the policy is refused"
section "overlayfs on overlayfs"
check "known content is mapped" setpriv --ruid="$USER_ID" "$SYSCALLS" map "$WORK/nested/known-below"
check "an unknown file is not mapped" refuses setpriv --ruid="$USER_ID" "$SYSCALLS" map "$WORK/nested/unknown-below"
finish
