#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system starts by the default of its boot loader after a kernel was installed while enforcing.
# See scripts/check-dkms.
#
# shellcheck disable=SC2016 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

read -r new </mnt/share/new
plan 6
section "after a kernel upgrade while enforcing"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the new kernel starts by default" "$new" "$(uname -r)"
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "only known files may be used" enforce "$(status ima_appraise)"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
check "a module of the new kernel's package can be used" modprobe dummy
{ cat /usr/bin/true && echo X; } >/usr/local/bin/unknown && chmod 755 /usr/local/bin/unknown
check "an unknown program is refused" eval '! /usr/local/bin/unknown'
finish
