#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A stock Debian system gets the packages, and what README.md says behind them. It does not run yet:
# this is executed in its root. See scripts/check-packages.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/packages/initramfs.sh
. /mnt/share/initramfs.sh

packages=(/mnt/share/*.deb)
release=$(cd /boot && echo initrd.img-*)
release=${release#initrd.img-}
plan 51

check_eq "the system has nothing of the project" "" "$(dpkg-query -W -f '${Package}\n' | grep -i digest)"
# As 'make install' did it once. What is in /etc counts more than what a package has.
for file in hooks/digest_lists scripts/init-bottom/digest_lists; do
	printf '#!/bin/sh\n' | install -D -m 755 /dev/stdin "/etc/initramfs-tools/$file"
done

section "apt install"
check "installs the packages" apt-get -q -y install "${packages[@]}" || bail "the packages cannot be installed"
check_eq "removes hooks of an installation by hand" "" "$(find /etc/initramfs-tools -name digest_lists)"
check_eq "enables the units" "enabled enabled enabled" "$(systemctl is-enabled \
	digest-lists.service digest-lists-checkpoint.timer digest-lists-violations.timer | xargs)"
check "puts the hook into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q scripts/init-bottom/digest_lists'
check "puts the module into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q "/digest_lists\.ko"'
check "puts no lists there" eval '! lsinitramfs "/boot/initrd.img-$release" | grep -q "^etc/digest_lists/metadata"'

section "the two commands of README.md"
runs_commands
check "put the lists into the initramfs" eval \
	'lsinitramfs "/boot/initrd.img-$release" | grep -q "^etc/digest_lists/metadata"'
check "keep a copy of the metadata for attestation" eval '[ "$(ls /var/lib/digest_lists/metadata | wc -l)" = 1 ]'

# to_enforce NAME ANSWER CONTENT [CONTENT FILE]: whether the hook says that parameters refuse files:
# those of /etc/modprobe.d/test.conf, and of FILE.
to_enforce() {
	local answer=no
	printf '%b' "$3" >/etc/modprobe.d/test.conf
	[ -z "${5:-}" ] || printf '%b' "$4" >"$5"
	! sh -c '. /usr/lib/digest_lists/functions; to_enforce' || answer=yes
	check_eq "$1" "$2" "$answer"
	rm -f /etc/modprobe.d/test.conf ${5:+"$5"}
}

section "parameters that refuse files"
policy="options digest_lists ima_policy"
to_enforce "are not those that measure" no "$policy=exec_tcb\n"
to_enforce "are those of a line without an end" yes "$policy=appraise_exec_tcb"
to_enforce "are those of a line that goes on" yes "options digest_lists \\\\\n ima_policy=appraise_exec_tcb\n"
to_enforce "may stand in quotes" yes 'options digest_lists "ima_policy=appraise_exec_tcb"\n'
to_enforce "may have spaces in quotes" yes "$policy=\"exec_tcb | appraise_exec_tcb\"\n"
to_enforce "are not those that measure, with spaces in quotes" no "$policy=\"exec_tcb | tcb\" ima_appraise=enforce\n"
to_enforce "are not words in the value of another" no 'options digest_lists own_storage="loop, ima_policy=x"\n'
to_enforce "are those of the last file by its name" yes "$policy=appraise_exec_tcb\n" "$policy=exec_tcb\n" \
	/usr/lib/modprobe.d/a.conf
to_enforce "are those in /etc, which replaces a file of its name" yes "$policy=appraise_exec_tcb\n" "$policy=tcb\n" \
	/usr/lib/modprobe.d/test.conf
to_enforce "are not those that ima_appraise= turns off" no "$policy=appraise_exec_tcb\noptions digest-lists ima-appraise=off"

section "where files are to be appraised"
initramfs=/boot/initrd.img-$release
lists=/etc/digest_lists/lists
echo "options digest_lists ima_policy=appraise_exec_tcb" >/etc/modprobe.d/enforce.conf
check "no initramfs is made with a list that is not signed" eval '! update-initramfs -u'
sign() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key" -out "$WORK/cert" -subj /CN=test -days 1000 \
		-addext keyUsage=critical,digitalSignature
	digestctl sign "$lists/debian" --key "$WORK/key" --cert "$WORK/cert"
}
check "the list can be signed" sign
check "an initramfs is made with the module and a signed list" update-initramfs -u
ln -s /gone "$lists/link"
check "no initramfs is made where a list is a link to nothing" eval '! update-initramfs -u'
rm "$lists/link"
: >"$lists/other.p7s"
check "no initramfs is made with a signature without a list" eval '! update-initramfs -u'
rm "$lists/other.p7s"
keys=/etc/digest_lists/keys
{ echo "digest_lists key" && openssl x509 -in "$WORK/cert" -outform DER; } >"$keys/test.keyfile"
check "no initramfs is made with a key file that is not signed" eval '! update-initramfs -u'
echo "no key" >"$keys/test.keyfile"
check "no initramfs is made with a file of keys that has none" eval '! update-initramfs -u'
rm "$keys/test.keyfile"
cat "$WORK/cert" "$WORK/cert" >"$keys/test.pem"
check "no initramfs is made with two certificates in a file" eval '! update-initramfs -u'
rm "$keys/test.pem"
# The kernel looks for .sig alone.
cp "$WORK/cert" "$WORK/vendor"
digestctl keys sign "$WORK/vendor" --key "$WORK/key" --cert "$WORK/cert" && cp "$WORK/vendor.keyfile" "$keys/" &&
	cp "$WORK/vendor.keyfile.sig" "$keys/vendor.keyfile.p7s"
check "no initramfs is made with a key file whose signature has the name of a list's" eval '! update-initramfs -u'
rm "$keys"/vendor*
cp "$WORK/cert" "$keys/test.pem"
check "an initramfs is made with a certificate" update-initramfs -u
check "it has the certificate" eval 'lsinitramfs "$initramfs" | grep -qx "etc/digest_lists/keys/test.pem"'

# until_boot NAME ANSWER KEY...: whether a list counts by a key that the next boot does not have,
# where the module has these.
until_boot() {
	local answer=no security=$WORK/security
	mkdir -p "$security/digest_lists"
	printf 'sha256:%s ref_id=debian type=compact algo=sha256 signer=%s immutable=1\n' \
		"$(sha256sum <"$lists/debian" | cut -d' ' -f1)" "$signer" >"$security/digest_lists/digest_lists"
	printf '%s valid_from=0 valid_to=0 state=valid\n' "${@:3}" >"$security/digest_lists/trusted_keys"
	! sh -c '. /usr/lib/digest_lists/functions; security=$1; until_boot "$2"' sh "$security" "$lists/debian" || answer=yes
	check_eq "$1" "$2" "$answer"
}
signer=$(digestctl keys show "$WORK/cert" | cut -d' ' -f1)
added="$signer algo=rsa2048 usage=sign origin=system"
authority="00112233 algo=rsa2048 usage=sign,certify"
until_boot "a list by a key of /etc/digest_lists/keys counts at the next boot" no "$added"
rm "$keys/test.pem"
until_boot "one by a key that was added, and that the kernel's keyring vouches for, does not" yes "$added"
until_boot "one by a key that is linked into the module does" no "$signer algo=rsa2048 usage=sign origin=module"
until_boot "one with a certificate by a linked authority does" no "$authority origin=module"
until_boot "one with a certificate where an authority was added does not" yes "$authority origin=certified"
echo "appraise func=NOTHING" >/etc/digest_lists/policy
check "no initramfs is made with a policy that the module would refuse" eval '! update-initramfs -u'
rm /etc/digest_lists/policy
sum=$(sha256sum <"$initramfs")
mv "$lists"/debian* /etc/digest_lists/
check "no initramfs is made without a list" eval '! update-initramfs -u'
mv /etc/digest_lists/debian* "$lists/"
check "the module's package can be removed" apt-get -q -y remove "digest-lists-modules-$release"
check_eq "the initramfs stays then, with the module" "$sum" "$(sha256sum <"$initramfs")"
check "a kernel without the module cannot be installed" eval '! dpkg-reconfigure "linux-image-$release"'
check_eq "the initramfs stays then as well" "$sum" "$(sha256sum <"$initramfs")"
check "the module's package can be installed again" apt-get -q -y install "/mnt/share/digest-lists-modules-$release"_*.deb
rm /etc/modprobe.d/enforce.conf "$lists/debian.p7s"
check "an initramfs that measures is made again" update-initramfs -u

section "two kernels"
# The other one is older, so that update-initramfs prefers the real one.
other=7.3.0-other
cp -al "/lib/modules/$release" "/lib/modules/$other"
cp "$initramfs" "/boot/initrd.img-$other"
check "the hooks can be removed" apt-get -q -y remove digest-lists
check_eq "no initramfs loads digest lists then" "" \
	"$(for file in "$initramfs" "/boot/initrd.img-$other"; do lsinitramfs "$file" | grep init-bottom/digest_lists; done)"
check "both are there" [ -s "$initramfs" -a -s "/boot/initrd.img-$other" ]
made=$(stat -c '%i %y' "$initramfs")
check "the module's package can be removed then" apt-get -q -y remove "digest-lists-modules-$release"
check_eq "no initramfs is made anew for a module that it has not" "$made" "$(stat -c '%i %y' "$initramfs")"
check "the packages can be installed again" apt-get -q -y install /mnt/share/digest-lists{,-modules-"$release"}_*.deb
rm -r "/boot/initrd.img-$other" "/lib/modules/$other"
finish
