#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may sign a list, and how. The module under test has the certificates ca, linked, linked-old
# and barred-linked linked in; see scripts/test-keys for the others.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 42
cd "$WORK" || bail "no work directory"

"$SELFTESTS/digestlists.py" series "$WORK/lists" 4 10
cp lists/list-0 list
for key in linked signer ec expired encipher weak leaf foreign below sha1 linked-old future; do cms list $key -nocerts || bail "openssl cms $key"; done
cms list signer && cp list.signer list.signer-certs
cms list foreign && cp list.foreign list.foreign-certs
cms list leaf && cp list.leaf list.leaf-certs
cms list encipher && cp list.encipher list.encipher-certs
cms list weak && cp list.weak list.weak-certs
cms list signer -nocerts
for key in linked signer ec foreign dedicated; do ima list $key; done

start

section "the keyring"
check "it is visible" grep -q 'keyring   .digest_lists' /proc/keys
check_eq "it has four built-in keys" 4 "$(sed -n 's/^trusted_keys: //p' $SECFS/status)"
section "lists by built-in keys"
check_eq "a signature is required" yes "$(sed -n 's/^require_signature: //p' $SECFS/status)"
refused "an unsigned list is refused" EACCES "not signed" load list -
accepted "a list with PKCS#7 loads" load list list.linked
check_eq "the signer of a list stands in digest_lists" "signer=$(id_of linked)" "$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)"
check_eq "a list serves measurement and appraisal" "actions=measure,appraise" "$(grep -o 'actions=[^ ]*' $SECFS/digest_lists)"
exec 3<>$SECFS/digest_query
printf 'sha256:%s\n' "$(printf 0.3 | sha256sum | cut -d' ' -f1)" >&3
check_eq "the signer of a list stands in digest_query" "signer=$(id_of linked)" "$(cat <&3 | grep -o 'signer=[^ ]*')"
exec 3<&-
unload_all

refused "an IMA signature by a key that is not dedicated to lists is refused" ECHRNG "dedicates it to lists" load list list.linked.ima
refused "a signature by a key that was no longer valid is refused" EKEYEXPIRED "had ended" load list list.linked-old
section "lists by keys that were not added"
refused "PKCS#7 is refused" ENOKEY "no trusted key" load list list.signer
refused "an IMA signature is refused" ENOKEY "no trusted key" load list list.signer.ima
accepted "PKCS#7 with a certificate that the built-in CA has signed loads" load list list.signer-certs
unload_all
refused "PKCS#7 with a certificate that no trusted key has signed is refused" ENOKEY "no trusted key" load list list.foreign-certs
refused "PKCS#7 with a certificate that a key has signed which is no CA is refused" ENOKEY "no trusted key" load list list.leaf-certs
refused "PKCS#7 with a certificate for encryption only is refused" EUNATCH "does not allow" load list list.encipher-certs
refused "PKCS#7 with a certificate with a short key is refused" ENOSR "2048" load list list.weak-certs

section "keys that are added"
accepted "a certificate that the CA has signed is accepted" put trusted_keys $keys/signer.der
check "a certificate that the CA has signed stands in trusted_keys" grep -q "^$(id_of signer) .*usage=sign origin=certified .*state=valid" $SECFS/trusted_keys
check "a certificate that the CA has signed stands in /proc/keys" grep -q "selftest signer" /proc/keys
accepted "a list by a certificate that the CA has signed loads" load list list.signer
unload_all
accepted "a key that is dedicated to lists is accepted" put trusted_keys $keys/dedicated.der
check "a key that is dedicated to lists is shown as one" grep -q "^$(id_of dedicated) .*usage=lists origin=certified" $SECFS/trusted_keys
accepted "a list with an IMA signature by a dedicated key loads" load list list.dedicated.ima
unload_all
accepted "a key on a curve is accepted" put trusted_keys $keys/ec.der
accepted "a list with PKCS#7 by ECDSA loads" load list list.ec
unload_all
accepted "a list with an IMA signature by ECDSA loads" load list list.ec.ima
unload_all
accepted "an expired certificate is accepted: what it signed while it was valid counts" put trusted_keys $keys/expired.der
accepted "a certificate that is not valid yet is accepted" put trusted_keys $keys/future.der
refused "a certificate for encryption is refused" EUNATCH "does not allow" put trusted_keys $keys/encipher.der
refused "a certificate with a short key is refused" ENOSR "2048" put trusted_keys $keys/weak.der
refused "a certificate signed with SHA-1 is refused" ENAVAIL "SHA-1" put trusted_keys $keys/sha1.der
refused "a certificate signed by no CA is refused" EUNATCH "does not allow" put trusted_keys $keys/leaf.der
refused "a certificate of an unknown CA is refused" ENOKEY "no trusted key" put trusted_keys $keys/foreign.der
accepted "a CA below the CA is accepted" put trusted_keys $keys/intermediate.der
accepted "a key of a CA below the CA is accepted" put trusted_keys $keys/below.der

accepted "the built-in CA is accepted again, by itself" put trusted_keys $keys/ca.der
check_eq "the built-in CA needs no other key when it was added again" "module valid" \
	"$(sed -n "s/^$(id_of ca) .* origin=\([a-z]*\) .* state=/\1 /p" $SECFS/trusted_keys)"

section "changed bits"
python3 - list "$WORK" <<'PY'
import sys
path, work = sys.argv[1:]
data = bytearray(open(path, "rb").read())
data[-1] ^= 1
open(work + "/other", "wb").write(data)
for name in ("list.signer", "list.dedicated.ima"):
    data = bytearray(open(name, "rb").read())
    data[-20] ^= 1
    open(name + ".flipped", "wb").write(data)
PY
refused "one of the list is refused with PKCS#7" EREMCHG "does not verify" load other list.signer
refused "one of the signature is refused with PKCS#7" EREMCHG "does not verify" load list list.signer.flipped
refused "one of the list is refused with an IMA signature" EREMCHG "does not verify" load other list.dedicated.ima
refused "one of the signature is refused with an IMA signature" EREMCHG "does not verify" load list list.dedicated.ima.flipped

unload_module || bail "the module does not unload"
finish
