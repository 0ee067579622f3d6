#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A stock Debian system whose initramfs is made by dracut gets the packages, and what README.md says
# behind them. It does not run yet: this is executed in its root. The key of /mnt/share signs the
# list. At last /boot/bad is an initramfs whose list has a signature by another key. See
# scripts/check-packages.
#
# shellcheck disable=SC2016,SC2034,SC2154 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/packages/initramfs.sh
. /mnt/share/initramfs.sh

release=$(cd /boot && echo initrd.img-*)
release=${release#initrd.img-}
initramfs=/boot/initrd.img-$release
lists=/etc/digest_lists/lists
plan 43

check_eq "the system has dracut and no initramfs-tools" dracut \
	"$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' dracut initramfs-tools 2>/dev/null | sed -n 's/ installed$//p')"

section "apt install"
check "installs the packages" apt-get -q -y install /mnt/share/*.deb || bail "the packages cannot be installed"
check_eq "leaves dracut" dracut \
	"$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' dracut initramfs-tools 2>/dev/null | sed -n 's/ installed$//p')"
content "$initramfs" >"$WORK/content"
check "puts the hook into the initramfs" grep -q 'hooks/pre-pivot/00-digest_lists\.sh' "$WORK/content"
check "puts the module into the initramfs" grep -q '/digest_lists\.ko' "$WORK/content"
check "puts the tool into the initramfs" grep -q '/digestctl$' "$WORK/content"
check "puts the parameters into the initramfs" grep -q '^etc/modprobe\.d/digest_lists\.conf' "$WORK/content"
check "puts no lists there" eval '! grep -q "^etc/digest_lists/metadata" "$WORK/content"'

section "the commands of README.md"
runs_commands
content "$initramfs" >"$WORK/content"
check "put the list into the initramfs" grep -q '^etc/digest_lists/lists/debian$' "$WORK/content"
check "put its metadata there" grep -q '^etc/digest_lists/metadata$' "$WORK/content"
check "keep a copy of the metadata for attestation" eval '[ "$(ls /var/lib/digest_lists/metadata | wc -l)" = 1 ]'

# make: says what dracut said.
make() { dracut --quiet --force --regenerate-all >"$WORK/make" 2>&1; }
# refused NAME TEXT: no initramfs is made, the text says why, and the initramfs that was there
# stays.
refused() {
	local sum
	sum=$(sha256sum <"$initramfs")
	check "no initramfs is made $1" eval '! make'
	check "it says so $1: $2" grep -qF -- "$2" "$WORK/make" || sed 's/^/# /' "$WORK/make"
	[ "$sum" = "$(sha256sum <"$initramfs")" ] || not_ok "the initramfs stays $1"
}
sign() { digestctl sign "$lists/debian" --key "$1" --cert "$2"; }

section "where files are to be appraised"
echo "options digest_lists ima_policy=appraise_exec_tcb" >/etc/modprobe.d/enforce.conf
refused "with a list that is not signed" "debian is not signed"
check "the list can be signed" sign /mnt/share/linked.key /mnt/share/linked.pem
check "an initramfs is made with the module and a signed list" make
check "it has the signature" eval 'content "$initramfs" | grep -q "^etc/digest_lists/lists/debian.p7s$"'
ln -s /gone "$lists/link"
refused "where a list is a link to nothing" "link cannot be read"
rm "$lists/link"
: >"$lists/other.p7s"
refused "with a signature without a list" "is a signature without a list"
rm "$lists/other.p7s"
head -c 1000 "$lists/debian" >"$lists/damaged"
cp "$lists/debian.p7s" "$lists/damaged.p7s"
refused "with a damaged list" damaged
rm "$lists"/damaged*
echo "appraise func=NOTHING" >/etc/digest_lists/policy
refused "with a policy that the module would refuse" NOTHING
rm /etc/digest_lists/policy
mv "$lists"/debian* /etc/digest_lists/
refused "without a list" "there are no lists"
mv /etc/digest_lists/debian* "$lists/"
echo 'omit_drivers+=" digest_lists "' >/etc/dracut.conf.d/omit.conf
refused "where dracut leaves the module out" "omit_drivers="
rm /etc/dracut.conf.d/omit.conf

section "the module's package"
sum=$(sha256sum <"$initramfs")
check "can be removed" apt-get -q -y remove "digest-lists-modules-$release"
check "without it no kernel can be installed" eval '! dpkg-reconfigure "linux-image-$release"'
check_eq "the initramfs stays then, with the module" "$sum" "$(sha256sum <"$initramfs")"
check "can be installed again" apt-get -q -y install "/mnt/share/digest-lists-modules-$release"_*.deb
rm /etc/modprobe.d/enforce.conf

section "two kernels"
other=7.3.0-other
cp -al "/lib/modules/$release" "/lib/modules/$other"
cp "$initramfs" "/boot/initrd.img-$other"
check "the hooks can be removed" apt-get -q -y remove digest-lists
check_eq "no initramfs loads digest lists then" "" \
	"$(for file in "$initramfs" "/boot/initrd.img-$other"; do content "$file" | grep -E "$ours"; done)"
check "both are there" [ -s "$initramfs" -a -s "/boot/initrd.img-$other" ]
made=$(stat -c '%i %y' "$initramfs")
check "the module's package can be removed then" apt-get -q -y remove "digest-lists-modules-$release"
check_eq "no initramfs is made anew for a module that it has not" "$made" "$(stat -c '%i %y' "$initramfs")"
check "the packages can be installed again" apt-get -q -y install /mnt/share/digest-lists{,-modules-"$release"}_*.deb
rm -r "/boot/initrd.img-$other" "/lib/modules/$other"

section
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key" -out "$WORK/cert" -subj /CN=other -days 1000 \
	-addext keyUsage=critical,digitalSignature 2>/dev/null
mv "$lists/debian.p7s" "$WORK/"
check "an initramfs is made with a signature by a key that only the module refuses" eval \
	'sign "$WORK/key" "$WORK/cert" && dracut --quiet --force /boot/bad "$release"'
mv "$WORK/debian.p7s" "$lists/"
check "the initramfs of the boots is made" make
check "it has the signed list" eval 'content "$initramfs" | grep -q "^etc/digest_lists/lists/debian.p7s$"'
finish
