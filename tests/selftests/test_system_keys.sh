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

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
for key in system system-signer system-expired; do
	cp list "list-$key" && cms "list-$key" "$key" && cms list "$key" -nocerts || bail "openssl cms"
done
cms list foreign -nocerts || bail "openssl cms"
cp list list-sha1 && cms list-sha1 system-signer -md sha1 || bail "openssl cms"

start

section "a CA of the kernel's secondary keyring"
refused "a list by a key below it is refused while it is unknown" ENOKEY "no trusted key" load list-system-signer list-system-signer.system-signer
check "it is added to the kernel's keyring" eval 'insmod $helper trust=$keys/system.der && rmmod digest_lists_keys'
refused "a list by a key below it is refused without trust_machine_keyring=1" EADV "without trust_machine_keyring=1" load list-system-signer list-system-signer.system-signer
refused "its own list is refused without trust_machine_keyring=1" EADV "without trust_machine_keyring=1" load list-system list-system.system
refused "its own list without the certificate is refused without trust_machine_keyring=1" EADV "without trust_machine_keyring=1" load list list.system
refused "a certificate below it is not added without trust_machine_keyring=1" EADV "without trust_machine_keyring=1" put trusted_keys "$keys/system-signer.der"
check_eq "the status file shows that trust_machine_keyring=1 is not set" no "$(status trust_machine_keyring)"
unload_module || bail "the module does not unload"
dmesg -C
load_module ima_policy=exec_tcb require_signature=1 trust_machine_keyring=1 || bail "the module does not load"
section "trust_machine_keyring=1"
check "the kernel log warns of it" eval 'dmesg | grep -q "trust_machine_keyring=1: whoever"'
accepted "a list by a key below the CA loads" load list-system-signer list-system-signer.system-signer
check_eq "the signer of a list is the key below the CA" "signer=$(id_of system-signer)" "$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)"
unload_all
refused "a list without the certificate is refused" ENOKEY "no trusted key" load list list.system-signer
refused "a list with a certificate that has expired is refused" EKEYEXPIRED "had ended" load list-system-expired list-system-expired.system-expired
refused "a list over SHA-1 is refused" ENAVAIL "SHA-1" load list-sha1 list-sha1.system-signer
accepted "a list by the CA itself, with its certificate, loads" load list-system list-system.system
unload_all
refused "a list by the CA itself is refused without the certificate, by which the key could be judged" EREMOTE "certificate in the message" load list list.system
refused "a list by an unknown key is refused with another errno" ENOKEY "no trusted key" load list list.foreign

accepted "an expired certificate can be added, for what it signed before" put trusted_keys "$keys/system-expired.der"
accepted "a certificate below the CA is accepted" put trusted_keys "$keys/system-signer.der"
check "a certificate below the CA is shown as the kernel's" grep -q "^$(id_of system-signer) .*origin=system .*state=valid" $SECFS/trusted_keys
accepted "a list by a certificate that was added needs no certificate" load list list.system-signer
unload_all

section "a module with a signature at its end"
# The signatures at the end of modules are the kernel's affair: it loads by them without asking
# more.
cp "$helper" "$disk/unsigned.ko"
sign_module "$helper" system "$disk/system.ko" && sign_module "$helper" foreign "$disk/foreign.ko" || bail "no signed module"
set_policy "appraise func=MODULE_CHECK appraise_type=imasig|modsig fsuuid=$uuid" || bail "the policy is refused"
check "it is refused without the signature" refuses insmod "$disk/unsigned.ko"
check "it is refused with a signature by an unknown key" refuses insmod "$disk/foreign.ko"
check "it loads with a signature by a key of the kernel's keyrings" eval 'insmod "$disk/system.ko" && rmmod digest_lists_keys'
set_policy "dont_appraise fsuuid=$uuid" || bail "the policy is refused"

section "a CA of the kernel's that is revoked"
accepted "the revocation is accepted" revoke "$(id_of system)"
check_eq "the key below it has no trusted issuer" issuer-not-trusted "$(state_of "$(id_of system-signer)")"
refused "a list by the key below it is refused" ENOLINK "vouches" load list list.system-signer
refused "a list by the key below it is refused with the certificate as well" ENOLINK "vouches" load list-system-signer list-system-signer.system-signer
refused "its own list is refused" EKEYREVOKED "revoked" load list-system list-system.system
unload_module || bail "the module does not unload"
finish
