# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the workloads of scripts/bench-ima share in the guest. A workload sources it, makes its files
# and lists, and calls 'measure' for each of its cases. Lines that it prints for scripts/bench-ima:
#
#   run case=NAME KEY=VALUE... ns=N idle=N records=N extends=N hashed=N
#
# ns is the time that the command took, idle how long processors had nothing to do meanwhile, to 10
# ms. Where the clock counts instructions, it leaps while the guest waits for a disk. The others are
# by how much the module's counters, or IMA's count of records, grew meanwhile: a record of IMA is
# one extend. Nothing counts the bytes that IMA hashes.
#
# shellcheck disable=SC2034 # used by the workloads

files=/opt/guest/files
keys=/opt/guest/signatures
secfs=/sys/kernel/security/digest_lists
ima=/sys/kernel/security/ima
work=/mnt/run/bench
# A file system for each case, told apart by its UUID. Rules on it choose the case.
declare -A uuid=([none]=11111111-1111-4111-8111-111111111111 [unknown]=22222222-2222-4222-8222-222222222222
	[known]=33333333-3333-4333-8333-333333333333 [ima]=44444444-4444-4444-8444-444444444444
	[ima-rsa]=55555555-5555-4555-8555-555555555555 [ima-ec]=66666666-6666-4666-8666-666666666666)

die() {
	printf 'error: %s\n' "$*" >&2
	dmesg | tail -n 20 >&2
	exit 1
}

# load_module: so that it can be unloaded, and takes unsigned lists.
load_module() { modprobe digest_lists allow_unload=1 require_signature=0 own_storage=loop || die "the module does not load"; }
# load_signing_module: the one that trusts a key of the tests.
load_signing_module() { insmod $keys/digest_lists.ko allow_unload=1 own_storage=loop || die "the module of the tests does not load"; }
unload_module() { rmmod digest_lists || die "the module does not unload"; }

# make_fs CASE SIZE [INODES]: its file system, mounted at $work/CASE.
make_fs() {
	modprobe -q loop
	mkdir -p "$work/$1"
	truncate -s "$2" "$work/$1.img"
	mkfs.ext4 -q -F ${3:+-N "$3"} -U "${uuid[$1]}" "$work/$1.img" || die "mkfs.ext4"
	mount -o loop "$work/$1.img" "$work/$1" || die "mount"
}

# cool CASE: mounts it anew, with no page and no inode of it in memory.
cool() {
	umount "$work/$1" || die "$work/$1 is busy"
	echo 3 >/proc/sys/vm/drop_caches
	mount -o loop "$work/$1.img" "$work/$1" || die "mount"
}

# load_lists LIST...: in one write.
load_lists() {
	digestctl -q metadata "$@" -o $work/metadata >&2 || die "no metadata"
	printf %s $work/metadata >$secfs/digest_lists || die "the lists are refused"
}
# set_policy, set_ima_policy: the rules from standard input. IMA keeps its policy until the next
# boot.
set_policy() {
	cat >$work/policy
	cat $work/policy >$secfs/policy || die "the policy is refused"
}
set_ima_policy() {
	cat >$work/ima-policy
	cat $work/ima-policy >$ima/policy || die "IMA refuses the policy"
}

status() { sed -n "s/^$1: *//p" $secfs/status; }
# counters CASE: records, extends and hashed bytes so far, in $records, $extends and $hashed.
counters() {
	records=0 extends=0 hashed=0
	case $1 in
	ima*) records=$(cat $ima/runtime_measurements_count) extends=$records hashed=unknown ;;
	*) [ ! -d $secfs ] || records=$(status records) extends=$(status pcr_extends) hashed=$(status hashed_bytes) ;;
	esac
}

# idle_time: nanoseconds that processors were idle or waited for a disk, of all of them, in $idle.
idle_time() {
	local waiting
	read -r _ _ _ _ idle waiting _ </proc/stat
	idle=$(((idle + waiting) * 10000000))
}

# measure CASE [KEY=VALUE]... -- COMMAND...: runs it and prints a line. A command that prints a
# number alone, or two, has measured its time, and how much of it was idle, itself.
measure() {
	local case=$1 pairs='' start ns out idle before_idle before_records before_extends before_hashed
	shift
	while [ "$1" != -- ]; do pairs+=" $1" && shift; done
	shift
	counters "$case"
	before_records=$records before_extends=$extends before_hashed=$hashed
	idle_time
	before_idle=$idle
	start=${EPOCHREALTIME/[^0-9]/}
	out=$("$@") || die "$case: '$*' fails"
	ns=$(((${EPOCHREALTIME/[^0-9]/} - start) * 1000))
	idle_time
	idle=$((idle - before_idle))
	if [[ $out =~ ^([0-9]+)( ([0-9]+))?$ ]]; then
		ns=${BASH_REMATCH[1]} idle=${BASH_REMATCH[3]:-$idle}
	fi
	counters "$case"
	[ "$hashed" = unknown ] || hashed=$((hashed - before_hashed))
	echo "run case=$case$pairs ns=$ns idle=$idle records=$((records - before_records)) extends=$((extends - before_extends)) hashed=$hashed"
}
