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

plan 48
cd "$WORK" || bail "no work directory"

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
for key in signer signer-renewed signer-other below beneath linked; do
	cms list $key -nocerts || bail "openssl cms $key"
done
ima list signer
for key in signer signer-other ec below; do
	cp list list-$key && cms list-$key $key || bail "openssl cms $key"
done

id=$(id_of signer)

section "a key with three certificates"
start
accepted "the first is added" add_certificate signer
accepted "the second is added: it certifies the key again by the same name" add_certificate signer-renewed
accepted "the third is added: it certifies the key by another name" add_certificate signer-other
check_eq "all three are there" "valid valid valid" "$(state_of "$id")"
accepted "a list by the first loads" load list list.signer
unload_all
accepted "a list by the second loads" load list list.signer-renewed
unload_all
accepted "a list by the third loads" load list list.signer-other
unload_all
accepted "the key is revoked" revoke "$id"
check_eq "all three are revoked with the key" "revoked revoked revoked" "$(state_of "$id")"
refused "a list by the first is refused when the key is revoked" EKEYREVOKED "revoked" load list list.signer
refused "a list by the second is refused when the key is revoked" EKEYREVOKED "revoked" load list list.signer-renewed
refused "a list by the third is refused when the key is revoked" EKEYREVOKED "revoked" load list list.signer-other
refused "a list with an IMA signature is refused when the key is revoked" EKEYREVOKED "revoked" load list list.signer.ima
refused "a list that brings the certificate along is refused when the key is revoked" EKEYREVOKED "revoked" load list-signer list-signer.signer
# Whoever can sign for one exponent can for any: the key is its modulus.
modulus=$(openssl rsa -in "$keys/signer.key" -noout -modulus | cut -d= -f2)
printf '%s\n' asn1=SEQUENCE:spki '[spki]' algorithm=SEQUENCE:algorithm key=BITWRAP,SEQUENCE:rsa '[algorithm]' \
	oid=OID:rsaEncryption parameter=NULL '[rsa]' "n=INTEGER:0x$modulus" e=INTEGER:17 >exponent.conf
printf 'keyUsage=digitalSignature\n' >exponent.ext
openssl asn1parse -genconf exponent.conf -noout -out exponent.der &&
	openssl pkey -pubin -inform DER -in exponent.der -out exponent.pem &&
	openssl x509 -new -force_pubkey exponent.pem -CA "$keys/ca.pem" -CAkey "$keys/ca.key" -subj /CN=exponent \
		-extfile exponent.ext -days 3000 -outform DER -out exponent.crt || bail "no certificate with another exponent"
refused "the key cannot be added with another exponent when it is revoked" EKEYREVOKED "revoked" put trusted_keys exponent.crt
for cert in signer signer-renewed signer-other; do
	refused "$cert cannot be added when the key is revoked" EKEYREVOKED "revoked" add_certificate $cert
done
for text in 1234 "not hexadecimal" "$(printf '%0130d' 0)"; do
	refused "what is no identifier cannot be revoked: ${text::15}" EBADE "not the identifier of a key" revoke "$text"
done
unload_module || bail "the module does not unload"

section "a key that is revoked by one certificate"
start
accepted "the certificate is added" add_certificate signer
accepted "the key is revoked" revoke "$id"
refused "another certificate by the same name is refused" EKEYREVOKED "revoked" add_certificate signer-renewed
refused "another certificate by another name is refused" EKEYREVOKED "revoked" add_certificate signer-other
refused "another certificate in a signature is refused" EKEYREVOKED "revoked" load list-signer-other list-signer-other.signer-other
section "a key that came only with signatures"
accepted "its list loads" load list-ec list-ec.ec
unload_all
accepted "it can be revoked" revoke "$(id_of ec)"
refused "its list is refused when it is revoked" EKEYREVOKED "revoked" load list-ec list-ec.ec
refused "it cannot be added when it is revoked" EKEYREVOKED "revoked" add_certificate ec
unload_module || bail "the module does not unload"

section "a CA below the CA that is revoked"
start
accepted "it is added" add_certificate intermediate
accepted "a key below it is added" add_certificate below
accepted "a list by the key loads" load list list.below
unload_all
accepted "it is revoked" revoke "$(id_of intermediate)"
check_eq "the state of the key is issuer-not-trusted" "issuer-not-trusted" "$(state_of "$(id_of below)")"
refused "a list by the key is refused" ENOLINK "vouches" load list list.below
refused "a list that brings the certificate of the key along is refused" ENOLINK "vouches" load list-below list-below.below
refused "its other certificate is refused" EKEYREVOKED "revoked" add_certificate intermediate-renewed
accepted "a list by a key that does not need it loads" load list list.linked
unload_all
unload_module || bail "the module does not unload"

section "a CA that expires in 2050"
start
accepted "it is added" add_certificate brief
accepted "a key below it that does not expire then is added" add_certificate beneath
accepted "a list by the key loads" load list list.beneath
unload_all
hwclock=$(date +%s)
date -s '2050-06-01 UTC' >/dev/null
accepted "a list that was signed before loads in 2050" load list list.beneath
unload_all
cms list beneath -nocerts || bail "openssl cms"
refused "a list that is signed in 2050 is refused in 2050" ENOLINK "vouches" load list list.beneath
date -s "@$((hwclock + 5))" >/dev/null
refused "a list that is signed in 2050 is refused in our days" ENOLINK "vouches" load list list.beneath
cms list beneath -nocerts || bail "openssl cms"
accepted "a list that is signed in our days loads" load list list.beneath
unload_all

section "a built-in CA that is revoked"
accepted "the revocation is accepted" revoke "$(id_of ca)"
refused "a list by a key that it certified is refused" ENOLINK "vouches" load list list.beneath
unload_module || bail "the module does not unload"
finish
