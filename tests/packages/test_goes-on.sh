#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The list of the initramfs does not load. The command line says that nothing is enforced, so the
# system starts to be repaired. See scripts/check-packages.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

plan 5
section "where the list does not load and nothing is enforced"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check "the module is loaded" [ -d "$SECFS" ]
check_eq "there is no list" 0 "$(status lists)"
check_eq "files are not appraised" off "$(status ima_appraise)"
check "the kernel log says that the list does not load" eval 'dmesg | grep -q "digest_lists: the lists do not load"'
finish
