#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh ROUNDS: repeated open+close, exec and mmap of unchanged known files, in the guest. Prints a
# line 'ROUND CASE OPERATION N NANOSECONDS' per measurement. Each file system has the same files;
# rules choose one by its UUID, so that in one round, one after the other, there are
#
#   none      no module
#   loaded    the module without a policy
#   other     the module with a policy that does not match
#   module    the module with a policy that does, and a list that knows the files
#
# and, once IMA has a policy, which cannot be taken from it again,
#
#   ima-other no module, and IMA with a policy that does not match
#   ima       no module, and IMA with a policy that does
#   both      the module with a policy that does match, IMA with one that does not
#
# The policies of the module and of IMA are the rules of 'tcb', but for the UUID and 'digest_list'.

bench=/opt/guest/bench
secfs=/sys/kernel/security/digest_lists
work=/tmp/bench
rounds=${1:?how many rounds?}
declare -A uuid=([none]=11111111-1111-4111-8111-111111111111 [ima]=22222222-2222-4222-8222-222222222222
	[module]=33333333-3333-4333-8333-333333333333)
declare -A count=([open]=10000 [map]=5000 [exec]=2000)

die() {
	printf 'error: %s\n' "$*" >&2
	dmesg | tail -n 20 >&2
	exit 1
}

# tcb UUID [OPTION]
tcb() {
	local magic
	for magic in 0x9fa0 0x62656572 0x64626720 0x01021994 0x1cd1 0x42494e4d 0x73636673 0xf97cff8c 0x43415d53 0x27e0eb \
		0x63677270 0x6e736673 0xde5e81e4; do
		echo "dont_measure fsmagic=$magic"
	done
	local condition
	for condition in 'func=MMAP_CHECK mask=MAY_EXEC' 'func=BPRM_CHECK mask=MAY_EXEC' \
		'func=FILE_CHECK mask=^MAY_READ euid=0' 'func=FILE_CHECK mask=^MAY_READ uid=0' \
		func=MODULE_CHECK func=FIRMWARE_CHECK func=POLICY_CHECK; do
		echo "measure $condition fsuuid=$1${2:+ $2}"
	done
}

# measure ROUND CASE FILESYSTEM
measure() {
	local operation file ns
	for operation in open map exec; do
		file=$work/$3/program
		# What is measured is a file that was looked at before, in every case.
		"$bench" $operation "$file" 5 >/dev/null || die "$operation of $file"
		ns=$("$bench" $operation "$file" "${count[$operation]}") || die "$operation of $file"
		echo "$1 $2 $operation ${count[$operation]} $ns"
	done
}

load() { modprobe digest_lists allow_unload=1 require_signature=0 own_storage=loop || die "the module does not load"; }
unload() { rmmod digest_lists || die "the module does not unload"; }
load_list() {
	cat "$work/metadata" >$secfs/digest_lists || die "the list is refused"
	cat "$work/policy" >$secfs/policy || die "the policy is refused"
}
# hits: how many accesses were answered from the cache.
hits() { sed -n 's/^cache_hits: *//p' $secfs/status; }

modprobe -q loop
mkdir -p $work
for fs in "${!uuid[@]}"; do
	truncate -s 32M "/mnt/run/$fs.img"
	mkfs.ext4 -q -F -U "${uuid[$fs]}" "/mnt/run/$fs.img" || die "mkfs.ext4"
	mkdir -p "$work/$fs"
	mount -o loop "/mnt/run/$fs.img" "$work/$fs" || die "mount"
	install -m 755 /opt/guest/program "$work/$fs/program"
done
sync
digestctl generate -x "$work/module" -o $work/list >&2 || die "no list"
digestctl metadata $work/list -o $work/metadata >&2 || die "no metadata"
tcb "${uuid[module]}" digest_list >$work/policy
tcb "${uuid[ima]}" >$work/ima-policy

for ((round = 1; round <= rounds; round++)); do
	measure $round none none
	load
	measure $round loaded none
	load_list
	measure $round other none
	measure $round module module
	checked=$(hits)
	unload
done
[ "$checked" -ge 2200 ] || die "only $checked accesses were answered from the cache"

cat $work/ima-policy >/sys/kernel/security/ima/policy || die "IMA refuses the policy"
for ((round = 1; round <= rounds; round++)); do
	measure $round ima-other none
	measure $round ima ima
	load
	load_list
	measure $round both module
	unload
done
# The first measurement of each file shows that IMA's policy is in force.
grep -q " $work/ima/program" /sys/kernel/security/ima/ascii_runtime_measurements || die "IMA measured nothing"
