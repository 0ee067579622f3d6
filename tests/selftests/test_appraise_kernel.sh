#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal of what the kernel reads for itself: firmware and kexec images, and modules beside a BPF
# program that gives the result of the hook. See test_appraise_write.sh for other modules, and
# policies.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/kernel_reads.sh"

modprobe test_firmware 2>/dev/null || skip_all "no module test_firmware"
plan 18
begin_appraisal
load_module || bail "the module does not load"

section "firmware"
former=$(cat "$firmware_path")
printf %s "$disk" >"$firmware_path"
fresh "$disk" && unknown=$file
fresh "$disk" && listed=$file
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
fresh "$disk" && signed=$file && sign_file "$signed" linked
check "is loaded without a policy" request "$unknown"
list_of immutable "$listed" && load_signed || bail "the list is refused"
set_policy "appraise func=FIRMWARE_CHECK digest_list" || bail "the policy is refused"
check "is refused where it is unknown" is_refused missing-hash "$unknown" request "$unknown"
fresh "$disk"
check "is refused in part where it is unknown" is_refused missing-hash "$file" eval 'request_part "$file" && [ "$(cat "$test_firmware/test_result")" = 0 ]'
check "is loaded where a list knows it" request "$listed"
check "is loaded where security.ima has its digest" request "$hashed"
set_policy "appraise func=FIRMWARE_CHECK appraise_type=imasig digest_list"
check "is refused by imasig with a digest" is_refused IMA-signature-required "$hashed" request "$hashed"
check "is loaded by imasig with a signature" request "$signed"
check "is loaded by imasig with a list" request "$listed"
printf '%s\n' "$former" >"$firmware_path"
set_firmware reset 1
rmmod test_firmware

section "a BPF program that gives the result of a hook in its place"
# The kernel takes a result above 0 for the size of the file.
cp "$(modinfo -n dummy)" "$disk/dummy.ko" && echo unknown >>"$disk/dummy.ko" && mkfifo "$WORK/hold" || bail "no module"
# beside_it COMMAND...: while the program is there, if it can be.
beside_it() {
	local pid hold rc=0
	/opt/guest/bpf_lsm 0 security_kernel_post_read_file <"$WORK/hold" >"$WORK/bpf" 2>&1 &
	pid=$!
	exec {hold}>"$WORK/hold"
	wait_for 60 [ -s "$WORK/bpf" ]
	"$@" 2>"$WORK/beside" || rc=$?
	exec {hold}>&-
	wait "$pid"
	return "$rc"
}
btf=/sys/kernel/btf/vmlinux
# with_btf NAME COMMAND...: one result, where the kernel loads such programs at all.
with_btf() { if [ -e "$btf" ]; then check "$@"; else skip "$1" "BPF programs want a kernel with BTF"; fi; }
set_policy "measure func=MODULE_CHECK digest_list" || bail "the policy is refused"
with_btf "is loaded where the policy measures" eval 'beside_it true; grep -q "^attached" "$WORK/bpf"'
with_btf "leaves a violation there" [ "$(violations_for bpf_modify_return)" = 1 ]
set_policy "appraise func=MODULE_CHECK digest_list" || bail "the policy is refused"
check "does not have an unknown kernel module loaded" eval '! beside_it insmod "$disk/dummy.ko"'
with_btf "is refused" grep -q 'BPF_PROG_LOAD: Operation not permitted' "$WORK/bpf"
! grep -q '^dummy ' /proc/modules || rmmod dummy

section "kexec"
# kexec. The kernel that is named comes to nothing after it was read: EINVAL or ENOEXEC, not EACCES.
kernel=$disk/kernel
kernel_header "$kernel"
"$SYSCALLS" kexec "$kernel" "$kernel" 2>/dev/null
case $? in
1 | 38) # EPERM, ENOSYS
	while [ "$ktap_count" -lt "$ktap_planned" ]; do skip "call $((ktap_count + 1))" "this kernel has no kexec_file_load, or is locked down"; done
	finish
	;;
esac
# not_refused COMMAND...: the module refuses nothing, whatever becomes of the command.
not_refused() {
	local before
	before=$(status files_denied)
	"$@" 2>/dev/null
	[ "$(status files_denied)" = "$before" ]
}
set_policy "appraise func=KEXEC_KERNEL_CHECK digest_list${NL}appraise func=KEXEC_INITRAMFS_CHECK digest_list"
check "an unknown kernel is refused" is_refused missing-hash "$kernel" "$SYSCALLS" kexec "$kernel" "$listed"
list_of immutable "$kernel" && load_signed
check "an unknown initramfs is refused beside a known kernel" is_refused missing-hash "$unknown" "$SYSCALLS" kexec "$kernel" "$unknown"
check "a known kernel and a known initramfs are not refused" not_refused "$SYSCALLS" kexec "$kernel" "$listed"
set_policy "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig"
check "a list does not count without digest_list" is_refused IMA-signature-required "$kernel" "$SYSCALLS" kexec "$kernel" "$listed"
sign_module "$kernel" linked "$disk/signed-kernel"
check "a kernel with a signature at its end is not refused" not_refused "$SYSCALLS" kexec "$disk/signed-kernel" "$listed"
sign_module "$kernel" foreign "$disk/foreign-kernel"
check "a kernel with a signature by another key is refused" is_refused invalid-signature "$disk/foreign-kernel" "$SYSCALLS" kexec "$disk/foreign-kernel" "$listed"
finish
