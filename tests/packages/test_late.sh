#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system starts with an initramfs that was made before the packages were installed, so that
# digest-lists.service loads the module. The command line wants files to be appraised, which cannot
# begin at that time. See scripts/check-packages.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

plan 10
section "without the initramfs"
systemctl is-system-running --wait >/dev/null 2>&1
check "the module is loaded by its unit" [ -d "$SECFS" ] || bail "the module is not loaded"
check_eq "the list is loaded" 1 "$(status lists)"
check "the measurement list has the start record" grep -q ' digest_lists_start ' "$SECFS/ascii_runtime_measurements"
check_eq "files that the policy would refuse are logged" log "$(status ima_appraise)"
check_eq "the unit fails, so that it is noticed" digest-lists.service \
	"$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
check "the journal has the remedy" eval 'journalctl -b -u digest-lists.service | grep -q "update-initramfs -u"'
check_eq "the system is up" degraded "$(systemctl is-system-running)"
{ cat /usr/bin/true && echo X; } >/usr/local/bin/unknown && chmod 755 /usr/local/bin/unknown
denied=$(status files_denied)
check "an unknown program runs" /usr/local/bin/unknown
# Every file is one: the list is not signed, and the kernel limits what its log takes of them.
check "it is counted as one that should be refused" [ "$(status files_denied)" -gt "$denied" ]
rm /usr/local/bin/unknown
check "apt asks for no lists, since nothing is refused" apt-get -q -y install --reinstall /mnt/share/digestctl_*.deb
finish
