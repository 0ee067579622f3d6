#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A stock Debian system gets the packages, and what README.md says behind them. It does not run yet:
# this is executed in its root. See scripts/check-packages.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

packages=(/mnt/share/*.deb)
release=$(cd /boot && echo initrd.img-*)
release=${release#initrd.img-}
plan 18

check_eq "the system has nothing of the project" "" "$(dpkg-query -W -f '${Package}\n' | grep -i digest)"

section "apt install"
check "installs the packages" apt-get -q -y install "${packages[@]}" || bail "the packages cannot be installed"
check_eq "enables the units" "enabled enabled enabled" "$(systemctl is-enabled \
	digest-lists.service digest-lists-checkpoint.timer digest-lists-violations.timer | xargs)"
check "puts the hook into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q scripts/init-bottom/digest_lists'
check "puts the module into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q "/digest_lists\.ko"'
check "puts no lists there" eval '! lsinitramfs "/boot/initrd.img-$release" | grep -q "^etc/digest_lists/metadata"'

section "the two commands of README.md"
while read -r command; do
	begun=$SECONDS
	check "succeed: $command" bash -c "$command </dev/null"
	note "$((SECONDS - begun)) s"
done </mnt/share/commands
check "put the lists into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q "^etc/digest_lists/metadata"'
check "keep a copy of the metadata for attestation" eval '[ "$(ls /var/lib/digest_lists/metadata | wc -l)" = 1 ]'

section "where files are to be appraised"
initramfs=/boot/initrd.img-$release
echo "options digest_lists ima_policy=appraise_exec_tcb" >/etc/modprobe.d/enforce.conf
check "an initramfs is made with the module and a list" update-initramfs -u
sum=$(sha256sum <"$initramfs")
mv /etc/digest_lists/lists/debian /etc/digest_lists/debian
check "no initramfs is made without a list" eval '! update-initramfs -u'
mv /etc/digest_lists/debian /etc/digest_lists/lists/debian
check "the module's package can be removed" apt-get -q -y remove "digest-lists-modules-$release"
check_eq "the initramfs stays then, with the module" "$sum" "$(sha256sum <"$initramfs")"
check "a kernel without the module cannot be installed" eval '! dpkg-reconfigure "linux-image-$release"'
check_eq "the initramfs stays then as well" "$sum" "$(sha256sum <"$initramfs")"
check "the module's package can be installed again" apt-get -q -y install "/mnt/share/digest-lists-modules-$release"_*.deb
rm /etc/modprobe.d/enforce.conf
check "an initramfs that measures is made again" update-initramfs -u
finish
