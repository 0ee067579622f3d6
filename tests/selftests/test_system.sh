#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A whole Debian system that enforces appraise_exec_tcb from its initramfs on, with signed lists of its packages: it
# boots as if nothing was there, and whatever is unknown does not run. For what scripts/system made:
#
#   scripts/vm --system -- /opt/selftests/run test_system
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

enforcing_system
plan 55

# The boot. Units may still be settling when the last one they were ordered after is up.
check "the system reaches multi-user.target" wait_for 300 eval '[ "$(systemctl is-active multi-user.target)" = active ]'
systemctl is-system-running --wait >"$WORK/state" 2>&1
check_eq "and runs" running "$(cat "$WORK/state")"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
units=$(systemctl list-units --all --no-legend --plain | wc -l)
note "$units units, $(systemctl list-units --no-legend --plain | wc -l) of them active; $(status files_appraised) files appraised; $(systemd-analyze time 2>/dev/null | head -n 1)"
check "there are many units" [ "$units" -ge 100 ]
check_eq "the module came before systemd" "digest_lists systemd" "$(dmesg |
	awk '/digest_lists: / && !m++ { printf "digest_lists " } /systemd\[1\]: systemd .* running/ && !s++ { print "systemd" }')"
check_eq "it enforces" enforce "$(status ima_appraise)"
check_eq "with signed lists only" "$(status lists)" "$(status lists_signed)"
check_eq "nothing was refused" 0 "$(status files_denied)"
check_eq "and the audit log has no refusal" 0 "$(dmesg | grep -c 'op=appraise_data')"
check_eq "the policy cannot be weakened by writing another one" 1 "$(set_policy "dont_appraise" 2>/dev/null; echo $?)"
check "every running program and library is known or belongs to the initramfs" eval '! dmesg | grep -q "would be refused"'

# What the administrator does with known programs.
check "a service can be restarted" systemctl restart cron.service
check "a module of the distribution loads, compressed as it is" modprobe dummy
check "a process of another user runs" as 1000 /usr/bin/id
check "a unit can be made on the fly" systemd-run --quiet --wait /usr/bin/true

disk=/var/lib/selftest
mkdir -p $disk && chmod 755 $disk
echo 0 >/proc/sys/kernel/printk_ratelimit

# Programs.
mark
fresh $disk && unknown=$file
check "an unknown program is denied" denied "$unknown"
check_eq "with a record of the audit log" 1 "$(refusals "$unknown" missing-hash | wc -l)"
cp /usr/bin/id $disk/id
check "(a copy of a known program runs)" $disk/id
cp /usr/bin/id $disk/modified && printf X | dd of=$disk/modified bs=1 seek=1000 conv=notrunc status=none
check "a modified program is denied" denied $disk/modified
check "to others as well" refuses as 1000 $disk/modified
chmod 4755 $disk/modified
check "and where it is setuid" refuses as 1000 $disk/modified
for place in /tmp /dev/shm /run; do
	cp "$unknown" $place/unknown
	check "an unknown program in $place is denied" denied $place/unknown
	rm $place/unknown
done
check "a unit with an unknown program fails" refuses systemd-run --quiet --wait "$unknown"
check "one in a mount namespace is denied" refuses eval 'unshare -m bash -c "mount -t tmpfs t /mnt/share && cp $unknown /mnt/share/x && /mnt/share/x"'
mkdir -p $disk/root && check "one below another root is denied" eval '! unshare -Ur bash -c "$unknown" 2>/dev/null'

# A known program that is in use cannot be rewritten in place; one that was replaced is unknown.
check "a program in use cannot be rewritten" refuses eval ': 2>/dev/null >>/usr/bin/id'
check "nor truncated" refuses "$SYSCALLS" truncate /usr/bin/id 10
check "it still runs" /usr/bin/id
mv /usr/bin/id $disk/saved && cp $disk/modified /usr/bin/id
check "in its place, another one is denied" denied /usr/bin/id
mv -f $disk/saved /usr/bin/id
check "put back, it runs" /usr/bin/id

# Libraries.
cp "$unknown" $disk/unknown.so
check "an unknown library is not preloaded" eval 'LD_PRELOAD=$disk/unknown.so /usr/bin/id 2>&1 | grep -q "cannot be preloaded\|failed to map"'
library=$(ldd /usr/bin/curl | awk '$1 ~ /^libz\./ { print $3; exit }')
mkdir -p $disk/lib && cp "$library" $disk/lib/
check "(a copy of a known library is mapped)" eval 'LD_LIBRARY_PATH=$disk/lib ldd /usr/bin/curl | grep -q $disk/lib && LD_LIBRARY_PATH=$disk/lib /usr/bin/curl --version'
check "a known library in use cannot be rewritten in place" refuses eval 'printf X 2>/dev/null | dd of=$disk/lib/${library##*/} bs=1 seek=3000 conv=notrunc status=none'
cp "$library" $disk/second && mv $disk/second $disk/lib/"${library##*/}"
printf X | dd of=$disk/lib/"${library##*/}" bs=1 seek=3000 conv=notrunc status=none
check "one that was rewritten before it was used is not mapped" refuses eval 'LD_LIBRARY_PATH=$disk/lib /usr/bin/curl --version'

# Scripts.
printf '#!/bin/sh\necho it ran\n' >$disk/script && chmod 755 $disk/script
check "an unknown script is denied" denied $disk/script
check "and to an interpreter that asks by AT_EXECVE_CHECK" refuses "$SYSCALLS" check $disk/script
check "which hears yes for a known one" "$SYSCALLS" check /usr/bin/ldd

# Modules.
module=$(find "/usr/lib/modules/$(uname -r)/kernel" -name 'brd.ko*')
check "(a module is unpacked)" eval 'xz -dc "$module" >$disk/brd.ko && [ -s $disk/brd.ko ]'
check "a module that was repacked is unknown, and denied" refuses insmod $disk/brd.ko
check "also from memory" refuses "$SYSCALLS" init-module $disk/brd.ko
cp "$module" $disk/ && printf X >>$disk/"${module##*/}"
check "so is a modified one" refuses insmod "$disk/${module##*/}"
check "as its vendor made it, it loads" insmod "$module"

# Around execve().
check "ld.so does not run an unknown program" refuses /lib64/ld-linux-x86-64.so.2 "$unknown"
cp /usr/bin/id $disk/first
check "a file swapped after it was opened is denied" refuses "$SYSCALLS" swap-exec "$unknown" $disk/first
check "an unknown mapping does not become executable" refuses "$SYSCALLS" mprotect "$unknown"
check "a memfd is not executed, whatever it contains" refuses "$SYSCALLS" memfd-exec /usr/bin/true
fresh $disk
exec {fd}<"$file"
check "nor a file by its number in /proc" refuses /proc/self/fd/$fd
exec {fd}<&-
check "a user cannot vouch by security.ima" eval 'cp $unknown /tmp/mine && chown 1000 /tmp/mine && ! as 1000 setfattr -n security.ima -v 0x0404$(digest_of /tmp/mine) /tmp/mine 2>/dev/null'

# What the tool foretells.
check "the dry run allows all that is running, by the lists and their signer" digestctl appraise --dry-run appraise_exec_tcb
check_eq "systemd by the list of the packages" 1 "$(digestctl appraise --dry-run appraise_exec_tcb |
	grep -c 'allowed BPRM_CHECK: /usr/lib/systemd/systemd, immutable in the list debian, signed by [0-9a-f]')"
check "it denies an unknown file below a tree" eval '! digestctl appraise --dry-run appraise_exec_tcb --denied $disk >"$WORK/dry"'
check "by name and cause" grep -q "denied BPRM_CHECK: $disk/modified, missing-hash, sha256:" "$WORK/dry"
rm -rf $disk /tmp/mine
check_eq "the system is as it was" running "$(systemctl reset-failed; systemctl is-system-running)"
finish
