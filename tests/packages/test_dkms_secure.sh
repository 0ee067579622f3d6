#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The firmware has Secure Boot on. It knows the distribution's key, and the key by which DKMS signs
# on this machine. See scripts/check-dkms.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

plan 7
section "Secure Boot"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the firmware verified the kernel" 1 "$(od -An -j4 -tu1 /sys/firmware/efi/efivars/SecureBoot-* | tr -d ' ')"
check "the kernel is locked down" grep -qF '[integrity]' /sys/kernel/security/lockdown
check_eq "the system runs" running "$(systemctl is-system-running)"
check "the module that DKMS signed is loaded" [ -d "$SECFS" ] || note "$(dmesg | grep -iE 'digest_lists|x509|key')"
check_eq "its signature is one that the kernel trusts" no "$(grep -q E /sys/module/digest_lists/taint && echo yes || echo no)"
# The signature is looked at before anything else.
plain=$WORK/plain.ko
file=$(modinfo -n digest_lists)
case $file in *.xz) xz -dc "$file" ;; *) cat "$file" ;; esac >"$plain"
signed=$(stat -c %s "$plain")
check "the same module, changed in one byte, is refused" eval \
	'printf X | dd of="$plain" bs=1 seek=$((signed / 2)) conv=notrunc status=none; ! insmod "$plain" 2>"$WORK/error" &&
	grep -q "Key was rejected\|Required key not available" "$WORK/error"'
check "the same module without a signature is refused" eval \
	'strip --strip-debug "$plain" && ! insmod "$plain" 2>"$WORK/error" && cat "$WORK/error" &&
	grep -q "Operation not permitted\|Key was rejected\|Required key not available" "$WORK/error"'
finish
