#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A whole Debian system that enforces appraise_exec_tcb from its initramfs on, with signed lists of
# its packages: it boots as if nothing was there, and whatever is unknown does not run: each attempt
# is refused for the cause, and with the path, that the audit log names. For what scripts/system
# made:
#
#   scripts/vm --system -- /opt/selftests/run test_system
#
# shellcheck disable=SC2015,SC2016,SC2034 # 'eval' in a check, which uses variables; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

MAPPINGS=/opt/guest/mappings
INTERPRETER=/opt/guest/interpreter
# Of the units of such a system that stay active after the boot. Fewer, and something of it is not
# there.
UNITS=70

enforcing_system
plan 101
no_ratelimit

# modified FILE COPY OFFSET: a copy with one byte changed.
modified() {
	{ head -c "$3" "$1" && printf X && tail -c "+$(($3 + 2))" "$1"; } >"$2" && chmod --reference="$1" "$2"
}

# replace_policy FILE: whether the policy can be replaced by the one in the file.
replace_policy() { echo "$1" >"$SECFS/policy"; }

section "the boot"
check "the system reaches multi-user.target" wait_for 300 eval '[ "$(systemctl is-active multi-user.target)" = active ]'
systemctl is-system-running --wait >"$WORK/state" 2>&1
check_eq "the system runs" running "$(cat "$WORK/state")"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
active=$(systemctl list-units --state=active --no-legend --plain | wc -l)
note "$active active units, of $(systemctl list-units --all --no-legend --plain | wc -l) that systemd knows of; $(status digests) digests; $(status files_appraised) files appraised; $(systemd-analyze time 2>/dev/null | head -n 1)"
check "at least $UNITS units are active" [ "$active" -ge $UNITS ]
check_eq "the module came before systemd" "digest_lists systemd" "$(dmesg |
	awk '/digest_lists: / && !m++ { printf "digest_lists " } /systemd\[1\]: systemd .* running/ && !s++ { print "systemd" }')"
check_eq "the module enforces" enforce "$(status ima_appraise)"
check_eq "all lists are signed" "$(status lists)" "$(status lists_signed)"
check_eq "a list counts by a key of /etc/digest_lists/keys" "certified
lists=1" "$(
	id=$(digestctl keys show /etc/digest_lists/keys/signer.pem | cut -d' ' -f1)
	sed -n "s/^$id .* origin=\([a-z-]*\) .*/\1/p" "$SECFS/trusted_keys"
	printf 'lists=%s\n' "$(grep -c " signer=$id " "$SECFS/digest_lists")")"
check_eq "nothing was refused" 0 "$(status files_denied)"
check_eq "the audit log has no refusal" 0 "$(dmesg | grep -c 'op=appraise_data')"
# udevd of the initramfs may still be ending, with files that are gone.
wait_for 120 eval '! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q "udevadm (deleted)"'
check "the dry run allows all that is running" digestctl appraise --dry-run appraise_exec_tcb
check_eq "the dry run names the list and the signer of systemd" 1 "$(grep -c \
	'allowed BPRM_CHECK: /usr/lib/systemd/systemd, immutable in the list debian, signed by [0-9a-f]' "$WORK/check")"

section "known programs"
check "a service can be restarted" systemctl restart cron.service
check "a module of the distribution loads, compressed as it is" modprobe dummy
check "a process of another user runs" as 1000 /usr/bin/id
check "a unit can be made on the fly" systemd-run --quiet --wait /usr/bin/true

disk=/var/lib/selftest
mkdir -p $disk && chmod 755 $disk
fresh $disk && unknown=$file

section "the policy"
parameter=/sys/module/digest_lists/parameters/ima_appraise
policy=$(cat "$SECFS/policy")
check "ima_appraise cannot be written" eval '! { echo off >$parameter; } 2>/dev/null'
check_eq "ima_appraise stays enforce" "enforce enforce" "$(cat $parameter) $(status ima_appraise)"
check "a policy written as bytes is refused" is_refused_with "POLICY_CHECK: the policy wants a file" set_policy dont_appraise
mount_tmp tmpfs mode=755 "$WORK/tmpfs" && mount_tmp ramfs mode=755 "$WORK/ramfs" || bail "no file systems"
for place in $disk "$WORK/tmpfs" "$WORK/ramfs"; do
	echo dont_appraise >"$place/policy"
	check "an unsigned policy is refused on $(findmnt -n -o FSTYPE -T "$place")" \
		is_refused IMA-signature-required "$place/policy" replace_policy "$place/policy"
done
check_eq "the policy in force stays" "$policy" "$(cat "$SECFS/policy")"
check "a policy that a signed list has is taken" replace_policy /srv/policy

section "programs"
check "an unknown program is denied" denied "$unknown"
check "an unknown program is denied with cause and path" is_refused missing-hash "$unknown" "$unknown"
cp "$unknown" "$WORK/ramfs/unknown"
check "an unknown program on a ramfs is denied" is_refused missing-hash "$WORK/ramfs/unknown" "$WORK/ramfs/unknown"
# shellcheck disable=SC2016 # expanded in there
own_ramfs='mount -t ramfs none /mnt && cp "$1" /mnt/program && exec /mnt/program'
check "an unknown program on a ramfs that a user mounts in a namespace of their own is denied" \
	is_refused missing-hash /mnt/program as 1000 unshare -Urm bash -c "$own_ramfs" own_ramfs "$unknown"
check "a known program on a ramfs that a user mounts in a namespace of their own runs" as 1000 unshare -Urm bash -c "$own_ramfs" own_ramfs /usr/bin/id
cp /usr/bin/id $disk/id
check "a copy of a known program runs" $disk/id
modified /usr/bin/id $disk/modified 1000
check "a modified program is denied" is_refused missing-hash $disk/modified $disk/modified
check "a modified program is denied to another user" is_refused missing-hash $disk/modified as 1000 $disk/modified
chmod 4755 $disk/modified
check "a modified program is denied to another user where it is setuid" is_refused missing-hash $disk/modified as 1000 $disk/modified
check "a unit with an unknown program fails" is_refused missing-hash "$unknown" systemd-run --quiet --wait "$unknown"

section "places"
# Places. Where a file system is mounted noexec nothing is executed without the module either.
mount -o remount,exec /run
for place in /tmp /dev/shm /run "$WORK/tmpfs" "$WORK/ramfs"; do
	cp "$unknown" "$place/unknown" && cp /usr/bin/id "$place/known"
	type=$(findmnt -n -o FSTYPE -T "$place")
	check "a known program in ${place/$WORK/…}, $type, runs" "$place/known"
	check "an unknown program in ${place/$WORK/…}, $type, is denied" is_refused missing-hash "$place/unknown" "$place/unknown"
	rm "$place/unknown" "$place/known"
done
mount -o remount,noexec /run
mkdir -p $disk/root/{lib64,bin} && cp "$unknown" $disk/root/bin/unknown
while read -r needed; do
	[ -e "$needed" ] && install -D "$needed" "$disk/root$needed"
done < <(ldd /usr/bin/true | grep -o '/[^ ]*') && cp /usr/bin/true $disk/root/bin/
check "a known program below another root runs" chroot $disk/root /bin/true
check "an unknown program below another root is denied, by its name there" is_refused missing-hash /bin/unknown chroot $disk/root /bin/unknown
check "an unknown program in a mount of another namespace is denied" is_refused missing-hash /mnt/share/x \
	unshare -m bash -c "mount -t tmpfs t /mnt/share && cp $unknown /mnt/share/x && /mnt/share/x"
check "an unknown program is denied to root of a user namespace" is_refused missing-hash "$unknown" unshare -Ur "$unknown"

section "a program in use"
# A known program that is in use cannot be rewritten in place; one that was replaced is unknown.
check "it cannot be rewritten" is_refused immutable /usr/bin/id bash -c ': >>/usr/bin/id'
check "it cannot be truncated" refuses "$SYSCALLS" truncate /usr/bin/id 10
check "it runs after the refused writes" /usr/bin/id
mv /usr/bin/id $disk/saved && cp $disk/modified /usr/bin/id
check "another one in its place is denied" is_refused missing-hash /usr/bin/id /usr/bin/id
mv -f $disk/saved /usr/bin/id
check "it runs when it was put back" /usr/bin/id

section "libraries"
# Libraries: a real one, and the same with a byte more, which no linker minds.
packaged=$(ldd /usr/bin/curl | awk '$1 ~ /^libz\./ { print $3; exit }')
library=$disk/${packaged##*/}
cp "$packaged" "$library"
{ cat "$packaged" && printf X; } >$disk/unknown.so
check "a copy of a known one is preloaded" preloaded "$library"
check "an unknown one is not preloaded" is_refused missing-hash $disk/unknown.so preloaded $disk/unknown.so
cp $disk/unknown.so "$WORK/ramfs/unknown.so"
check "an unknown one is not preloaded from ramfs" is_refused missing-hash "$WORK/ramfs/unknown.so" preloaded "$WORK/ramfs/unknown.so"
mkdir $disk/lib && mv $disk/unknown.so "$disk/lib/${packaged##*/}"
check "a program does not start with an unknown one in place of its own" \
	is_refused missing-hash "$disk/lib/${packaged##*/}" env LD_LIBRARY_PATH=$disk/lib /usr/bin/curl --version
LD_PRELOAD=$library sleep 1000 &
user=$!
check "a process has a known one mapped" wait_for 10 grep -q " $library\$" /proc/$user/maps
check "a known one in use cannot be rewritten in place" is_refused immutable "$library" \
	dd if=/dev/zero of="$library" bs=1 count=1 seek=3000 conv=notrunc
check "a known one in use cannot be truncated" refuses "$SYSCALLS" truncate "$library" 10
check "a known one in use cannot be written through a mapping" is_refused immutable "$library" "$MAPPINGS" shared "$library"
check "a known one in use stays as it was" cmp "$packaged" "$library"
kill $user && wait $user 2>/dev/null
exec {fd}>$disk/second.so
cat "$packaged" >&"$fd"
check "one that is open for writing is not mapped" is_refused open-writers $disk/second.so preloaded $disk/second.so
exec {fd}>&-
check "one that was closed is mapped" preloaded $disk/second.so
cp "$packaged" $disk/third.so && printf X | dd of=$disk/third.so bs=1 seek=3000 conv=notrunc status=none
check "one that was rewritten in place before it was used is not mapped" is_refused missing-hash $disk/third.so preloaded $disk/third.so

section "scripts"
printf '#!/bin/sh\necho it ran\n' >$disk/script && chmod 755 $disk/script
check "an unknown script is denied" is_refused missing-hash $disk/script $disk/script
check_eq "an interpreter that asks runs a known script" "the known script ran" "$("$INTERPRETER" "$SELFTESTS/known.script")"
check_eq "a known script runs by its name" "the known script ran" "$("$SELFTESTS/known.script")"
sed 's/^print .*/print the unknown script ran/' "$SELFTESTS/known.script" >$disk/unknown.script && chmod 755 $disk/unknown.script
check "an interpreter that asks refuses an unknown script" is_refused missing-hash $disk/unknown.script "$INTERPRETER" $disk/unknown.script
check "an interpreter that asks refuses an unknown script before its first line" eval '! grep "script ran" "$WORK/refused"'
check "an interpreter that asks refuses an unknown script on its standard input" is_refused missing-hash $disk/unknown.script bash -c "$INTERPRETER <$disk/unknown.script"

section "kernel modules"
module=$(find "/usr/lib/modules/$(uname -r)/kernel" -name 'brd.ko*')
check "one is unpacked" eval 'xz -dc "$module" >$disk/brd.ko && [ -s $disk/brd.ko ]'
check "one that was repacked is unknown, and denied" is_refused missing-hash $disk/brd.ko insmod $disk/brd.ko
rmmod brd 2>/dev/null
check "one that was repacked is denied from memory" is_refused_with "MODULE_CHECK: the policy wants a file" "$SYSCALLS" init-module $disk/brd.ko
rmmod brd 2>/dev/null
{ cat "$module" && printf X; } >$disk/"${module##*/}"
check "a modified one is denied" is_refused missing-hash "$disk/${module##*/}" insmod "$disk/${module##*/}"
check "one as its vendor made it loads" insmod "$module"

section "around execve()"
# Around execve().
check "ld.so does not run an unknown program" is_refused missing-hash "$unknown" /lib64/ld-linux-x86-64.so.2 "$unknown"
fresh $disk && cp /usr/bin/true $disk/first
check "an unknown program that was swapped for a known one is denied where it is open" is_refused missing-hash "$file (deleted)" \
	"$SYSCALLS" swap-exec "$file" $disk/first
fresh $disk && cp /usr/bin/true $disk/first
check "a known program that was swapped for an unknown one runs where it is open" "$SYSCALLS" swap-exec $disk/first "$file"
check "an unknown program that was swapped for a known one is denied by its name" is_refused missing-hash $disk/first $disk/first
fresh $disk
exec {fd}<"$file"
check "an unknown program is denied by its number in /proc" is_refused missing-hash "$file" /proc/self/fd/$fd
exec {fd}<&-
check "a memfd is not executed while it can be written, whatever it contains" is_refused unstable-content "/memfd:copy (deleted)" \
	"$SYSCALLS" memfd-exec /usr/bin/true
check "a sealed memfd of unknown content is denied" is_refused missing-hash "/memfd:sealed (deleted)" "$SYSCALLS" memfd-sealed-exec "$unknown"
check "a sealed memfd of known content is executed" "$SYSCALLS" memfd-sealed-exec /usr/bin/true

section "mappings that become executable"
fresh $disk
check "an unknown mapping is denied" is_refused made-executable "$file" "$SYSCALLS" mprotect "$file"
check "an unknown mapping with a protection key is denied" is_refused made-executable "$file" "$MAPPINGS" pkey "$file"
check "an unknown mapping that was moved is denied" is_refused made-executable "$file" "$MAPPINGS" moved "$file"
check "an unknown mapping is denied where the personality makes executable what is readable" is_refused missing-hash "$file" "$SYSCALLS" map-implied "$file"
check "an unknown mapping that becomes readable under that personality is denied" is_refused made-executable "$file" "$MAPPINGS" implied "$file"
check "an unknown mapping through which code was written to the file is denied" is_refused made-executable "$file" "$MAPPINGS" shared "$file"
check "an unknown mapping with code on pages of its own is denied" is_refused made-executable "$file" "$MAPPINGS" private "$file"
check "shared memory of System V is denied" eval '! "$MAPPINGS" shm'
section "limits of threat-model.md"
# What is written down in threat-model.md.
check_eq "memory that no file has becomes executable" 42 "$("$MAPPINGS" anonymous)"
check_eq "pages of its own that a process got from a known file become executable" 42 "$("$SYSCALLS" map "$library" && "$MAPPINGS" private "$library")"

section "reference values in security.ima"
# Reference values of one's own.
cp "$unknown" /tmp/mine && chown 1000 /tmp/mine
vouch=(setfattr -n security.ima -v "0x0404$(digest_of /tmp/mine)" /tmp/mine)
check "a user cannot set one" eval '! as 1000 "${vouch[@]}" 2>$WORK/vouch && grep -q "not permitted" $WORK/vouch'
check "a file of which a user sets one is denied" is_refused missing-hash /tmp/mine /tmp/mine
check "the administrator can set one" eval '"${vouch[@]}" && /tmp/mine'
# The kernel itself would let it.
check "root of a user namespace cannot set one on a file system of its own" eval '! unshare -Urm bash -c "
	mount -t tmpfs t /mnt/share && cp $unknown /mnt/share/mine && setfattr -n security.ima -v 0x0404$ZERO /mnt/share/mine
	" 2>$WORK/vouch && grep -q "setfattr.*not permitted" $WORK/vouch'

section "the dry run of the tool"
# What the tool foretells.
check "it denies an unknown file below a tree" eval '! digestctl appraise --dry-run appraise_exec_tcb --denied $disk >"$WORK/dry"'
check "it names the unknown file and the cause" grep -q "denied BPRM_CHECK: $disk/modified, missing-hash, sha256:" "$WORK/dry"
rm -rf $disk /tmp/mine
section "the system"
check_eq "it is as it was" running "$(systemctl reset-failed; systemctl is-system-running)"
finish
