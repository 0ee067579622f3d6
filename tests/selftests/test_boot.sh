#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest itself is what the other tests expect.

. "$(dirname "$0")/lib.sh"

plan 8

untainted() { [ "$(cat /proc/sys/kernel/tainted)" = 0 ] || { cat /proc/sys/kernel/tainted && false; }; }
distribution_kernel() { [[ $(cat /proc/version) == *"(debian-kernel@"* ]]; }
lsm_active() { tr ',' '\n' </sys/kernel/security/lsm | grep -qx "$1"; }
tools() {
	local tool missing=
	for tool in attr awk bpftool btrfs evmctl getfattr keyctl mkfs.btrfs mkfs.ext4 mkfs.xfs modprobe mount openssl \
		python3 setfattr sha256sum strace tpm2_pcrread; do
		command -v "$tool" >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] || { echo "missing:$missing" && false; }
}
modules() {
	local module
	for module in loop ext4 xfs btrfs overlay tpm_vtpm_proxy; do modinfo "$module" >/dev/null || return; done
}
file_systems() {
	local type
	for type in ext4 xfs btrfs; do
		mkfs_loop "$type" 512M "$WORK/$type" && echo content >"$WORK/$type/file" || return
	done
}

section "the guest"
if debug_kernel; then
	skip "has the distribution's kernel" "a kernel of scripts/debug-kernel"
else
	check "has the distribution's kernel" distribution_kernel
fi
check "has an untainted kernel" untainted
check "has the BPF LSM active" lsm_active bpf
check "has every tool" tools
check "has every module" modules
check "makes ext4, xfs and btrfs on loop devices" file_systems
if [ -e /dev/tpm0 ]; then
	check_eq "has a TPM with four active banks" "sha1 sha256 sha384 sha512" "$(tpm_banks | tr '\n' ' ' | sed 's/ $//')"
	# IMA looks for a TPM once, and its first record says so.
	if head -n 1 /sys/kernel/security/ima/ascii_runtime_measurements | grep -q ':0* boot_aggregate'; then
		skip "has a list of IMA that replays to PCR 10" "the TPM came later than IMA"
	else
		check "has a list of IMA that replays to PCR 10" replay_ok 10 /sys/kernel/security/ima/binary_runtime_measurements
	fi
else
	skip "has a TPM with four active banks" "no TPM"
	skip "has a list of IMA that replays to PCR 10" "no TPM"
fi
finish
