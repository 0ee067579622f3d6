#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system measures since its initramfs, with what test_install.sh or test_dracut.sh left; then
# the packages are purged. See scripts/check-packages.
#
# shellcheck disable=SC2016,SC2034,SC2154 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/packages/initramfs.sh
. /mnt/share/initramfs.sh

list=$SECFS/ascii_runtime_measurements
records() { wc -l <"$list"; }
failed_units() { systemctl list-units --failed --no-legend --plain | cut -d' ' -f1; }
release=$(uname -r)
plan 25

section "the boot"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "no unit failed" "" "$(failed_units)"
check "the module is loaded" [ -d "$SECFS" ] || bail "the module is not loaded"
# With dracut systemd runs in the initramfs as well.
check_eq "it was loaded before the systemd of the root file system" "$(command -v dracut >/dev/null && echo systemd' ')digest_lists systemd" \
	"$(starts)"
check "the measurement list has the start record" grep -q ' digest_lists_start ' "$list"
check_eq "one list is loaded" 1 "$(status lists)"
check "digestctl status works" digestctl status
check "digestctl doctor finds no problem" digestctl doctor
note "$(status digests) digests, $(records) records"
check_eq "the late unit had nothing to do" no "$(systemctl show -p ConditionResult --value digest-lists.service)"
hash=$(awk '$5 ~ /^digest_lists_metadata/ { sub(/.*:/, "", $4); print $4 }' "$list")
check "the metadata that were loaded are kept for attestation" [ -s "/var/lib/digest_lists/metadata/$hash" ]

section "a program"
cp /usr/bin/true /usr/local/bin/known && { cat /usr/bin/true; echo X; } >/usr/local/bin/unknown
chmod 755 /usr/local/bin/{known,unknown}
before=$(records)
/usr/local/bin/known
check_eq "leaves no record if it is known" "$before" "$(records)"
/usr/local/bin/unknown
check_eq "leaves a record if it is unknown" $((before + 1)) "$(records)"
check "is named by its record" eval 'tail -n 1 "$list" | grep -q " /usr/local/bin/unknown$"'

section "the units"
check "the checkpoint is made" systemctl start digest-lists-checkpoint.service
check "the checkpoint has a record" grep -q ' digest_lists_checkpoint ' "$list"
check "without violations there is no alert" systemctl start digest-lists-violations.service

section "apt"
check "asks for no lists where nothing is refused" apt-get -q -y install --reinstall /mnt/share/digestctl_*.deb

section "the removal"
check "removes the packages" apt-get -q -y remove digest-lists "digest-lists-modules-$release" digestctl
check_eq "leaves the lists" debian "$(ls --ignore='*.p7s' /etc/digest_lists/lists)"
check "makes an initramfs without the module" eval \
	'! content "/boot/initrd.img-$release" | grep -E "$ours"'
check "purges the packages" apt-get -q -y purge 'digest-lists*' digestctl
check_eq "leaves nothing" "" "$(find / -xdev \( -name '*digest_lists*' -o -name '*digest-lists*' -o -name '*digestctl*' \) \
	! -path '/mnt/*' ! -path '/opt/*' ! -path '/var/log/*' ! -path '/var/tmp/*' ! -path '/tmp/*')"
check "leaves a module index without the module" eval '! grep digest_lists "/lib/modules/$release/modules.dep"'
check "leaves an initramfs" [ -s "/boot/initrd.img-$release" ]
check_eq "leaves no failed unit" "" "$(failed_units)"
finish
