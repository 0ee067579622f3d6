#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system starts with the module that DKMS built for its kernel, and measures. See
# scripts/check-dkms.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

list=$SECFS/ascii_runtime_measurements
read -r new </mnt/share/new
plan 9

section "the module of DKMS"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check "it is loaded" [ -d "$SECFS" ] || bail "the module is not loaded: $(dmesg | grep digest_lists)"
check_eq "it was loaded before systemd" "digest_lists systemd" "$(dmesg |
	awk '/digest_lists: / && !m++ { printf "digest_lists " } /systemd\[1\]: systemd .* running/ && !s++ { print "systemd" }')"
check_eq "it is the one that DKMS signed" "DKMS module signing key" "$(modinfo -F signer digest_lists)"
check_eq "one list is loaded" 1 "$(status lists)"
{ cat /usr/bin/true && echo X; } >/usr/local/bin/unknown && chmod 755 /usr/local/bin/unknown
/usr/local/bin/unknown
check "an unknown program leaves a record" grep -q ' /usr/local/bin/unknown$' "$list"
rm /usr/local/bin/unknown
check "digestctl doctor finds no problem" digestctl doctor

section "the boot loader"
mkdir -p /boot/grub
check "update-grub writes its menu" update-grub
check_eq "the menu has one kernel" "/boot/vmlinuz-$(uname -r)" "$(sed -n 's/^\tlinux\t\([^ ]*\).*/\1/p' /boot/grub/grub.cfg)"
note "the next one is $new"
finish
