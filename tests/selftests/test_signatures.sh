#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may sign a list, and how. The module under test has the certificates ca, linked and linked-old linked in; see
# scripts/test-keys for the others.

. "$(dirname "$0")/lib.sh"

keys=/opt/guest/signatures
DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 46
cd "$WORK" || bail "no work directory"

# The errno of a write, by strace: 0 for success.
errno_of() {
	strace -qq -e trace=write -o trace "$@" >/dev/null 2>&1
	sed -n 's/.*write(1, .* = -1 \([A-Z0-9]*\) .*/\1/p' trace | tail -n 1
}
# put FILE DATA: writes DATA with one system call, and prints the errno.
put() { errno_of dd if="$2" of="$SECFS/$1" bs=1M status=none conv=notrunc; }
# load LIST SIGNATURE [TYPE]
load() {
	"$SELFTESTS/metadata.py" "${3:-compact}" "$1" "$2" >meta
	put digest_lists meta
}
# refused NAME ERRNO TEXT COMMAND...: one result: the errno, and the reason in the kernel log.
refused() {
	local name=$1 errno=$2 text=$3 got
	shift 3
	dmesg -C
	got=$("$@")
	if [ "$got" = "$errno" ] && dmesg | grep -q "digest_lists: .*$text"; then
		ok "$name"
	else
		note "wanted $errno, got '$got'"
		dmesg | tail -n 3 | sed 's/^/# /'
		not_ok "$name"
	fi
}
accepted() {
	local name=$1
	shift
	check_eq "$name" "" "$("$@")" || dmesg | tail -n 3 | sed 's/^/# /'
}
cms() { # cms LIST KEY [OPTION]...
	local list=$1 key=$2
	shift 2
	openssl cms -sign -binary -noattr -nosmimecap -in "$list" -signer "$keys/$key.pem" -inkey "$keys/$key.key" \
		-outform DER -out "$list.$key" -md sha256 "$@"
}
ima() { # ima LIST KEY
	evmctl ima_sign --sigfile -a sha256 -k "$keys/$2.key" "$1" >/dev/null 2>&1 && mv "$1.sig" "$1.$2.ima"
}
id_of() { openssl x509 -in "$keys/$1.pem" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f; }
unload_all() {
	sed 's/ .*//' "$SECFS/digest_lists" >all
	[ ! -s all ] || cat all >"$SECFS/digest_lists_remove"
}

"$SELFTESTS/lists.py" "$WORK/lists" 4 10
cp lists/list-0 list
for key in linked signer ec expired encipher weak leaf foreign below sha1 linked-old future; do cms list $key -nocerts || bail "openssl cms $key"; done
cms list signer && cp list.signer list.signer-certs
cms list foreign && cp list.foreign list.foreign-certs
cms list leaf && cp list.leaf list.leaf-certs
cms list encipher && cp list.encipher list.encipher-certs
cms list weak && cp list.weak list.weak-certs
cms list signer -nocerts
for key in linked signer ec foreign; do ima list $key; done

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"

check "the keyring is visible" grep -q 'keyring   .digest_lists' /proc/keys
check_eq "three keys are linked in" 3 "$(sed -n 's/^trusted_keys: //p' $SECFS/status)"
check_eq "a signature is required" yes "$(sed -n 's/^require_signature: //p' $SECFS/status)"
serial=$(awk '/keyring +\.digest_lists/ { print "0x" $1 }' /proc/keys)
check "root cannot add a key to it" bash -c "! keyctl padd asymmetric x $serial <$keys/foreign.der"
check "root cannot link a key to it" bash -c "! keyctl link %user:x $serial; k=\$(keyctl add user x y @s); ! keyctl link \$k $serial"
check "root cannot link it to the session" bash -c "! keyctl link $serial @s"
check "root cannot clear it" bash -c "! keyctl clear $serial"
check "root cannot change its permissions" bash -c "! keyctl setperm $serial 0x3f3f3f3f"

refused "an unsigned list" EACCES "not signed" load list -
accepted "PKCS#7 by a linked-in key" load list list.linked
check_eq "the signer stands in digest_lists" "signer=$(id_of linked)" "$(grep -o 'signer=[^ ]*' $SECFS/digest_lists)"
check_eq "and the list answers for both" "actions=measure,appraise" "$(grep -o 'actions=[^ ]*' $SECFS/digest_lists)"
exec 3<>$SECFS/digest_query
printf 'sha256:%s\n' "$(printf 0.3 | sha256sum | cut -d' ' -f1)" >&3
check_eq "and in digest_query" "signer=$(id_of linked)" "$(cat <&3 | grep -o 'signer=[^ ]*')"
exec 3<&-
unload_all

accepted "IMA signature by a linked-in key" load list list.linked.ima
unload_all
refused "a key that is not valid any more" EKEYEXPIRED expired load list list.linked-old
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
accepted "also IMA's" load list list.signer.ima
unload_all
accepted "adding a key on a curve" put trusted_keys $keys/ec.der
accepted "ECDSA, PKCS#7" load list list.ec
unload_all
accepted "ECDSA, IMA" load list list.ec.ima
unload_all
refused "adding an expired certificate" EKEYEXPIRED expired put trusted_keys $keys/expired.der
refused "adding one that is not valid yet" ETIME "not valid yet" put trusted_keys $keys/future.der
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
for name in ("list.signer", "list.signer.ima"):
    data = bytearray(open(name, "rb").read())
    data[-20] ^= 1
    open(name + ".flipped", "wb").write(data)
PY
refused "one bit of the list, PKCS#7" EREMCHG "does not verify" load other list.signer
refused "one bit of the signature, PKCS#7" EREMCHG "does not verify" load list list.signer.flipped
refused "one bit of the list, IMA" EREMCHG "does not verify" load other list.signer.ima
refused "one bit of the signature, IMA" EREMCHG "does not verify" load list list.signer.ima.flipped

printf 'revoke %s\n' "$(id_of signer)" >revoke
accepted "revoking a key" put trusted_keys revoke
refused "its signatures count no more" EKEYREVOKED "revoked" load list list.signer
refused "and it cannot come back" EKEYREVOKED "revoked" put trusted_keys $keys/signer.der
unload_module || bail "the module does not unload"
finish
