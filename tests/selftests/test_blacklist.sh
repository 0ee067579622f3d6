#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's blacklist keyring: lists, certificates and files that come into it are refused from
# then on, however they were trusted before. Nothing leaves that keyring until the next boot, so
# this needs one of its own:
#
#   scripts/vm --append selftest.blacklist -- /opt/selftests/run test_blacklist
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/signatures.sh"

booted_with selftest.blacklist
helper=/opt/guest/modules/digest_lists_keys.ko
[ -e "$helper" ] || skip_all "the module digest_lists_keys was not built"

plan 38
begin_appraisal

bar() { insmod "$helper" "blacklist=$1" "tbs=${2:-0}" && rmmod digest_lists_keys; }
# bar_certificate KEY: the SHA-256 of the signed part of its certificate.
bar_certificate() {
	bar "$(openssl asn1parse -inform DER -in "$keys/$1.der" -strparse 4 -noout -out tbs && digest_of tbs)" 1
}
id_and_state() { state_of "$(id_of "$1")"; }

"$SELFTESTS/digestlists.py" series "$WORK/lists" 3 10
for key in linked barred-linked barred-added barred-later barred-child; do
	cp lists/list-0 "list-$key"
	cms "list-$key" "$key" -nocerts || bail "openssl cms"
done
cp lists/list-0 list-barred-enclosed && cms list-barred-enclosed barred-enclosed || bail "openssl cms"
cp lists/list-1 list-data && cms list-data linked -nocerts || bail "openssl cms"
cp lists/list-2 list-other && cms list-other linked -nocerts || bail "openssl cms"

start

section "a list"
accepted "loads before it is blacklisted" load list-data list-data.linked
unload_all
check "has its SHA-256 added to the blacklist" bar "$(digest_of list-data)"
refused "is refused when it is blacklisted" ERFKILL "blacklisted" load list-data list-data.linked
"$SELFTESTS/digestlists.py" metadata --algo sha512 compact list-data list-data.linked >meta
refused "is refused by metadata that name its SHA-512 as well" ERFKILL "blacklisted" put digest_lists meta
accepted "loads where another one is blacklisted" load list-other list-other.linked
unload_all

section "a built-in key"
accepted "its list loads before it is blacklisted" load list-barred-linked list-barred-linked.barred-linked
unload_all
check "its certificate is added to the blacklist" bar_certificate barred-linked
refused "its list is refused when it is blacklisted" ERFKILL "blacklisted" load list-barred-linked list-barred-linked.barred-linked
check_eq "its state is blacklisted" blacklisted "$(id_and_state barred-linked)"

section "an added key"
accepted "is accepted before it is blacklisted" put trusted_keys "$keys/barred-added.der"
accepted "its list loads before it is blacklisted" load list-barred-added list-barred-added.barred-added
unload_all
check "its certificate is added to the blacklist" bar_certificate barred-added
refused "its list is refused when it is blacklisted" ERFKILL "blacklisted" load list-barred-added list-barred-added.barred-added
check_eq "its state is blacklisted" blacklisted "$(id_and_state barred-added)"
refused "is not added a second time" ERFKILL "blacklisted" put trusted_keys "$keys/barred-added.der"

section "a certificate that was never added"
check "is added to the blacklist" bar_certificate barred-later
refused "is refused as a key when it is blacklisted" ERFKILL "blacklisted" put trusted_keys "$keys/barred-later.der"

section "a certificate in the signature of a list"
accepted "its list loads before it is blacklisted" load list-barred-enclosed list-barred-enclosed.barred-enclosed
unload_all
check "is added to the blacklist" bar_certificate barred-enclosed
refused "its list is refused when it is blacklisted" ERFKILL "blacklisted" load list-barred-enclosed list-barred-enclosed.barred-enclosed

section "a key below a CA"
accepted "the CA is accepted" put trusted_keys "$keys/barred-ca.der"
accepted "the key is accepted" put trusted_keys "$keys/barred-child.der"
accepted "its list loads" load list-barred-child list-barred-child.barred-child
unload_all

section "files"
# Files, first by what vouches for them, then from the cache.
enforce="appraise func=BPRM_CHECK fsuuid=$uuid digest_list"
set_policy "$enforce" || bail "the policy is refused"
fresh "$disk" && listed=$file
fresh "$disk" && other=$file
fresh "$disk" && signed=$file
sign_file "$signed" barred-child || bail "evmctl"
list_of immutable "$listed" "$other" && load_signed || bail "the list is refused"
for file in "$listed" "$other" "$signed"; do "$file"; done
check "a listed program runs" "$listed"
check "another listed program runs" "$other"
check "a signed program runs" "$signed"
mark
check "the digest of a listed program is added to the blacklist" bar "$(digest_of "$listed")"
check "a blacklisted program is refused at once" denied "$listed"
check_eq "the audit log gives the cause of a blacklisted program" 1 "$(refusals "$listed" blacklisted-hash | wc -l)"
check "a program that is not blacklisted runs" "$other"

section "a CA"
check "its certificate is added to the blacklist" bar_certificate barred-ca
check "the program that a key below it signed is refused at once" denied "$signed"
check_eq "the program is refused because of its signature" 1 "$(refusals "$signed" invalid-signature | wc -l)"
check_eq "its state is blacklisted" blacklisted "$(id_and_state barred-ca)"
check_eq "the key below it has no trusted issuer" issuer-not-trusted "$(id_and_state barred-child)"
refused "a list by the key below it is refused" ENOLINK "vouches" load list-barred-child list-barred-child.barred-child
check "another program runs" "$other"
accepted "a list by a key beside it loads" load list-linked list-linked.linked
set_policy "dont_appraise fsuuid=$uuid" || bail "the policy is refused"
unload_module || bail "the module does not unload"
finish
