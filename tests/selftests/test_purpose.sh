#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What keys are for: certificates for something else sign no lists, content that was signed for IMA
# is no list, and keys of OpenPGP sign headers only.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 38
cd "$WORK" || bail "no work directory"
chmod 755 "$WORK"

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
for key in server server-loose coder any dedicated odd short-leaf; do
	cp list list-$key && cms list-$key $key || bail "openssl cms"
done
start

with() { load "list-$1" "list-$1.$1"; }
section "the purpose of a certificate"
refused "a list by the key of a TLS server is refused" ENOANO "extendedKeyUsage is neither" with server
refused "a list by the key of a TLS server is refused where the purpose is not critical" ENOANO "extendedKeyUsage is neither" with server-loose
refused "a list by a certificate with an unknown critical extension is refused" ENOCSI "critical extension" with odd
for key in coder any dedicated; do
	accepted "a list by a key for '$key' loads" with $key
	unload_all
done
refused "the certificate of a TLS server is not added" ENOANO "extendedKeyUsage is neither" add_certificate server
refused "a certificate with an unknown critical extension is not added" ENOCSI "critical extension" add_certificate odd
refused "a CA for TLS servers is not added" ENOANO "extendedKeyUsage is neither" add_certificate server-ca
refused "a CA whose names are constrained is not added" ENOCSI "critical extension" add_certificate constrained
accepted "a CA that may have no CA below it is added" add_certificate short
refused "a CA below one that may have none is refused" EUNATCH "does not allow" add_certificate short-ca
accepted "a list by a key below a CA that may have no CA below it loads" with short-leaf
unload_all
# A CA that may sign what it likes, but for certificates.
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n' >idle.ext
openssl req -newkey rsa:2048 -nodes -subj /CN=idle -keyout idle.key -out idle.csr 2>/dev/null &&
	openssl x509 -req -in idle.csr -CA "$keys/ca.pem" -CAkey "$keys/ca.key" -days 3000 -extfile idle.ext -out idle.pem 2>/dev/null &&
	openssl x509 -in idle.pem -outform DER -out idle.der || bail "no CA without keyCertSign"
printf 'keyUsage=digitalSignature\n' >under.ext
openssl req -new -key "$keys/coder.key" -subj /CN=under -out under.csr &&
	openssl x509 -req -in under.csr -CA idle.pem -CAkey idle.key -days 3000 -extfile under.ext -outform DER -out under.der 2>/dev/null ||
	bail "no certificate below a CA without keyCertSign"
accepted "a CA that may not sign certificates is added, to sign lists" put trusted_keys idle.der
refused "a certificate below a CA that may not sign certificates is refused" EUNATCH "does not allow" put trusted_keys under.der
# An authority that gives its own serial number away, which makes the name of both certificates the
# same.
serial=$(openssl x509 -in "$keys/linked.pem" -noout -serial | cut -d= -f2)
openssl req -newkey rsa:2048 -nodes -subj /CN=twin -keyout twin.key -out twin.csr 2>/dev/null
printf 'keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n' >twin.ext
openssl x509 -req -in twin.csr -CA "$keys/linked.pem" -CAkey "$keys/linked.key" -set_serial "0x$serial" -days 3000 \
	-extfile twin.ext -out twin.pem 2>/dev/null
cp list list-twin && openssl cms -sign -binary -nosmimecap -in list-twin -signer twin.pem -inkey twin.key -outform DER \
	-out list-twin.twin -md sha256 || bail "openssl cms"
refused "a list by a certificate with the name of its issuer's own is refused" EREMCHG "does not verify" with twin
check "digestctl does not sign by the key of a TLS server" eval \
	'! digestctl sign list --key "$keys/server.key" --cert "$keys/server.pem" 2>out && grep -q "takes no signature by" out'
check "digestctl does not verify what the key of a TLS server has signed" eval \
	'cp list-server.server list-server.p7s; ! digestctl verify list-server --cert "$keys/ca.pem" 2>out && grep -q extendedKeyUsage out'
check "digestctl verifies what a key for lists has signed" eval \
	'cp list-dedicated.dedicated list-dedicated.p7s && digestctl verify list-dedicated --cert "$keys/ca.pem"'

section "content that was signed for IMA"
# A file of a package whose first bytes are those of a list: the vendor signs it like every other
# file of the package.
printf '%b%b' '\x00\x00\x01\x00\x00\x00\x20\x00\x00\x00' '\x11\x11\x11\x11\x11\x11\x11\x11' >content
head -c 24 /dev/urandom >>content
ima content linked && ima content dedicated || bail "evmctl"
refused "is no list by the key of a vendor" ECHRNG "dedicates it to lists" load content content.linked.ima
accepted "needs a key that is dedicated to lists, which is added" add_certificate dedicated
accepted "is a list by a dedicated key" load content content.dedicated.ima
unload_all
check "is verified by digestctl with a dedicated key" eval \
	'cp content.dedicated.ima content.sig && digestctl verify content --cert "$keys/dedicated.pem"'
check "is not verified by digestctl with another key" eval \
	'cp content.linked.ima content.sig && ! digestctl verify content --cert "$keys/linked.pem" 2>out && grep -q "dedicated to lists" out'

section "an OpenPGP key in a key file"
# An OpenPGP key that a trusted key vouches for.
fingerprint=$("$SELFTESTS/openpgp_key.py" "$keys/foreign.key" vendor) || bail "no OpenPGP key"
digestctl keys sign vendor --key "$keys/linked.key" --cert "$keys/linked.pem" >/dev/null || bail "digestctl keys sign"
printf '%s\n' "$WORK/vendor.keyfile" >path
accepted "is accepted" put trusted_keys path
check "is shown as one for headers" grep -q "^$fingerprint .*usage=headers origin=key-file" $SECFS/trusted_keys
# named_by SIGNATURE: the identifier in an IMA signature becomes the key's.
named_by() {
	python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[3:7] = bytes.fromhex(sys.argv[2])[-4:]
open(sys.argv[1], "wb").write(data)' "$1" "$fingerprint"
}
ima list foreign && named_by list.foreign.ima || bail "evmctl"
refused "signs no list with an IMA signature" EL2NSYNC "headers only" load list list.foreign.ima
cms list foreign -nocerts -keyid || bail "openssl cms"
python3 - list.foreign "$fingerprint" "$(id_of foreign)" <<'PY'
import sys
name, new, old = sys.argv[1:]
data = open(name, "rb").read()
assert data.count(bytes.fromhex(old)) == 1
open(name, "wb").write(data.replace(bytes.fromhex(old), bytes.fromhex(new)))
PY
refused "signs no list with a CMS signature" EL2NSYNC "headers only" load list list.foreign
cp vendor.keyfile other.keyfile
cp vendor.keyfile list2 && ima list2 foreign && named_by list2.foreign.ima && cp list2.foreign.ima other.keyfile.sig || bail "evmctl"
printf '%s\n' "$WORK/other.keyfile" >path
refused "signs no other key file" EL2NSYNC "headers only" put trusted_keys path
check_eq "loads no list" 0 "$(wc -l <$SECFS/digest_lists)"
unload_module || bail "the module does not unload"

section "dedicated_keys=1"
# A CMS message is the signature of bytes of which a signer of any content can be made the signer:
# IMA's signature of the file that has these bytes is the very same.
cms list linked -nocerts && python3 - list.linked attributes signature <<'PY' || bail "no attributes"
import sys
data = open(sys.argv[1], "rb").read()
# The last octet string of 256 bytes is the signature; before it stand the signed attributes, the
# only [0] with a content type.
signature = data[data.rindex(bytes.fromhex("04820100")) + 4:]
start = data.rindex(bytes.fromhex("301806092a864886f70d010903")) - 2
assert data[start] == 0xa0
attributes = b"\x31" + data[start + 1:start + 2 + data[start + 1]]
open(sys.argv[2], "wb").write(attributes)
open(sys.argv[3], "wb").write(signature)
PY
ima attributes linked
check "is needed: an IMA signature of the right content is a CMS signature of a list" eval \
	'cmp <(tail -c 256 attributes.linked.ima) <(tail -c 256 signature)'
load_module ima_policy=exec_tcb require_signature=1 dedicated_keys=1 || bail "the module does not load"
check_eq "is shown by the status file" yes "$(status dedicated_keys)"
refused "a CMS signature of a list by another key is refused" ECHRNG "dedicates it to lists" load list list.linked
refused "a CMS signature of a list with a certificate for another purpose is refused" ECHRNG "dedicates it to lists" with coder
accepted "a CMS signature of a list by a dedicated key is accepted" with dedicated
printf '%s\n' "$WORK/vendor.keyfile" >path
refused "a key file by another key is refused" ECHRNG "dedicates it to lists" put trusted_keys path
ima vendor.keyfile linked && mv vendor.keyfile.linked.ima vendor.keyfile.sig || bail "evmctl"
refused "a key file with an IMA signature by another key is refused" ECHRNG "dedicates it to lists" put trusted_keys path
accepted "a CA for another purpose is added as an authority" add_certificate coder
unload_module || bail "the module does not unload"
finish
