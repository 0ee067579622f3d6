#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# apt upgrades a package, with a library that is in use, while the system enforces: without its list it does not begin;
# with it, which the hook of integration/ loads, everything goes on working, without a reboot.
#
#   scripts/vm --system -- /opt/selftests/run test_upgrade
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

enforcing_system
plan 20

export DEBIAN_FRONTEND=noninteractive
version() { dpkg-query -W -f '${Version}' curl; }
old=$(version)
boot=$(</proc/sys/kernel/random/boot_id)
systemctl is-system-running --wait >/dev/null 2>&1
check "the old version runs" curl --version
check "apt reads the repository" apt-get -q update || bail "no repository"
new=$(apt-cache policy curl | sed -n 's/^ *Candidate: //p')
note "curl $old, to become $new"
check "which has a newer version" dpkg --compare-versions "$new" gt "$old"

# Without its list.
mkdir /srv/hidden && mv /srv/lists/curl_* /srv/hidden/
denied_before=$(status files_denied)
check "without the list of a package apt stops" eval '! apt-get -q -y install curl >"$WORK/apt" 2>&1'
check "and says why" grep -q 'digest_lists: there is no list for .*/curl_' "$WORK/apt"
check_eq "the old version is still there" "$old" "$(version)"
check "and runs" curl --version
# What nobody loaded a list for.
mkdir "$WORK/unpacked" && dpkg-deb -x /srv/repository/curl_*.deb "$WORK/unpacked"
check "the new program is unknown" denied "$WORK/unpacked/usr/bin/curl"
mv /srv/hidden/curl_* /srv/lists/
denied_before=$((denied_before + 1))

# With it.
lists_before=$(status lists)
check "apt upgrades the package" apt-get -q -y install curl
check_eq "to the new version" "$new" "$(version)"
note "$(($(status lists) - lists_before)) lists more: $(cd /etc/digest_lists/lists && echo *_*.p7s)"
check "which runs, with its new library" eval 'curl --version | grep -q "libcurl/${new%%-*}"'
check_eq "nothing was refused" "$denied_before" "$(status files_denied)"
check "services can be restarted" systemctl restart cron.service rsyslog.service
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "it is the same boot" "$boot" "$(</proc/sys/kernel/random/boot_id)"

# What else is done with packages.
check "an initramfs with the new lists can be made" mkinitramfs -o "$WORK/initramfs"
check "which has them" eval 'lsinitramfs "$WORK/initramfs" | grep -q "etc/digest_lists/lists/curl_.*p7s"'
check "a package can be removed, for which nobody is asked for a list" eval 'mv /etc/digest_lists/apt.conf "$WORK/" &&
	apt-get -q -y remove nano && mv "$WORK/apt.conf" /etc/digest_lists/'
check_eq "nothing was refused" "$denied_before" "$(status files_denied)"

# That it was the list: without it the new version is unknown.
(cd /etc/digest_lists/lists && for list in curl_*; do [[ $list == *.p7s ]] || sha256sum <"$list"; done) |
	awk '{ print "sha256:" $1 }' >"$SECFS/digest_lists_remove"
check "without its list the new version is refused" eval '! /usr/bin/curl --version 2>/dev/null'
finish
