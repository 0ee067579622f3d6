#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Appraisal of what the kernel reads for itself: firmware and kexec images. See
# test_appraise_write.sh for modules and policies.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/kernel_reads.sh"

modprobe test_firmware 2>/dev/null || skip_all "no module test_firmware"
plan 14
begin_appraisal
load_module || bail "the module does not load"

# Firmware.
former=$(cat "$firmware_path")
printf %s "$disk" >"$firmware_path"
fresh "$disk" && unknown=$file
fresh "$disk" && listed=$file
fresh "$disk" && hashed=$file && evmctl ima_hash -a sha256 "$hashed" >/dev/null 2>&1
fresh "$disk" && signed=$file && sign_file "$signed" linked
check "(firmware is loaded)" request "$unknown"
list_of immutable "$listed" && load_signed || bail "the list is refused"
set_policy "appraise func=FIRMWARE_CHECK digest_list" || bail "the policy is refused"
check "unknown firmware is refused" is_refused missing-hash "$unknown" request "$unknown"
fresh "$disk"
check "as it is in part" is_refused missing-hash "$file" eval 'request_part "$file" && [ "$(cat "$test_firmware/test_result")" = 0 ]'
check "firmware that a list knows is loaded" request "$listed"
check "so is one with a digest in security.ima" request "$hashed"
set_policy "appraise func=FIRMWARE_CHECK appraise_type=imasig digest_list"
check "imasig: a digest is not enough" is_refused IMA-signature-required "$hashed" request "$hashed"
check "a signature is" request "$signed"
check "and a list" request "$listed"
printf '%s\n' "$former" >"$firmware_path"
set_firmware reset 1
rmmod test_firmware

# kexec. The kernel that is named comes to nothing after it was read: EINVAL or ENOEXEC, not EACCES.
kernel=$disk/kernel
kernel_header "$kernel"
"$SYSCALLS" kexec "$kernel" "$kernel" 2>/dev/null
case $? in
1 | 38) # EPERM, ENOSYS
	while [ "$ktap_count" -lt "$ktap_planned" ]; do skip "kexec" "this kernel has no kexec_file_load, or is locked down"; done
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
check "with a known one an unknown initramfs is" is_refused missing-hash "$unknown" "$SYSCALLS" kexec "$kernel" "$unknown"
check "with a known one nothing is" not_refused "$SYSCALLS" kexec "$kernel" "$listed"
set_policy "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig"
check "without digest_list the list does not count" is_refused IMA-signature-required "$kernel" "$SYSCALLS" kexec "$kernel" "$listed"
sign_module "$kernel" linked "$disk/signed-kernel"
check "a signature at the end of the kernel does" not_refused "$SYSCALLS" kexec "$disk/signed-kernel" "$listed"
sign_module "$kernel" foreign "$disk/foreign-kernel"
check "one by another key does not" is_refused invalid-signature "$disk/foreign-kernel" "$SYSCALLS" kexec "$disk/foreign-kernel" "$listed"
finish
