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

grep -qw selftest.blacklist /proc/cmdline || skip_all "not booted with selftest.blacklist"
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

"$SELFTESTS/lists.py" "$WORK/lists" 3 10
for key in linked barred-linked barred-added barred-later barred-child; do
	cp lists/list-0 "list-$key"
	cms "list-$key" "$key" -nocerts || bail "openssl cms"
done
cp lists/list-0 list-barred-enclosed && cms list-barred-enclosed barred-enclosed || bail "openssl cms"
cp lists/list-1 list-data && cms list-data linked -nocerts || bail "openssl cms"
cp lists/list-2 list-other && cms list-other linked -nocerts || bail "openssl cms"

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"

# A list.
accepted "a list loads" load list-data list-data.linked
unload_all
check "its SHA-256 comes into the blacklist" bar "$(digest_of list-data)"
refused "it is refused" ERFKILL "blacklisted" load list-data list-data.linked
"$SELFTESTS/metadata.py" --algo sha512 compact list-data list-data.linked >meta
refused "also by metadata that name it by its SHA-512" ERFKILL "blacklisted" put digest_lists meta
accepted "another loads" load list-other list-other.linked
unload_all

# Certificates.
accepted "a list by a linked-in key" load list-barred-linked list-barred-linked.barred-linked
unload_all
check "whose certificate comes into the blacklist" bar_certificate barred-linked
refused "is refused" ERFKILL "blacklisted" load list-barred-linked list-barred-linked.barred-linked
check_eq "and the key shown so" blacklisted "$(id_and_state barred-linked)"

accepted "a key is added" put trusted_keys "$keys/barred-added.der"
accepted "a list by it loads" load list-barred-added list-barred-added.barred-added
unload_all
check "its certificate comes into the blacklist" bar_certificate barred-added
refused "the list is refused" ERFKILL "blacklisted" load list-barred-added list-barred-added.barred-added
check_eq "the key shown so" blacklisted "$(id_and_state barred-added)"
refused "and not added again" ERFKILL "blacklisted" put trusted_keys "$keys/barred-added.der"

check "a certificate comes into the blacklist" bar_certificate barred-later
refused "and cannot be added" ERFKILL "blacklisted" put trusted_keys "$keys/barred-later.der"

accepted "a list with the certificate in its signature" load list-barred-enclosed list-barred-enclosed.barred-enclosed
unload_all
check "which comes into the blacklist" bar_certificate barred-enclosed
refused "is refused" ERFKILL "blacklisted" load list-barred-enclosed list-barred-enclosed.barred-enclosed

accepted "a CA" put trusted_keys "$keys/barred-ca.der"
accepted "and a key below it" put trusted_keys "$keys/barred-child.der"
accepted "whose list loads" load list-barred-child list-barred-child.barred-child
unload_all

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
check "another, too" "$other"
check "and a signed one" "$signed"
mark
check "the digest of the first comes into the blacklist" bar "$(digest_of "$listed")"
check "it is refused at once" denied "$listed"
check_eq "and the audit log says why" 1 "$(refusals "$listed" blacklisted-hash | wc -l)"
check "the other runs" "$other"

check "the CA comes into the blacklist" bar_certificate barred-ca
check "the program that its key signed is refused at once" denied "$signed"
check_eq "because of its signature" 1 "$(refusals "$signed" invalid-signature | wc -l)"
check_eq "the CA is shown so" blacklisted "$(id_and_state barred-ca)"
check_eq "and the key below it" issuer-not-trusted "$(id_and_state barred-child)"
refused "whose list is refused" ENOLINK "vouches" load list-barred-child list-barred-child.barred-child
check "the other program runs" "$other"
accepted "a list by a key of which nothing was said" load list-linked list-linked.linked
set_policy "dont_appraise fsuuid=$uuid" || bail "the policy is refused"
unload_module || bail "the module does not unload"
finish
