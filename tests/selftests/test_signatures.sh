#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may sign a list, and how. The module under test has the certificates ca, linked, linked-old
# and barred-linked linked in; see scripts/test-keys for the others.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 40
cd "$WORK" || bail "no work directory"

"$SELFTESTS/lists.py" "$WORK/lists" 4 10
cp lists/list-0 list
for key in linked signer ec expired encipher weak leaf foreign below sha1 linked-old future; do cms list $key -nocerts || bail "openssl cms $key"; done
cms list signer && cp list.signer list.signer-certs
cms list foreign && cp list.foreign list.foreign-certs
cms list leaf && cp list.leaf list.leaf-certs
cms list encipher && cp list.encipher list.encipher-certs
cms list weak && cp list.weak list.weak-certs
cms list signer -nocerts
for key in linked signer ec foreign dedicated; do ima list $key; done

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"

check "the keyring is visible" grep -q 'keyring   .digest_lists' /proc/keys
check_eq "four keys are linked in" 4 "$(sed -n 's/^trusted_keys: //p' $SECFS/status)"
check_eq "a signature is required" yes "$(sed -n 's/^require_signature: //p' $SECFS/status)"
refused "an unsigned list" EACCES "not signed" load list -
accepted "PKCS#7 by a linked-in key" load list list.linked
check_eq "the signer stands in digest_lists" "signer=$(id_of linked)" "$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)"
check_eq "and the list answers for both" "actions=measure,appraise" "$(grep -o 'actions=[^ ]*' $SECFS/digest_lists)"
exec 3<>$SECFS/digest_query
printf 'sha256:%s\n' "$(printf 0.3 | sha256sum | cut -d' ' -f1)" >&3
check_eq "and in digest_query" "signer=$(id_of linked)" "$(cat <&3 | grep -o 'signer=[^ ]*')"
exec 3<&-
unload_all

refused "IMA signature by a key that is not dedicated to lists" ECHRNG "dedicates it to lists" load list list.linked.ima
refused "a key that was not valid any more" EKEYEXPIRED "had ended" load list list.linked-old
refused "a key that is not in the keyring yet" ENOKEY "no trusted key" load list list.signer
refused "the same, IMA" ENOKEY "no trusted key" load list list.signer.ima
accepted "its certificate in the signature, signed by the linked-in CA" load list list.signer-certs
unload_all
refused "a certificate that no trusted key has signed" ENOKEY "no trusted key" load list list.foreign-certs
refused "one that a key has signed which is no CA" ENOKEY "no trusted key" load list list.leaf-certs
refused "one for encryption only" EUNATCH "does not allow" load list list.encipher-certs
refused "one with a short key" ENOSR "2048" load list list.weak-certs

accepted "adding a certificate that the CA has signed" put trusted_keys $keys/signer.der
check "it stands in trusted_keys" grep -q "^$(id_of signer) .*usage=sign origin=certified .*state=valid" $SECFS/trusted_keys
check "and in /proc/keys" grep -q "selftest signer" /proc/keys
accepted "then its signatures count" load list list.signer
unload_all
accepted "adding a key that is dedicated to lists" put trusted_keys $keys/dedicated.der
check "it is shown so" grep -q "^$(id_of dedicated) .*usage=lists origin=certified" $SECFS/trusted_keys
accepted "then its IMA signatures count" load list list.dedicated.ima
unload_all
accepted "adding a key on a curve" put trusted_keys $keys/ec.der
accepted "ECDSA, PKCS#7" load list list.ec
unload_all
accepted "ECDSA, IMA" load list list.ec.ima
unload_all
accepted "adding an expired certificate: what it signed while it was valid counts" put trusted_keys $keys/expired.der
accepted "adding one that is not valid yet" put trusted_keys $keys/future.der
refused "adding one for encryption" EUNATCH "does not allow" put trusted_keys $keys/encipher.der
refused "adding one with a short key" ENOSR "2048" put trusted_keys $keys/weak.der
refused "adding one signed with SHA-1" ENAVAIL "SHA-1" put trusted_keys $keys/sha1.der
refused "adding one signed by no CA" EUNATCH "does not allow" put trusted_keys $keys/leaf.der
refused "adding one of an unknown CA" ENOKEY "no trusted key" put trusted_keys $keys/foreign.der
accepted "adding a CA below the CA" put trusted_keys $keys/intermediate.der
accepted "and a key below that" put trusted_keys $keys/below.der

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
refused "one bit of the list, PKCS#7" EREMCHG "does not verify" load other list.signer
refused "one bit of the signature, PKCS#7" EREMCHG "does not verify" load list list.signer.flipped
refused "one bit of the list, IMA" EREMCHG "does not verify" load other list.dedicated.ima
refused "one bit of the signature, IMA" EREMCHG "does not verify" load list list.dedicated.ima.flipped

unload_module || bail "the module does not unload"
finish
