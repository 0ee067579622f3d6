#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# apt upgrades a package, with a library that a process has mapped, while the system enforces:
# without its list it does not begin; with it, which the hook of integration/ loads, everything goes
# on working, without a reboot.
#
#   scripts/vm --system -- /opt/selftests/run test_upgrade
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

enforcing_system
plan 36
no_ratelimit

export DEBIAN_FRONTEND=noninteractive
version() { dpkg-query -W -f '${Version}' curl; }
library=$(ldd /usr/bin/curl | awk '$1 ~ /^libcurl\./ { print $3; exit }')
library=$(readlink -f "${library%/*}")/${library##*/}

# begin_transfer NAME: a process that has the library mapped until something is written to the pipe
# $WORK/NAME; what it gets goes to $WORK/NAME.out. Its id is in $transfer.
begin_transfer() {
	mkfifo "$WORK/$1"
	curl -s "file://$WORK/$1" >"$WORK/$1.out" &
	transfer=$!
	wait_for 20 eval '[ -n "$(mapped $transfer)" ]' || bail "curl does not start"
}
# mapped PID: the inode and the name of the library whose code the process has mapped.
mapped() { awk '/ r-xp .*\/libcurl\./ { print $5, $6 ($7 == "" ? "" : " " $7); exit }' "/proc/$1/maps"; }
# on_disk: the same of what is installed.
on_disk() { stat -L -c '%i' "$library" | sed "s,\$, $(readlink -f "$library"),"; }

old=$(version)
boot=$(</proc/sys/kernel/random/boot_id)
systemctl is-system-running --wait >/dev/null 2>&1
section "before the upgrade"
check "the old version runs" curl --version
check "apt reads the repository" apt-get -q update || bail "no repository"
new=$(apt-cache policy curl | sed -n 's/^ *Candidate: //p')
note "curl $old, to become $new"
check "the repository has a newer version" dpkg --compare-versions "$new" gt "$old"

section "an upgrade without the list of the package"
mkdir /srv/hidden && mv /srv/lists/curl_* /srv/hidden/
check "apt stops" eval '! apt-get -q -y install curl >"$WORK/apt" 2>&1'
check "apt gives the reason" grep -q 'digest_lists: there is no list for .*/curl_' "$WORK/apt"
check_eq "the old version is still there" "$old" "$(version)"
check "the old version runs" curl --version
# What nobody loaded a list for.
mkdir "$WORK/unpacked" && dpkg-deb -x /srv/repository/curl_*.deb "$WORK/unpacked"
check "the new program is unknown" is_refused missing-hash "$WORK/unpacked/usr/bin/curl" "$WORK/unpacked/usr/bin/curl" --version
mv /srv/hidden/curl_* /srv/lists/
denied_before=$(status files_denied)

section "an upgrade with the list of the package"
mkdir "$WORK/old" && cp /usr/bin/curl "$library" "$WORK/old/"
begin_transfer before && user=$transfer
check_eq "a process has the library mapped" "$(on_disk)" "$(mapped "$user")"
lists_before=$(status lists)
check "apt upgrades the package" apt-get -q -y install curl
check_eq "the record of the lists has the name that it has on every machine" \
	digest_lists_metadata:/etc/digest_lists/.apt/metadata \
	"$(awk '$5 ~ /^digest_lists_metadata/ { name = $5 } END { print name }' "$SECFS/ascii_runtime_measurements")"
hash=$(awk '$5 ~ /^digest_lists_metadata/ { sub(/.*:/, "", $4); hash = $4 } END { print hash }' \
	"$SECFS/ascii_runtime_measurements")
check_eq "the metadata of the record are kept for attestation" "$hash" \
	"$(sha256sum <"/var/lib/digest_lists/metadata/$hash" | cut -d' ' -f1)"
check_eq "the lists are kept as files, though their source is a directory that is linked to" "" \
	"$(find /etc/digest_lists/lists -type l)"
check_eq "the package has the new version" "$new" "$(version)"
note "$(($(status lists) - lists_before)) lists more: $(cd /etc/digest_lists/lists && echo *_*.p7s)"
check "the new version runs with its new library" eval 'curl --version | grep -q "libcurl/${new%%-*}"'
check "the process lives on" kill -0 "$user"
check "the process has the old library, which is deleted" eval 'mapped "$user" | grep "(deleted)"'
timeout 20 bash -c "echo through the old library >'$WORK/before'"
check "the process ends well" wait "$user"
check_eq "the process has done its work" "through the old library" "$(cat "$WORK/before.out")"
begin_transfer after
check_eq "a new process has the new library mapped" "$(on_disk)" "$(mapped "$transfer")"
timeout 20 bash -c "echo through the new library >'$WORK/after'"
check "a new process ends well" wait "$transfer"
check_eq "a new process has done its work" "through the new library" "$(cat "$WORK/after.out")"
check "the old version is still known, as the list of the packages has it" eval \
	'LD_LIBRARY_PATH=$WORK/old "$WORK/old/curl" --version | grep -q "libcurl/${old%%-*}"'
check_eq "nothing is refused" "$denied_before" "$(status files_denied)"
check "services can be restarted" systemctl restart cron.service rsyslog.service
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "the boot is the same" "$boot" "$(</proc/sys/kernel/random/boot_id)"
check_eq "the module enforces" enforce "$(status ima_appraise)"

section "the same version once more, with another signature of its list"
for signature in /srv/lists/curl_*.p7s; do
	kept=/etc/digest_lists/lists/${signature##*/}
	check "the signature that counted is kept" cmp "$signature" "$kept"
	cp "$kept" "$WORK/kept.p7s" && cp "$signature" "$WORK/offered.p7s"
	# That of another list.
	cat /srv/lists/libcurl*_*.p7s >"$signature"
	check "apt installs the package again" apt-get -q -y install --reinstall curl
	check "the signature that counted is still there" cmp "$WORK/kept.p7s" "$kept"
	cp "$WORK/offered.p7s" "$signature"
done

section "other work with packages"
check "an initramfs with the new lists can be made" mkinitramfs -o "$WORK/initramfs"
check "the initramfs has the new lists" eval 'lsinitramfs "$WORK/initramfs" | grep -q "etc/digest_lists/lists/curl_.*p7s"'
check "a package can be removed, for which no list is asked" eval 'mv /etc/digest_lists/apt.conf "$WORK/" &&
	apt-get -q -y remove nano && mv "$WORK/apt.conf" /etc/digest_lists/'
check_eq "nothing is refused" "$denied_before" "$(status files_denied)"

section "the new version without its list"
# That it was the list: without it the new version is unknown.
(cd /etc/digest_lists/lists && for list in curl_*; do [[ $list == *.p7s ]] || sha256sum <"$list"; done) |
	awk '{ print "sha256:" $1 }' >"$SECFS/digest_lists_remove"
check "is refused" is_refused missing-hash /usr/bin/curl curl --version
finish
