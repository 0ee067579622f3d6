#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keys that are not to be trusted any more: revoked, by whatever certificate they come, or certified
# by a key that was revoked or has expired.
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 45
cd "$WORK" || bail "no work directory"

"$SELFTESTS/lists.py" "$WORK/lists" 1 10
cp lists/list-0 list
for key in signer signer-renewed signer-other below beneath linked; do
	cms list $key -nocerts || bail "openssl cms $key"
done
ima list signer
for key in signer signer-other ec below; do
	cp list list-$key && cms list-$key $key || bail "openssl cms $key"
done

start() { load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"; }
add() { put trusted_keys "$keys/$1.der"; }
id=$(id_of signer)

start
accepted "a key" add signer
accepted "the same key, certified again by the same name" add signer-renewed
accepted "and by another" add signer-other
check_eq "all three certificates are there" "valid valid valid" "$(state_of "$id")"
accepted "a signature by the first certificate" load list list.signer
unload_all
accepted "by the second" load list list.signer-renewed
unload_all
accepted "by the third" load list list.signer-other
unload_all
accepted "revoking the key" revoke "$id"
check_eq "revokes all three" "revoked revoked revoked" "$(state_of "$id")"
refused "a signature by the first certificate is refused" EKEYREVOKED "revoked" load list list.signer
refused "by the second" EKEYREVOKED "revoked" load list list.signer-renewed
refused "by the third" EKEYREVOKED "revoked" load list list.signer-other
refused "an IMA signature" EKEYREVOKED "revoked" load list list.signer.ima
refused "one that brings the certificate along" EKEYREVOKED "revoked" load list-signer list-signer.signer
for cert in signer signer-renewed signer-other; do
	refused "$cert cannot be added again" EKEYREVOKED "revoked" add $cert
done
refused "what is no identifier cannot be revoked" EBADMSG "contradicts" revoke 1234
unload_module || bail "the module does not unload"

start
accepted "the first of two certificates" add signer
accepted "revoking its key" revoke "$id"
refused "the other, by the same name, is refused" EKEYREVOKED "revoked" add signer-renewed
refused "by another name as well" EKEYREVOKED "revoked" add signer-other
refused "also in a signature" EKEYREVOKED "revoked" load list-signer-other list-signer-other.signer-other
accepted "a key that came only with signatures" load list-ec list-ec.ec
unload_all
accepted "can be revoked" revoke "$(id_of ec)"
refused "its signatures are refused" EKEYREVOKED "revoked" load list-ec list-ec.ec
refused "and it cannot be added" EKEYREVOKED "revoked" add ec
unload_module || bail "the module does not unload"

start
accepted "a CA below the CA" add intermediate
accepted "a key below that" add below
accepted "its signature" load list list.below
unload_all
accepted "revoking the CA between" revoke "$(id_of intermediate)"
check_eq "shows in the state of the key" "issuer-not-trusted" "$(state_of "$(id_of below)")"
refused "whose signatures are refused" ENOLINK "vouches" load list list.below
refused "also with the certificate" ENOLINK "vouches" load list-below list-below.below
refused "the CA's other certificate is refused" EKEYREVOKED "revoked" add intermediate-renewed
accepted "a key that needs nobody else is not concerned" load list list.linked
unload_all
unload_module || bail "the module does not unload"

start
accepted "a CA that expires in 2050" add brief
accepted "a key below it that does not" add beneath
accepted "a signature by it" load list list.beneath
unload_all
hwclock=$(date +%s)
date -s '2050-06-01 UTC' >/dev/null
accepted "in 2050 it is accepted: it was made before" load list list.beneath
unload_all
cms list beneath -nocerts || bail "openssl cms"
refused "one that is made in 2050 is not" ENOLINK "vouches" load list list.beneath
date -s "@$((hwclock + 5))" >/dev/null
refused "also in our days" ENOLINK "vouches" load list list.beneath
cms list beneath -nocerts || bail "openssl cms"
accepted "one of our days is" load list list.beneath
unload_all

accepted "revoking the CA that was linked in" revoke "$(id_of ca)"
refused "stops all that it certified" ENOLINK "vouches" load list list.beneath
unload_module || bail "the module does not unload"
finish
