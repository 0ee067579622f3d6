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
plan 10

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
finish
