#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# containers.sh SEED [STARTS]: a container host. An image (bash, coreutils, what they need) lies on
# ext4. A start is an overlay of its own above the image, at a path of its own, in which a shell
# runs eight of its programs; then it is removed. There are 200 starts (STARTS) one after the other,
# and a tenth as many with cold caches. The cases:
#
#   none        nothing
#   unknown     the module measures what is executed and mapped, without a list
#   known       the same, with a list of the image
#   appraise    the module refuses what is unknown, with a signed list of the image
#   ima         IMA measures the same
#   fapolicyd   fapolicyd refuses what has not the SHA-256 of a file of the image
#
# The first start of each case comes apart (phase=first).

. "$(dirname "$0")/lib.sh"

starts=${2:-200}
programs='/bin/bash /bin/ls /bin/cat /bin/date /bin/id /bin/uname /bin/sort /bin/head /bin/true'
image=$work/image
run='ls / >/dev/null; cat /etc/hosts; date >/dev/null; id >/dev/null; uname >/dev/null; sort /etc/hosts; head -n 1 /etc/hosts; /bin/true'

modprobe -q loop
modprobe overlay || die "no overlayfs"
mkdir -p "$image" $work/containers
truncate -s 256M $work/image.img
mkfs.ext4 -q -F $work/image.img || die "mkfs.ext4"
mount -o loop $work/image.img $image || die "mount"
mkdir -p $image/{bin,etc,proc,dev}
: >$image/etc/hosts
ln -s . $image/usr
for program in $programs; do
	cp -L "$program" $image/bin/ || die "no $program"
	ldd "$program" | grep -o '/[^ ]*'
done | sort -u | while read -r library; do
	mkdir -p "$image${library%/*}"
	cp -L "$library" "$image$library"
done
# Rules choose the files by their group: 4242 is measured or appraised by the module, 4343 by IMA.
# On overlayfs the file system's UUID is that of the overlay.
group() { find $image -type f -exec chgrp "$1" {} +; }
number=0
# runs_changed [SECONDS]: whether a program of the image that no list has runs in a new container,
# that many seconds after it was mounted.
runs_changed() {
	local dir=$work/containers/changed rc=0
	mkdir -p $dir/{upper,work,root}
	mount -t overlay overlay -o lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work $dir/root || die "mount"
	sleep "${1:-0}"
	chroot $dir/root /bin/changed 2>/dev/null || rc=1
	umount $dir/root
	return $rc
}
start_one() {
	local dir
	number=$((number + 1))
	dir=$work/containers/$number
	mkdir -p $dir/{upper,work,root} &&
		mount -t overlay overlay -o lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work $dir/root &&
		unshare --pid --uts --ipc --fork chroot $dir/root /bin/bash -c "$run" >/dev/null &&
		umount $dir/root && rm -rf "$dir"
}
start_many() { local i; for ((i = 0; i < $1; i++)); do start_one || return; done; }
start_cold() {
	local i total=0 waited=0 start idle
	for ((i = 0; i < $1; i++)); do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		idle_time
		waited=$((waited - idle))
		start=${EPOCHREALTIME/[^0-9]/}
		start_one || return
		total=$((total + ${EPOCHREALTIME/[^0-9]/} - start))
		idle_time
		waited=$((waited + idle))
	done
	echo $((total * 1000)) $waited
}
all() {
	measure "$1" phase=first starts=1 -- start_many 1
	measure "$1" phase=warm starts="$starts" -- start_many "$starts"
	measure "$1" phase=cold starts=$((starts / 10)) -- start_cold $((starts / 10))
}
rules() {
	echo "$1 func=BPRM_CHECK mask=MAY_EXEC fgroup=$2${3:+ $3}"
	echo "$1 func=MMAP_CHECK mask=MAY_EXEC fgroup=$2${3:+ $3}"
}

digestctl -q generate $image -o $work/list || die "no list"
hashes=$(find $image -type f -size +0 -exec sha256sum {} + | cut -d ' ' -f 1 | sort -u)
{ cat $image/bin/true && echo changed; } >$image/bin/changed
chmod 755 $image/bin/changed
group 4242
sync
start_one || die "the image does not start"
all none

load_module
rules measure 4242 digest_list | set_policy
all unknown
unload_module

load_module
load_lists $work/list
rules measure 4242 digest_list | set_policy
all known
unload_module

load_signing_module
digestctl -q sign $work/list --key $keys/linked.key --cert $keys/linked.pem || die "no signature"
load_lists $work/list
rules appraise 4242 digest_list | set_policy
all appraise
! runs_changed || die "the module does not refuse a program that was changed"
unload_module

# Before IMA, whose policy stays.
for deb in "$(dirname "$0")"/debs/*.deb; do dpkg-deb -x "$deb" / || die "no fapolicyd"; done
ldconfig
mkdir -p /var/lib/fapolicyd /run/fapolicyd /etc/fapolicyd/trust.d
sed -i 's/^uid = .*/uid = root/; s/^gid = .*/gid = root/; s/^trust = .*/trust = file/; s/^watch_fs = .*/watch_fs = overlay,ext4/; s/^allow_filesystem_mark = .*/allow_filesystem_mark = 1/' \
	/etc/fapolicyd/fapolicyd.conf
others=$(for dir in /*; do [ "$dir" = /mnt ] || printf '%s/,' "$dir"; done)
cat >/etc/fapolicyd/fapolicyd.rules <<-END
	%others=${others%,}
	allow perm=any all : dir=%others
	$(for hash in $hashes; do echo "allow perm=any all : sha256hash=$hash"; done)
	deny perm=execute all : dir=$work/
	deny perm=open all : dir=$work/ ftype=application/x-sharedlib
	allow perm=any all : all
END
: >/etc/fapolicyd/fapolicyd.trust
: >/etc/fapolicyd/trust.d/image.trust
cp /etc/fapolicyd/fapolicyd.rules /etc/fapolicyd/compiled.rules
ulimit -n 10000
fapolicyd --debug-deny >/tmp/fapolicyd.log 2>&1 &
daemon=$!
for ((i = 0; i < 300; i++)); do
	grep -q 'Starting to listen for events' /tmp/fapolicyd.log && break
	sleep 0.1
done
grep -q 'Starting to listen for events' /tmp/fapolicyd.log || { cat /tmp/fapolicyd.log >&2 && die "fapolicyd does not start"; }
all fapolicyd
# It marks a mount some time after it was made.
at_once=refused later=refused
! runs_changed || at_once=runs
! runs_changed 3 || later=runs
echo "note case=fapolicyd changed=$at_once after_3_s=$later"
kill $daemon
wait $daemon 2>/dev/null

group 4343
rules measure 4343 | set_ima_policy
all ima
