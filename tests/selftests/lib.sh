# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the selftests share. A test sources it, prints its plan, then one result per check:
#
#   . "$(dirname "$0")/lib.sh"
#   plan 2
#   load_module ima_policy=tcb || bail "the module does not load"
#   check "the list starts with boot_aggregate" grep -q boot_aggregate "$SECFS/ascii_runtime_measurements"
#   section "a list in use"
#   check "cannot be removed" ...
#   finish
#
# Each result is a claim that reads alone in a log: "a list in use: cannot be removed".
#
# Output is KTAP. A test that misses something it needs calls skip_all.

SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SECFS=/sys/kernel/security/digest_lists
# The PCR of the last load_module; see there.
PCR=12
WORK=$(mktemp -d /tmp/selftest-XXXXXX)
export SELFTESTS SECFS

ktap_planned=0
ktap_count=0
ktap_failed=0
ktap_section=
mounts=()
trap cleanup EXIT

# plan N: the number of results to come.
plan() {
	ktap_planned=$1
	printf 'KTAP version 1\n1..%d\n' "$1"
}

# section [NAME]: what the results from here on are about, which stands in front of each. Without a
# name, nothing.
section() { ktap_section=${1:+$1: }; }

ktap_result() {
	ktap_count=$((ktap_count + 1))
	printf '%s %d %s%s\n' "$1" "$ktap_count" "$ktap_section" "$2"
}
ok() { ktap_result ok "$*"; }
not_ok() {
	ktap_failed=$((ktap_failed + 1))
	ktap_result 'not ok' "$*"
}
# skip NAME REASON
skip() { ktap_result ok "$1 # SKIP ${2:-}"; }

# note TEXT...: a diagnostic line.
note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# check NAME COMMAND...: one result, ok if the command succeeds. What it prints is shown only if it
# fails.
check() {
	# Names that no test has: the command may be one of the test itself.
	local ktap_name=$1 ktap_rc=0
	shift
	"$@" >"$WORK/check" 2>&1 || ktap_rc=$?
	if [ "$ktap_rc" -eq 0 ]; then
		ok "$ktap_name"
	else
		note "'$*' failed with $ktap_rc"
		sed 's/^/# /' "$WORK/check"
		not_ok "$ktap_name"
		return 1
	fi
}

# check_eq NAME WANT GOT: one result, ok if both are the same.
check_eq() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		note "wanted '$2', got '$3'"
		not_ok "$1"
		return 1
	fi
}

# results COMMAND...: a result for each line NAME<TAB>PROBLEM that the command prints, ok where
# there is no problem.
results() {
	local name problem
	while IFS=$'\t' read -r name problem; do
		[ -z "$problem" ] || note "$problem"
		if [ -z "$problem" ]; then ok "$name"; else not_ok "$name"; fi
	done < <("$@" 2>&1)
}

# skip_all REASON: ends a test that cannot run here. Instead of the plan.
skip_all() {
	printf 'KTAP version 1\n1..0 # SKIP %s\n' "$*"
	exit 4
}

# booted_with WORD: ends a test that needs that word on the kernel's command line, where it is not.
# Instead of the plan.
booted_with() { grep -qw -- "$1" /proc/cmdline || skip_all "not booted with $1"; }

# ima_is_free: ends a test of IMA's policy in a boot in which it has one. Instead of the plan.
ima_is_free() { [ -w /sys/kernel/security/ima/policy ] || skip_all "IMA has taken its policy of this boot already"; }

# debug_kernel: succeeds on a kernel of scripts/debug-kernel.
read -r RELEASE </proc/sys/kernel/osrelease
debug_kernel() { [[ $RELEASE == *-kasan || $RELEASE == *-kcsan ]]; }

# distribution_only WHAT: ends a test that assumes the distribution's kernel, on one of
# scripts/debug-kernel. Instead of the plan.
distribution_only() { ! debug_kernel || skip_all "only on the distribution's kernel: $*"; }

# check_memory NAME COMMAND...: one result about the memory that something takes. The sanitizers of
# a kernel of scripts/debug-kernel take more.
check_memory() { if debug_kernel; then skip "$1" "only on the distribution's kernel"; else check "$@"; fi; }

# bail REASON: fails every result that is still to come and ends the test.
bail() {
	note "$*"
	while [ "$ktap_count" -lt "$ktap_planned" ]; do not_ok "result $((ktap_count + 1)) is reached: $*"; done
	exit 1
}

# finish: ends a test with the exit status that belongs to its results.
finish() { exit $((ktap_failed > 0)); }

cleanup() {
	local i
	for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[i]}" || umount -l "${mounts[i]}"; done
	rm -rf "$WORK"
}

module_loaded() { [ -d /sys/module/digest_lists ]; }

# load_module [PARAMETER=VALUE]...: loads the module so that it can be unloaded again, and so that
# it takes unsigned lists unless the parameters say otherwise. DIGEST_LISTS_KO names another build
# of it. Where the parameters name no PCR it measures into PCR 16, the only application PCR a TPM
# resets on request, and resets that before: PCR 12 goes on growing over all loads of one boot, so
# that no single measurement list replays to it. The file systems of mkfs_loop count as on the
# machine's own storage, unless the parameters say what does.
load_module() {
	local parameter pcr='' signature=require_signature=0 storage=own_storage=loop
	for parameter in "$@"; do
		[[ $parameter != pcr=* ]] || pcr=${parameter#pcr=}
		[[ $parameter != require_signature=* ]] || signature=
		[[ $parameter != own_storage=* ]] || storage=
	done
	# shellcheck disable=SC2086 # nothing or one word each
	set -- "$@" $signature $storage
	if [ -z "$pcr" ]; then
		pcr=16
		[ ! -e /dev/tpm0 ] || tpm2_pcrreset "$pcr" || return
		set -- "$@" "pcr=$pcr"
	fi
	PCR=$pcr
	if [ -n "${DIGEST_LISTS_KO:-}" ]; then
		insmod "$DIGEST_LISTS_KO" allow_unload=1 "$@" && return
	else
		modprobe digest_lists allow_unload=1 "$@" && return
	fi
	note "the kernel's last messages:"
	dmesg | tail -n 20 | sed 's/^/# /'
	return 1
}

unload_module() { rmmod digest_lists; }

# set_policy TEXT: in one write. bash would write several lines line by line, and each line would
# leave a record.
set_policy() {
	if [[ $1 == *$'\n'* ]]; then cat <<<"$1" >"$SECFS/policy"; else echo "$1" >"$SECFS/policy"; fi
}

# load_metadata FILE: loads the lists that the metadata name, by their bytes.
load_metadata() { cat "$1" >"$SECFS/digest_lists"; }

# unload_all: removes every list.
unload_all() {
	sed 's/ .*//' "$SECFS/digest_lists" >"$WORK/unload_all"
	[ ! -s "$WORK/unload_all" ] || cat "$WORK/unload_all" >"$SECFS/digest_lists_remove"
}

# records: the number of records of the measurement list.
records() { wc -l <"$SECFS/ascii_runtime_measurements"; }

# record_for PATH: the records of a file, with ima-ng's fields. Fails where there is none.
record_for() { awk -v path="$1" '$5 == path { print; n++ } END { exit !n }' "$SECFS/ascii_runtime_measurements"; }

# records_for PATH: their number.
records_for() { awk -v path="$1" '$5 == path { n++ } END { print n + 0 }' "$SECFS/ascii_runtime_measurements"; }

# recorded PATH: the digests in the file's records, oldest first. Violations have none.
recorded() { every_record_of "$1" | grep -v '^0*$'; }

# every_record_of PATH: the same with the zeros of violations.
every_record_of() { awk -v path="$1" '$5 == path { sub(/.*:/, "", $4); print $4 }' "$SECFS/ascii_runtime_measurements"; }

# executes PID PROGRAM: waits until the task has become that program; until then it is the shell, or
# what starts the program.
executes() { wait_for 30 [ "/proc/$1/exe" -ef "$2" ]; }

# unhex: the bytes that hexadecimal digits on standard input stand for.
unhex() {
	local digits
	read -r -d '' digits
	digits=${digits//[^0-9a-fA-F]/}
	printf %b "${digits//??/\\x&}"
}

# grows COMMAND...: runs the command and prints by how many records the list grew meanwhile. Starts
# no other program.
grows() {
	local before after
	read -r before <"$SECFS/runtime_measurements_count"
	"$@" >/dev/null 2>&1
	read -r after <"$SECFS/runtime_measurements_count"
	echo $((after - before))
}

# digest_of FILE: its SHA-256.
digest_of() {
	local sum
	sum=$(sha256sum <"$1") && echo "${sum%% *}"
}

# runs_known COMMAND..., runs_unknown COMMAND...: succeeds if running it adds no record, or some.
runs_known() { [ "$(grows "$@")" -eq 0 ]; }
runs_unknown() { [ "$(grows "$@")" -gt 0 ]; }

# ours FILE...: gives the files to the user whose files the rules of the test name.
ours() { chown 4242 "$@"; }

# opens FILE [TIMES]: opens it for reading.
opens() {
	local i
	for ((i = 0; i < ${2:-1}; i++)); do : <"$1"; done
}

# sum_of FILE: the SHA-256 of its content, read by nobody: a rule with uid=0 does not see that.
sum_of() {
	local sum
	sum=$(setpriv --reuid=65534 --clear-groups sha256sum "$1") && echo "${sum%% *}"
}

# text_of NAME: the data of the last record of that name and template ima-buf.
text_of() {
	awk -v name="$1" '$3 == "ima-buf" && $5 == name { print $6 }' "$SECFS/ascii_runtime_measurements" |
		tail -n 1 | unhex
}

# started KEY: the value of a line of the start record.
started() { text_of digest_lists_start | sed -n "s/^$1=//p"; }

# status KEY: the value of a line of the status file.
status() { sed -n "s/^$1: *//p" "$SECFS/status"; }

# is_ascii_list FILE: succeeds if a binary list has the records that the ascii list shows now.
is_ascii_list() { "$SELFTESTS/ascii_of.py" "$1" | diff - "$SECFS/ascii_runtime_measurements"; }

# uptime: in seconds.
uptime() { cut -d. -f1 /proc/uptime; }

# kernel_memory: the bytes in all areas of vmalloc, where arenas and indexes are, and in slabs that
# the kernel cannot give back.
kernel_memory() {
	local slabs areas
	sync && echo 3 >/proc/sys/vm/drop_caches
	slabs=$(sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	areas=$(awk '!/unpurged/ { sum += $2 } END { printf "%d", sum }' /proc/vmallocinfo)
	echo $((slabs * 1024 + areas))
}
# memory_back BEFORE [BYTES]: succeeds if it is at most so much more than before, half a MiB by
# default.
memory_back() { [ $(($(kernel_memory) - $1)) -lt "${2:-524288}" ]; }

# wait_for SECONDS COMMAND...: runs the command until it succeeds; fails after the given time, ten
# times as much on a debug kernel.
wait_for() {
	local end=$((SECONDS + $1))
	! debug_kernel || end=$((SECONDS + 10 * $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# mkfs_loop ext4|xfs|btrfs SIZE MOUNTPOINT: a fresh file system on a loop device. Unmounted when the
# test ends. The image is sparse, on the disk of the run, and gone when it is unmounted.
mkfs_loop() {
	local type=$1 size=$2 target=$3 image option=-F
	# There is no udev that would make /dev/loop-control before.
	modprobe -q loop
	image=$(mktemp /mnt/run/fs-XXXXXX)
	truncate -s "$size" "$image"
	[ "$type" = ext4 ] || option=-f
	mkdir -p "$target"
	"mkfs.$type" -q "$option" "$image" && mount -o loop "$image" "$target" && mounts+=("$target")
	local rc=$?
	rm "$image"
	return "$rc"
}

# mkfs_ram TYPE MOUNTPOINT: a fresh file system of 400 MiB on a block device in memory, which takes
# as much memory as was written. Unmounted when the test ends.
mkfs_ram() {
	local type=$1 target=$2 device option=-F
	free_ram_disk || return
	device=$ram_disk
	[ "$type" = ext4 ] || option=-f
	mkdir -p "$target"
	"mkfs.$type" -q "$option" "$device" && mount "$device" "$target" && mounts+=("$target")
}

# free_ram_disk: a block device in memory that nobody has taken before, in $ram_disk.
ram_disks=0
free_ram_disk() {
	modprobe -q brd rd_nr=8 rd_size=409600
	ram_disk=/dev/ram$ram_disks
	ram_disks=$((ram_disks + 1))
	[ -b "$ram_disk" ]
}

# mount_tmp TYPE OPTIONS MOUNTPOINT: mounts a file system without a device until the test ends.
mount_tmp() {
	mkdir -p "$3"
	mount -t "$1" -o "$2" "$1" "$3" && mounts+=("$3")
}

# tpm_banks: the names of the TPM's active banks.
tpm_banks() { tpm2_getcap pcrs | sed -n 's/^ *- \([a-z0-9_]*\): \[ [0-9].*/\1/p'; }

# bank_pcrs BANK: the bank's registers in the form that evmctl reads.
bank_pcrs() { tpm2_pcrread "$1" | awk '/0x/ { sub(/.*0x/, ""); printf "PCR-%02d: %s\n", n++, $0 }'; }

# best_bank: the bank in which the module computes: SHA-256, or the first of the others that is
# there.
best_bank() {
	local bank
	for bank in sha256 sha384 sha512 sha1; do
		tpm_banks | grep -qx "$bank" && echo "$bank" && return
	done
}

# boot_aggregate: the digest of PCRs 0 to 9 of that bank (0 to 7 of SHA-1), with its algorithm.
boot_aggregate() {
	local bank pcrs=0,1,2,3,4,5,6,7,8,9
	bank=$(best_bank)
	[ "$bank" != sha1 ] || pcrs=0,1,2,3,4,5,6,7
	echo "$bank:$(tpm2_pcrread "$bank:$pcrs" | sed -n 's/.*0x//p' | unhex | "${bank}sum" | cut -d' ' -f1)"
}

# all_pcrs PREFIX: the same of every active bank, in PREFIX-BANK.
all_pcrs() {
	tpm2_pcrread | awk -v prefix="$1" '
		/^ *[a-z0-9_]+:$/ { bank = $1; sub(/:/, "", bank); n = 0 }
		/0x/ { sub(/.*0x/, ""); printf "PCR-%02d: %s\n", n++, $0 >(prefix "-" bank); found = 1 }
		END { exit !found }'
}

# snapshot LIST: copies the binary list to $WORK/list and the registers of every bank to
# $WORK/pcrs-BANK, at one moment: the very tools that read may be unknown files, so it is repeated
# until no record was added meanwhile.
snapshot() {
	local count="${1%/*}/runtime_measurements_count" before after try
	for try in 1 2 3 4 5; do
		read -r before <"$count"
		cat "$1" >"$WORK/list" && all_pcrs "$WORK/pcrs" || return
		read -r after <"$count"
		[ "$before" != "$after" ] || return 0
	done
	note "$try times the list grew while it was read, at last from $before to $after records"
	return 1
}

# replay_ok [PCR [LIST]]: succeeds if that PCR of every active bank is what replaying the binary
# list gives. evmctl judges SHA-1 and SHA-256, the banks it knows, if the PCR was zero at first;
# replay.py all of them, from where the list says.
replay_ok() {
	local pcr=${1:-$PCR} list=${2:-$SECFS/binary_runtime_measurements} bank options=() known=() banks=() rc=0
	snapshot "$list" || return
	for bank in "$WORK"/pcrs-*; do
		[ -e "$bank" ] || { note "the TPM has no active bank" && return 1; }
		bank=${bank##*/pcrs-}
		banks+=("$bank=$(sed -n "s/^PCR-$(printf %02d "$pcr"): //p" "$WORK/pcrs-$bank")")
		case $bank in
		sha1 | sha256) known+=("$bank") options+=(--pcrs "$bank,$WORK/pcrs-$bank") ;;
		esac
	done
	"$SELFTESTS/replay.py" "$pcr" "$WORK/list" "${banks[@]}" || rc=1
	[ ${#known[@]} -gt 0 ] && ! grep -aq 'pcr_initial_[a-z0-9]*=[0-9a-f]*[1-9a-f]' "$WORK/list" || return "$rc"
	evmctl -v ima_measurement --ignore-violations "${options[@]}" "$WORK/list" >"$WORK/evmctl" 2>&1 || rc=1
	# evmctl is content as soon as one bank matches.
	for bank in "${known[@]}"; do
		grep -q "^$bank PCR-$(printf %02d "$pcr"): succeed" "$WORK/evmctl" || rc=1
	done
	[ "$rc" -eq 0 ] || grep -v ' ima-' "$WORK/evmctl" | tail -n 20
	return "$rc"
}

# replay_after ARCHIVE: succeeds if the PCR of every active bank is what replaying the list gives
# whose first records are in that file, by replay.py. Leaves both together in $WORK/all.
replay_after() {
	local bank banks=()
	cat "$1" "$SECFS/binary_runtime_measurements" >"$WORK/all" || return
	for bank in $(tpm_banks); do
		bank_pcrs "$bank" >"$WORK/pcrs-$bank"
		banks+=("$bank=$(sed -n "s/^PCR-$(printf %02d "$PCR"): //p" "$WORK/pcrs-$bank")")
	done
	"$SELFTESTS/replay.py" "$PCR" "$WORK/all" "${banks[@]}"
}
