#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system was started by the default of its boot loader after the installation of a kernel had
# failed. Now it gets the module for that kernel. See scripts/check-dkms.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

read -r new </mnt/share/new
read -r release </mnt/share/release
export DEBIAN_FRONTEND=noninteractive
default() { sed -n 's/^[[:space:]]*linux[[:space:]]*\([^ ]*\).*/\1/p' /boot/grub/grub.cfg | head -n 1; }
plan 9

section "after the installation of a kernel that failed"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the old kernel starts by default" "$release" "$(uname -r)"
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "only known files may be used" enforce "$(status ima_appraise)"

section "the module for the new kernel"
begun=$SECONDS
check "is installed while enforcing, and the kernel with it" apt-get -q -y install /mnt/share/digest-lists-modules-"$new"_*.deb
note "$((SECONDS - begun)) s"
check_eq "dpkg knows that the kernel is installed" installed "$(dpkg-query -W -f '${db:Status-Status}' "linux-image-$new")"
check "is in the initramfs" grep -q '/digest_lists[.]ko' <(lsinitramfs "/boot/initrd.img-$new")
check "the lists of the new packages are kept" [ -s "/etc/digest_lists/lists/linux-modules-${new}_$(
	dpkg-query -W -f '${Version}_${Architecture}' "linux-modules-$new")" ]
check_eq "the boot loader starts the new kernel by default" "/boot/vmlinuz-$new" "$(default)"
check "the initramfs of the old kernel is there" [ -s "/boot/initrd.img-$release" ]
finish
