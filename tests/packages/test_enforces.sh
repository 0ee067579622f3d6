#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system uses known files only, since its initramfs. See scripts/check-packages.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/packages/initramfs.sh
. /mnt/share/initramfs.sh

plan 12
section "the boot"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
check "the module is loaded" [ -d "$SECFS" ] || bail "the module is not loaded"
check_eq "it was loaded in the initramfs" "systemd digest_lists systemd" "$(starts)"
check_eq "it refuses files" enforce "$(status ima_appraise)"
check_eq "it has refused none" 0 "$(status files_denied)"
check_eq "one list is loaded, by the path that it has in the system" "/etc/digest_lists/metadata" \
	"$(sed -n 's/.* digest_lists_metadata:\([^ ]*\).*/\1/p' "$SECFS/ascii_runtime_measurements")"
check "digestctl status works" digestctl status
check_eq "the late unit had nothing to do" no "$(systemctl show -p ConditionResult --value digest-lists.service)"

section "a program"
cp /usr/bin/true /usr/local/bin/known && { cat /usr/bin/true; echo X; } >/usr/local/bin/unknown
chmod 755 /usr/local/bin/{known,unknown}
check "is executed if it is known" /usr/local/bin/known
check "is refused if it is unknown" eval '! /usr/local/bin/unknown'
check_eq "is counted then" 1 "$(status files_denied)"
rm /usr/local/bin/{known,unknown}
finish
