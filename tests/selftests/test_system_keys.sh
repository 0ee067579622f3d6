#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keys of the kernel's own keyrings: they sign lists only with their certificates, so that these can
# be judged.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/signatures.sh"

helper=/opt/guest/modules/digest_lists_keys.ko
[ -e "$helper" ] || skip_all "the module digest_lists_keys was not built"

plan 28
begin_appraisal

"$SELFTESTS/lists.py" "$WORK/lists" 1 10
cp lists/list-0 list
for key in system system-signer system-expired; do
	cp list "list-$key" && cms "list-$key" "$key" && cms list "$key" -nocerts || bail "openssl cms"
done
cms list foreign -nocerts || bail "openssl cms"
cp list list-sha1 && cms list-sha1 system-signer -md sha1 || bail "openssl cms"

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"

refused "a key below a CA that nobody knows" ENOKEY "no trusted key" load list-system-signer list-system-signer.system-signer
check "the CA comes into the kernel's secondary keyring" eval 'insmod $helper trust=$keys/system.der && rmmod digest_lists_keys'
refused "whose keys do not count" EADV "without trust_machine_keyring=1" load list-system-signer list-system-signer.system-signer
refused "the CA's own list neither" EADV "without trust_machine_keyring=1" load list-system list-system.system
refused "without the certificate neither" EADV "without trust_machine_keyring=1" load list list.system
refused "and a certificate below the CA is not added" EADV "without trust_machine_keyring=1" put trusted_keys "$keys/system-signer.der"
check_eq "status tells" no "$(status trust_machine_keyring)"
unload_module || bail "the module does not unload"
dmesg -C
load_module ima_policy=exec_tcb require_signature=1 trust_machine_keyring=1 || bail "the module does not load"
check "trust_machine_keyring=1 is warned of" eval 'dmesg | grep -q "trust_machine_keyring=1: whoever"'
accepted "then the list loads" load list-system-signer list-system-signer.system-signer
check_eq "its signer is that key" "signer=$(id_of system-signer)" "$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)"
unload_all
refused "without the certificate it does not" ENOKEY "no trusted key" load list list.system-signer
refused "with one that has expired" EKEYEXPIRED "had ended" load list-system-expired list-system-expired.system-expired
refused "over SHA-1" ENAVAIL "SHA-1" load list-sha1 list-sha1.system-signer
accepted "a list by the CA itself, with its certificate" load list-system list-system.system
unload_all
refused "without the certificate nothing is known of the key" EREMOTE "certificate in the message" load list list.system
refused "which is something else than a key that is unknown" ENOKEY "no trusted key" load list list.foreign

accepted "an expired certificate can be added, for what it signed before" put trusted_keys "$keys/system-expired.der"
accepted "a certificate below the CA" put trusted_keys "$keys/system-signer.der"
check "is shown as the kernel's" grep -q "^$(id_of system-signer) .*origin=system .*state=valid" $SECFS/trusted_keys
accepted "its signatures need no certificate then" load list list.system-signer
unload_all

# The signatures at the end of modules are the kernel's affair: it loads by them without asking
# more.
cp "$helper" "$disk/unsigned.ko"
sign_module "$helper" system "$disk/system.ko" && sign_module "$helper" foreign "$disk/foreign.ko" || bail "no signed module"
set_policy "appraise func=MODULE_CHECK appraise_type=imasig|modsig fsuuid=$uuid" || bail "the policy is refused"
check "a module without a signature is refused" refuses insmod "$disk/unsigned.ko"
check "one signed by an unknown key, too" refuses insmod "$disk/foreign.ko"
check "one signed by a key of the kernel's keyrings loads" eval 'insmod "$disk/system.ko" && rmmod digest_lists_keys'
set_policy "dont_appraise fsuuid=$uuid" || bail "the policy is refused"

accepted "the CA is revoked" revoke "$(id_of system)"
check_eq "the key below it is shown so" issuer-not-trusted "$(state_of "$(id_of system-signer)")"
refused "and its lists are refused" ENOLINK "vouches" load list list.system-signer
refused "also with the certificate" ENOLINK "vouches" load list-system-signer list-system-signer.system-signer
refused "and the CA's own" EKEYREVOKED "revoked" load list-system list-system.system
unload_module || bail "the module does not unload"
finish
