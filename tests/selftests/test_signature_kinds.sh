#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Hash functions, algorithms and forms of signatures by one's own keys: those that count, and those
# that are refused by name.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 39
cd "$WORK" || bail "no work directory"

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
# good NAME KEY SIGNATURE: one result: the list loads by that signature, and names that signer.
good() {
	local got
	got=$(load list "$3")
	[ -n "$got" ] || got=$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)
	check_eq "$1" "signer=$(id_of "$2")" "$got" || dmesg | tail -n 3 | sed 's/^/# /'
	unload_all
}

start
section "keys"
for key in ec curve dedicated; do accepted "$key is added" put trusted_keys "$keys/$key.der"; done

section "signatures"
for hash in sha256 sha384 sha512; do
	for key in dedicated ec curve; do
		cms list $key -nocerts -md $hash && good "CMS by $key over $hash counts" $key list.$key
		ima list $key $hash && good "IMA by $key over $hash counts" $key list.$key.ima
	done
done
# Without signed attributes: what is signed is the list itself, and nothing says when.
openssl cms -sign -binary -noattr -nosmimecap -nocerts -in list -signer "$keys/linked.pem" -inkey "$keys/linked.key" -outform DER \
	-out attributes -md sha256
good "CMS without signed attributes counts" linked attributes
python3 -c 'data = bytearray(open("list", "rb").read()); data[-1] ^= 1; open("other", "wb").write(data)'
refused "CMS without signed attributes over another list is refused" EREMCHG "does not verify" load other attributes
cms list linked -nocerts
refused "CMS with signed attributes over another list is refused" EREMCHG "does not verify" load other list.linked
cms list linked -nocerts -keyid && good "CMS that names its signer by the key's identifier counts" linked list.linked
cms list signer -keyid && good "CMS that names its signer by the key's identifier and has the certificate counts" signer list.signer

for hash in sha1 md5; do
	cms list linked -nocerts -md $hash
	refused "CMS over $hash is refused" ENAVAIL "too weak" load list list.linked
done
ima list linked sha1 && refused "IMA over SHA-1 is refused" EKEYREJECTED "too weak" load list list.linked.ima
for key in expired future; do cms list $key || bail "openssl cms"; done
refused "CMS with an expired certificate is refused" EKEYEXPIRED "had ended" load list list.expired
refused "CMS with a certificate that is not valid yet is refused" ETIME "before the validity" load list list.future
section "certificates"
refused "one with an Ed25519 key is refused" ELIBMAX "cannot verify Ed25519" put trusted_keys "$keys/ed25519.der"
refused "one with an ML-DSA key is refused" ELIBMAX "cannot verify ML-DSA" put trusted_keys "$keys/mldsa.der"
refused "one with a DSA key is refused" ELIBMAX "cannot verify DSA" put trusted_keys "$keys/dsa.der"
refused "one signed with Ed25519 is refused" ELIBMAX "cannot verify Ed25519" put trusted_keys "$keys/ed25519-leaf.der"
refused "one signed with RSA-PSS is refused" ELIBMAX "cannot verify RSA-PSS" put trusted_keys "$keys/pss.der"
# openssl signs by this key only what has signed attributes.
openssl cms -sign -binary -nosmimecap -in list -signer "$keys/ed25519.pem" -inkey "$keys/ed25519.key" -outform DER \
	-out list.ed25519 -md sha512
section "signatures"
refused "CMS by an Ed25519 key is refused" ELIBMAX "cannot verify Ed25519" load list list.ed25519
cms list dsa
refused "CMS by a DSA key is refused" ELIBMAX "cannot verify DSA" load list list.dsa
# By an ML-DSA key it does not sign at all: the algorithm's identifier is put in the place of
# rsaEncryption.
cms list linked -nocerts
python3 -c '
data = open("list.linked", "rb").read()
head, tail = data.rsplit(bytes.fromhex("06092a864886f70d010101"), 1)
open("list.mldsa", "wb").write(head + bytes.fromhex("0609608648016503040312") + tail)'
refused "CMS by an ML-DSA key is refused" ELIBMAX "cannot verify ML-DSA" load list list.mldsa
unload_module || bail "the module does not unload"
finish
