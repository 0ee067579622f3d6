#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A stock Debian system gets the module by DKMS, then a second kernel. It does not run yet: this is
# executed in its root. See scripts/check-dkms, which says what is in the share.
#
# shellcheck disable=SC2016 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

share=/mnt/share
release=$(cd /boot && echo initrd.img-*)
release=${release#initrd.img-}
read -r new <"$share/new"
read -r other <"$share/other"
export DEBIAN_FRONTEND=noninteractive
lists=/etc/digest_lists/lists
dkms_tree=/var/lib/dkms/digest-lists
version=$(dpkg-deb -f "$share"/digest-lists-dkms_*.deb Version)

# module RELEASE: the file of the module that DKMS installed for it.
module() { compgen -G "/lib/modules/$1/updates/dkms/digest_lists.ko*"; }
# plain FILE: a module without its compression.
plain() { case $1 in *.xz) xz -dc "$1" ;; *) cat "$1" ;; esac; }
# installed RELEASE: whether DKMS says that the module is installed.
installed() { dkms status -m digest-lists -v "$version" -k "$1" | grep -q ': installed'; }
# in_initramfs RELEASE FILE: whether the initramfs of that kernel has it.
in_initramfs() { lsinitramfs "/boot/initrd.img-$1" | grep -q "$2"; }
# signed_by FILE CERTIFICATE: whether the signature at the end of a module is good, by the key of
# the certificate. 12 bytes that describe it stand behind it, its length in the last four, and then
# 28 bytes of text.
signed_by() {
	local size length
	rm -f "$WORK"/{ko,data,signature,certificate}
	plain "$1" >"$WORK/ko"
	[ "$(tail -c 28 "$WORK/ko")" = '~Module signature appended~' ] || return
	size=$(stat -c %s "$WORK/ko")
	length=$((16#$(tail -c 32 "$WORK/ko" | head -c 4 | od -An -tx1 | tr -d ' \n')))
	head -c $((size - 40 - length)) "$WORK/ko" >"$WORK/data"
	tail -c $((40 + length)) "$WORK/ko" | head -c "$length" >"$WORK/signature"
	openssl x509 -inform DER -in "$2" -out "$WORK/certificate" || return
	openssl cms -verify -binary -inform DER -in "$WORK/signature" -content "$WORK/data" -certfile "$WORK/certificate" \
		-nointern -noverify -out /dev/null
}
# default_link: the release that /vmlinuz and /initrd.img name, if it is the same.
default_link() {
	local kernel initramfs
	kernel=$(readlink /vmlinuz) initramfs=$(readlink /initrd.img)
	[ "${kernel#boot/vmlinuz-}" = "${initramfs#boot/initrd.img-}" ] && echo "${kernel#boot/vmlinuz-}"
}
# fails_saying TEXT COMMAND...: whether the command fails and prints the text.
fails_saying() {
	local text=$1
	shift
	! "$@" >"$WORK/said" 2>&1 || {
		echo "it succeeds"
		return 1
	}
	cat "$WORK/said"
	grep -qF -- "$text" "$WORK/said"
}
install() { apt-get -q -y install "$@"; }

plan 40

section "apt install"
check "installs the headers of the kernel" install "linux-headers-$release"
check_eq "nothing of the project is there before" "" "$(dpkg-query -W -f '${Package}\n' | grep -i digest)"
begun=$SECONDS
check "installs digest-lists-dkms, digest-lists and digestctl, and what they depend on" \
	install "$share"/{digest-lists-dkms,digest-lists,digestctl}_*.deb || bail "the packages cannot be installed"
note "$((SECONDS - begun)) s, $(sed -n 's/^# elapsed time: //p' "$dkms_tree/$version/$release"/*/log/make.log) of them the build"
check "DKMS has built and installed the module for the installed kernel" installed "$release" ||
	bail "there is no module: $(tail -n 20 "$dkms_tree/$version/build/make.log" 2>/dev/null)"
ko=$(module "$release")
check_eq "the module is one for that kernel" "$release" "$(modinfo -F vermagic "$ko" | cut -d' ' -f1)"
check "modprobe finds it by its name" modprobe -n -S "$release" digest_lists
check "a tree of linux-source was prepared for it" grep -q "a tree is prepared" "$dkms_tree/$version/$release"/*/log/make.log
check_eq "nothing of the tree is left" "" "$(find /var/lib/dkms /var/tmp /tmp -name Kconfig)"
check_eq "it is signed by the key that DKMS made for this machine" "DKMS module signing key" "$(modinfo -F signer "$ko")"
check "its signature is good by the certificate of that key" signed_by "$ko" /var/lib/dkms/mok.pub
openssl x509 -in /etc/digest_lists/trusted_certs/test.pem -outform DER -out "$WORK/der"
plain "$ko" >"$WORK/ko"
check "the certificates of /etc/digest_lists/trusted_certs are linked in" python3 -c \
	'import sys; ko, der = (open(name, "rb").read() for name in sys.argv[1:]); sys.exit(der not in ko)' "$WORK/ko" "$WORK/der"
check "the initramfs of the kernel has the module" in_initramfs "$release" '/digest_lists[.]ko'
check "the initramfs has the script that loads it" in_initramfs "$release" scripts/init-bottom/digest_lists
check "the same is said again, and nothing is built: dkms autoinstall" dkms autoinstall -k "$release"

section "headers with the metadata of Rust"
# A tree as the packages of Fedora, Ubuntu and Arch have it; see scripts/check-dkms. It is all there
# is.
mv /usr/src/linux-source-* /var/tmp/
headers=/mnt/rust-headers
aside=(--dkmstree "$WORK/dkms")
mkdir "$WORK/dkms"
dkms add "${aside[@]}" -m digest-lists -v "$version" >/dev/null
check "are used as they are, without linux-source" dkms build "${aside[@]}" -m digest-lists -v "$version" -k "$release" \
	--kernelsourcedir "$headers"
check "are not copied" grep -q "are used as they are" "$WORK/dkms/digest-lists/$version/$release"/*/log/make.log
built=$(compgen -G "$WORK/dkms/digest-lists/$version/$release/*/module/digest_lists.ko*")
check_eq "make a module for that kernel" "$(modinfo -F vermagic "$ko")" "$(modinfo -F vermagic "$built")"
# code FILE: the digest of what the module executes.
code() {
	plain "$1" >"$WORK/ko"
	objcopy -O binary --only-section=.text "$WORK/ko" "$WORK/text" && sha256sum <"$WORK/text"
}
check_eq "make the same code as linux-source" "$(code "$ko")" "$(code "$built")"
check "which are of another compiler are refused, and it is said" fails_saying "a module needs that very compiler" \
	bash -c 'mkdir -p /tmp/h && echo "CONFIG_RUSTC_VERSION_TEXT=\"rustc 1.0\"" >/tmp/h/.config && cd /tmp/h &&
		/usr/src/digest-lists-"$2"/packaging/dkms/build-module "$1" /tmp/h' bash "$release" "$version"
check "without metadata and without linux-source are refused, and it is said" fails_saying "install linux-source-" \
	bash -c 'cd /tmp/h && /usr/src/digest-lists-"$2"/packaging/dkms/build-module "$1" "/lib/modules/$1/build"' bash "$release" "$version"
rm -rf /tmp/h "$WORK/dkms"
mv /var/tmp/linux-source-* /usr/src/

section "a new kernel where only known files may be used"
digestctl generate --from dpkg -o "$lists/debian" >/dev/null
sign() { digestctl sign "$lists/debian" --key "$share/key.pem" --cert /etc/digest_lists/trusted_certs/test.pem; }
check "the lists of the system can be signed" sign
echo "options digest_lists ima_policy=appraise_exec_tcb" >/etc/modprobe.d/enforce.conf
check "the kernel that is there gets its initramfs" update-initramfs -u -k "$release"
check_eq "the links /vmlinuz and /initrd.img name the kernel that is there" "$release" "$(default_link)"
check "without its headers the kernel is not installed, and it is said what is missing" fails_saying \
	"there is no module for $new" apt-get -q -y install "linux-image-$new"
check "without its headers the kernel has no initramfs" [ ! -e "/boot/initrd.img-$new" ]
check_eq "without its headers the links go on to name the kernel that is there" "$release" "$(default_link)"
begun=$SECONDS
check "with its headers it is installed" install "linux-headers-$new"
note "$((SECONDS - begun)) s"
check "DKMS has built the module for it" installed "$new"
check_eq "its module is signed by the key of the machine" "DKMS module signing key" "$(modinfo -F signer "$(module "$new")")"
check "its initramfs has the module" in_initramfs "$new" '/digest_lists[.]ko'
check "its initramfs has the signed lists" in_initramfs "$new" '^etc/digest_lists/metadata'
check_eq "the links name the new kernel then" "$new" "$(default_link)"
check "a kernel of a series that the module is not written for is not installed" fails_saying \
	"there is no module for $other" apt-get -q -y install "linux-image-$other"
check_eq "without a module the links go on to name the newest that has one" "$new" "$(default_link)"
check "that kernel can be removed" apt-get -q -y purge "linux-image-$other"
plain "$(module "$new")" >"$share/digest_lists.ko"

section "the removal"
# apt protects what the newest kernel needs, even without that kernel.
check "removes the new kernel" apt-get -q -y purge --autoremove "linux-image-$new" "linux-headers-$new" "linux-modules-$new" \
	"linux-binary-$new" "linux-base-$new"
check_eq "leaves no package of it" "" "$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "linux-*-$new" | sed -n 's/ installed$//p')"
check_eq "leaves no module of it" "" "$(compgen -G "/lib/modules/$new/updates/dkms/*")"
check_eq "leaves the links with the kernel that is there" "$release" "$(default_link)"
rm /etc/modprobe.d/enforce.conf
printf 'LISTS=file:/mnt/share/lists\n' >/etc/digest_lists/apt.conf
digestctl generate --from dpkg -o "$lists/debian" >/dev/null
sign >/dev/null
check "leaves a system whose initramfs can be made" update-initramfs -u -k "$release"
finish
