#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system starts after test_measures.sh has purged the packages. See scripts/check-packages.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

plan 3
section "after the purge"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
check_eq "the kernel has no digest lists" no "$([ -d "$SECFS" ] && echo yes || echo no)"
finish
