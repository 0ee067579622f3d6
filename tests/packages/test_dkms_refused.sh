#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system enforces, and is to get a kernel that there is no module for. See scripts/check-dkms.
#
# shellcheck disable=SC2016 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

read -r new </mnt/share/new
release=$(uname -r)
export DEBIAN_FRONTEND=noninteractive
default() { sed -n 's/^[[:space:]]*linux[[:space:]]*\([^ ]*\).*/\1/p' /boot/grub/grub.cfg | head -n 1; }
# fails COMMAND...: whether it fails; what it prints is kept.
fails() {
	! "$@" >"$WORK/said" 2>&1 || return
	cat "$WORK/said"
}
plan 14

section "a kernel without a module while enforcing"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "only known files may be used" enforce "$(status ima_appraise)"
{ cat /usr/bin/true && echo X; } >/usr/local/bin/unknown && chmod 755 /usr/local/bin/unknown
check "an unknown program is refused" eval '! /usr/local/bin/unknown'
rm /usr/local/bin/unknown
check "is not installed" fails apt-get -q -y install /mnt/share/linux-{image,base,binary,modules}-"$new"_*.deb
check "it is said what is missing" grep -qF "there is no module for $new: it would not start" "$WORK/said"
check "it is said what helps" grep -qF "install digest-lists-modules-$new" "$WORK/said"
check_eq "dpkg knows that the installation failed" half-configured "$(dpkg-query -W -f '${db:Status-Status}' "linux-image-$new")"
check "it has no initramfs" [ ! -e "/boot/initrd.img-$new" ]
check_eq "the boot loader keeps the kernel that is there" "/boot/vmlinuz-$release" "$(default)"
check "the menu can be written by others" update-grub
check "the menu has the kernel then" grep -q "/boot/vmlinuz-$new" /boot/grub/grub.cfg
check_eq "the boot loader starts the kernel that is there even then" "/boot/vmlinuz-$release" "$(default)"

# The build makes programs, and executes them.
version=$(dpkg-query -W -f '${Version}' digest-lists-dkms)
tree=(--dkmstree "$WORK/dkms")
mkdir "$WORK/dkms"
dkms add "${tree[@]}" -m digest-lists -v "$version" >/dev/null
check "DKMS builds no module here" fails dkms build "${tree[@]}" -m digest-lists -v "$version" -k "$release"
check "it is said why, and what helps" eval 'grep -A 1 "new programs may not be executed on this machine" \
	"$WORK/dkms/digest-lists/$version/build/make.log" | grep -q "install digest-lists-modules-$release"'
finish
