#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rpm, with the project's plugin, installs packages that vendors signed: where the module measures,
# and where it refuses what no list knows. See scripts/check-rpm.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check, which uses variables; 'A && B || C' where C must run if either fails

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/selftests/access.sh
. /opt/selftests/access.sh
# shellcheck source=tests/selftests/appraise.sh
. /opt/selftests/appraise.sh

share=/mnt/share
vendors=$share/vendors
lists=/etc/digest_lists/lists
DIGEST_LISTS_KO=$share/digest_lists.ko
plan 69
cd "$WORK" || bail "no work directory"
no_ratelimit

# install PACKAGE...: as a user would, on a system whose database knows no other package. What rpm
# and the plugin say is in $WORK/rpm.
install() { rpm --install --nodeps "$@" >"$WORK/rpm" 2>&1 || { cat "$WORK/rpm" && false; }; }
# unchecked PACKAGE...: without any check of rpm's own.
unchecked() { install --nosignature --nodigest --nofiledigest "$@"; }
erase() { rpm --erase --nodeps "$@"; }
installed() { rpm -q "$1" >/dev/null; }
# is_stopped PACKAGE TEXT COMMAND...: succeeds if the installation fails for that reason, names the
# remedy, and leaves nothing of the package.
is_stopped() {
	local package=$1 text=$2
	shift 2
	! "$@" >/dev/null && grep -qF "$text" "$WORK/rpm" && grep -q 'digestctl sign' "$WORK/rpm" &&
		grep -q 'nothing was installed or removed' "$WORK/rpm" && ! installed "$package" || { cat "$WORK/rpm" && false; }
}
# loaded NAME: the line of that list.
loaded() { grep " ref_id=$1 " "$SECFS/digest_lists"; }
# kept: the lists that the plugin has kept, and their signatures.
kept() { find $lists -type f ! -name 'guest*' -printf '%f\n' | sort; }
fedora() { LD_LIBRARY_PATH=/opt/libraries rpmsign --version; }
# start PARAMETER...: loads the module, and the lists as at the next boot.
start() {
	local all
	load_module require_signature=1 "$@" || bail "the module does not load"
	mapfile -t all < <(find $lists -type f ! -name '*.sig' ! -name '*.p7s')
	digestctl --quiet metadata "${all[@]}" -o /etc/digest_lists/metadata &&
		digestctl --quiet load /etc/digest_lists/metadata || bail "the lists do not load"
}

# Debian's rpm, and what the vendors' programs need. The tool is that of the package.
cp -a $share/root/. / && mkdir -p /opt/libraries && cp -a $share/libraries/. /opt/libraries/ && rm /usr/local/bin/digestctl ||
	bail "no rpm"
rpm --initdb

section "the packages of the project"
check "they install" install $share/packages/*.rpm || bail "no plugin"
# Where Debian's rpm looks for it.
ln -s /usr/lib64/rpm-plugins/digest_lists.so "$(rpm --eval '%{__plugindir}')/"
check "rpm finds the plugin" [ -e "$(rpm --eval '%{__transaction_digest_lists}')" ]
check "digestctl runs" digestctl --version
check_eq "the plugin has a manual page" 1 "$(rpm -ql rpm-plugin-digest-lists | grep -c man8)"

section "without the module"
check "a package is installed as ever" install $vendors/rpm-basic.rpm
check_eq "nothing is said of digest lists" "" "$(grep digest_lists "$WORK/rpm")"
check_eq "no list is kept" "" "$(kept)"
check "it is removed" erase rpm-basic

# What is here now is good. Of the vendors' packages nothing is.
digestctl --quiet generate -x / -o $lists/guest && digestctl --quiet sign $lists/guest --key $share/linked.key --cert $share/linked.pem ||
	bail "no list of the guest"
cp $share/payload.rpm $share/header.rpm $share/openSUSE.asc .

section "measuring"
start ima_policy=exec_tcb
note "$(status digests) digests of the guest"
before=$(records)
check "a package of EPEL 7 installs" install $vendors/monkeysphere-*.rpm
check "its header is a loaded list, signed by the vendor" eval 'loaded monkeysphere-0.37-1.el7.noarch | grep " type=rpm.* signer=[0-9a-f]*6a2faea2352c64e5 "'
hash=$(awk '$5 ~ /^digest_lists_metadata/ { sub(/.*:/, "", $4); digest = $4 } END { print digest }' "$SECFS/ascii_runtime_measurements")
note "$(tail -n 1 "$SECFS/ascii_runtime_measurements")"
check_eq "the metadata of the list are the only record" "$((before + 1)) 1" "$(records) $(tail -n 1 "$SECFS/ascii_runtime_measurements" | grep -c " sha256:$hash digest_lists_metadata")"
check_eq "a script of it runs" "Monkeysphere 0.37" "$(monkeysphere version 2>/dev/null | head -n 1)"
check_eq "that leaves no record" $((before + 1)) "$(records)"
check "a package of Fedora 31 installs" install $vendors/rpm-sign-*.rpm
check "a program of it runs" fedora
check_eq "the only new record is that of the list" $((before + 2)) "$(records)"
check "an unsigned package installs" install $vendors/rpm-basic.rpm
check "its list is named as one that does not count" grep -q 'rpm-basic.*: left out: .*not signed' "$WORK/rpm"
check_eq "its list is not kept" "" "$(kept | grep rpm-basic)"
chmod 755 /usr/bin/rpm-basic
check "its program leaves a record" runs_unknown /usr/bin/rpm-basic
check "the record names it" record_for /usr/bin/rpm-basic
check "a package of which no key is trusted installs" install $vendors/freesrp-udev-*.rpm
check "both are removed" erase rpm-basic freesrp-udev
check_eq "nothing was refused" 0 "$(status files_denied)"
check "the list of a removed package stays" eval 'erase monkeysphere && loaded monkeysphere-0.37-1.el7.noarch && [ -s $lists/monkeysphere-0.37-1.el7.noarch.sig ]'
erase rpm-sign
rm $lists/{monkeysphere,rpm-sign}*
unload_module

section "enforcing"
start
check "the policy refuses what is unknown" eval 'digestctl policy builtin appraise_exec_tcb >policy && set_policy "$(cat policy)"' || bail "no policy"
check_eq "everything in use is known" 0 "$(status files_denied)"
mkdir unpacked && (cd unpacked && rpm2archive - <$vendors/monkeysphere-*.rpm | tar -xzf -)
check "a program that was unpacked without a list is refused" is_refused missing-hash "$WORK/unpacked/usr/bin/monkeysphere" "$WORK/unpacked/usr/bin/monkeysphere" version

section "a header with the digest of a changed program"
check "the transaction is stopped, though rpm checks nothing" is_stopped monkeysphere "the signature does not verify" unchecked header.rpm
check "no file of it is there" [ ! -e /usr/bin/monkeysphere ]
check "rpm itself refuses it as well" eval '! install header.rpm'

section "a package that no vendor signed"
check "the transaction is stopped" is_stopped rpm-basic "the list is not signed" install $vendors/rpm-basic.rpm
check "no file of it is there" [ ! -e /usr/bin/rpm-basic ]
check "a trial installation loads nothing, and is not stopped" install --test $vendors/rpm-basic.rpm

section "a package by a key that is not trusted"
check "the transaction is stopped" is_stopped freesrp-udev "no trusted key has this identifier" install $vendors/freesrp-udev-*.rpm
check "a good package beside it is stopped too" is_stopped monkeysphere "no trusted key" install $vendors/{freesrp-udev,monkeysphere}-*.rpm
check "nothing of either is there" eval '[ ! -e /usr/bin/monkeysphere ] && [ ! -e /usr/lib/udev/rules.d/87-electronics-kitchen.rules ]'
check_eq "no list of it is kept" "" "$(kept)"

section "packages that vendors signed"
denied=$(status files_denied)
check "one of EPEL 7 and one of Fedora 31 install" install $vendors/{monkeysphere,rpm-sign}-*.rpm
check_eq "the script runs" "Monkeysphere 0.37" "$(monkeysphere version 2>/dev/null | head -n 1)"
check "the program runs" fedora
check "one of CentOS 7 installs" install $vendors/389-ds-base-devel-*.rpm
check "a file of it is known as it is on the disk" digestctl query "sha256:$(sha256sum </usr/include/dirsrv/slapi-plugin.h | cut -d' ' -f1)"
check_eq "nothing was refused" "$denied" "$(status files_denied)"
check_eq "the lists are kept, each with its signature" "3 3" "$(kept | grep -vc sig$) $(kept | grep -c sig$)"
check "the program cannot be rewritten" eval '! appends /usr/bin/rpmsign 2>/dev/null'
before=$(records)
check "it can be installed once more" install --replacepkgs $vendors/rpm-sign-*.rpm
check_eq "its list, which is loaded, is not loaded again" "$before" "$(records)"
check "it still runs" fedora
check "it is removed" erase monkeysphere

section "a changed program with the header that the vendor signed"
check "rpm itself refuses it" eval '! install payload.rpm'
check "it installs where rpm checks nothing" unchecked payload.rpm
check_eq "the file is the changed one" 1 "$(grep -c 'PGRM=$(echo tamper)' /usr/bin/monkeysphere)"
check "the changed program is refused" is_refused missing-hash /usr/bin/monkeysphere /usr/bin/monkeysphere help

section "a key that was added at run time"
check "it is taken" eval 'digestctl keys sign openSUSE.asc --key $share/linked.key --cert $share/linked.pem && digestctl keys add openSUSE.asc.keyfile'
check "the transaction is stopped, since the next boot does not know the key" is_stopped freesrp-udev \
	"is trusted until the next boot only" install $vendors/freesrp-udev-*.rpm

check "the next boot does not get it without a key file" cp openSUSE.asc /etc/digest_lists/keys/
check "so the transaction is stopped again" is_stopped freesrp-udev \
	"is trusted until the next boot only" install $vendors/freesrp-udev-*.rpm
rm /etc/digest_lists/keys/openSUSE.asc

section "a key of /etc/digest_lists/keys"
check "the next boot gets it" cp openSUSE.asc.keyfile openSUSE.asc.keyfile.sig /etc/digest_lists/keys/
check "a package that it signed installs" install $vendors/freesrp-udev-*.rpm
check "its list is kept" eval 'kept | grep -q freesrp-udev'
check "it is removed" erase freesrp-udev
rm $lists/freesrp-udev*

section "lists that were signed here"
check "they are made" digestctl generate --from rpm $vendors/{freesrp-udev-,rpm-basic}*.rpm -o $lists
check "they are signed" digestctl sign $lists/{freesrp-udev-0.3.0-1.25.x86_64,rpm-basic-2.3.4-5.el9.noarch} --key $share/linked.key --cert $share/linked.pem
check "the packages install then" install $vendors/{freesrp-udev-,rpm-basic}*.rpm
unload_module

section "rules for opens"
disk=$WORK/disk
mkfs_loop ext4 64M "$disk" && uuid=$(uuid_of "$disk") || bail "no file system"
echo unknown >"$disk/unknown"
start
set_policy "appraise func=FILE_CHECK fsuuid=$uuid digest_list" || bail "no policy"
check "a package of CentOS 7 installs into another root" install --root "$disk" $vendors/389-ds-base-devel-*.rpm
check "the lists that were kept are as the next boot needs them" [ -n "$(loaded rpm-basic-2.3.4-5.el9.noarch)" ]
check "a file of the package can be opened" grep -q SLAPI_PLUGIN "$disk/usr/include/dirsrv/slapi-plugin.h"
check "an unknown file cannot" is_refused missing-hash "$disk/unknown" cat "$disk/unknown"
unload_module
finish
