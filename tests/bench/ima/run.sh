#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh MILLISECONDS SEED: the workload of the digest cache's authors, in the guest: 12,312 files
# of at most 100 bytes in 303 lists, 20,000 random reads, twice, each time with cold caches, by one
# task and by four. MILLISECONDS says what the TPM takes for an extend and is only printed. The
# cases, one after the other in one boot:
#
#   none      no module, and no policy of IMA
#   unknown   the module, with no list
#   known     the module, with the lists
#   ima       IMA, which keeps its policy until the next boot
#
# Each case has a file system of its own with the same files. Lines:
#
#   run MILLISECONDS CASE TASKS PASS NANOSECONDS RECORDS
#   load LISTS DIGESTS NANOSECONDS

ms=${1:?how long does an extend take?} seed=${2:?which seed?}
files=/opt/guest/files
secfs=/sys/kernel/security/digest_lists
work=/mnt/run/bench
directories=303 number=12312 reads=20000
declare -A uuid=([none]=11111111-1111-4111-8111-111111111111 [unknown]=22222222-2222-4222-8222-222222222222
	[known]=33333333-3333-4333-8333-333333333333 [ima]=44444444-4444-4444-8444-444444444444)

die() {
	printf 'error: %s\n' "$*" >&2
	dmesg | tail -n 20 >&2
	exit 1
}

rules() { echo "measure func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }
load() { modprobe digest_lists allow_unload=1 require_signature=0 own_storage=loop || die "the module does not load"; }
ours() { grep -c " $work/" $secfs/ascii_runtime_measurements; }
imas() { grep -c " $work/" /sys/kernel/security/ima/ascii_runtime_measurements; }

# measure CASE COUNT: COUNT prints how many records there are of files.
measure() {
	local tasks pass ns
	# IMA never forgets: its first run is the one with one task.
	for tasks in 1 4; do
		[ "$1" != unknown ] || [ "$tasks" = 1 ] || { rmmod digest_lists && load && rules unknown digest_list >$secfs/policy; }
		for pass in 1 2; do
			umount "$work/$1"
			echo 3 >/proc/sys/vm/drop_caches
			mount -o loop "$work/$1.img" "$work/$1" || die "mount"
			ns=$("$files" read "$work/$1" $directories $number $reads "$tasks" $((seed + pass))) || die "reading"
			echo "run $ms $1 $tasks $pass $ns $($2)"
		done
	done
}

modprobe -q loop
mkdir -p "$work"
for fs in none unknown known ima; do
	truncate -s 96M "$work/$fs.img"
	mkfs.ext4 -q -F -N 20000 -U "${uuid[$fs]}" "$work/$fs.img" || die "mkfs.ext4"
	mkdir -p "$work/$fs"
	mount -o loop "$work/$fs.img" "$work/$fs" || die "mount"
	"$files" make "$work/$fs" $directories $number 100 || die "making files"
done
mkdir "$work/lists"
for ((i = 0; i < directories; i++)); do
	printf -v name %03d "$i"
	digestctl -q generate "$work/known/$name" -o "$work/lists/$name" || die "no list"
done
digestctl -q metadata "$work"/lists/* -o "$work/metadata" || die "no metadata"

measure none "echo 0"
load
rules unknown digest_list >$secfs/policy || die "the policy is refused"
measure unknown ours
rmmod digest_lists
load
start=${EPOCHREALTIME/[^0-9]/}
printf '%s' "$work/metadata" >$secfs/digest_lists || die "the lists are refused"
echo "load $directories $number $(((${EPOCHREALTIME/[^0-9]/} - start) * 1000))"
rules known digest_list >$secfs/policy || die "the policy is refused"
measure known ours
rmmod digest_lists
rules ima >/sys/kernel/security/ima/policy || die "IMA refuses the policy"
measure ima imas
