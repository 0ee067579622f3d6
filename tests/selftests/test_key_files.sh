#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Key files: a distributor's OpenPGP key, or any certificate, that a trusted key vouches for by a
# signature over the file.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

rpm=/opt/guest/rpm
DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"
[ -e $rpm/index ] || skip_all "no headers of distributors were prepared"

plan 40
cd "$WORK" || bail "no work directory"
chmod 755 "$WORK"

# key_file NAME CERTIFICATE SIGNER: NAME.keyfile and its signature.
key_file() {
	cp "$2" "$1" && digestctl keys sign "$1" --key "$keys/$3.key" --cert "$keys/$3.pem" >/dev/null
}
# add_file NAME: prints the errno.
add_file() {
	printf '%s\n' "$WORK/$1.keyfile" >path
	put trusted_keys path
}
header() { put digest_lists "$rpm/$1.meta"; }
# flip FILE: changes one bit in the middle.
flip() {
	python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)' "$1"
}

vendor=$rpm/RPM-GPG-KEY-CentOS-7
# A header that this key signed: the key's identifier stands in its metadata.
fingerprint=$(python3 - $vendor <<'PY'
import base64, hashlib, re, struct, sys
text = open(sys.argv[1], "rb").read()
body = re.search(rb"-----BEGIN[^\n]*\n.*?\n\n(.*?)\n=", text, re.DOTALL).group(1)
data = base64.b64decode(body)
size, = struct.unpack_from(">H", data, 1)
print(hashlib.sha1(data[:3 + size]).hexdigest())
PY
)
number=$(python3 - "$rpm" "${fingerprint: -16}" <<'PY'
import sys
for line in open(sys.argv[1] + "/index"):
    number, _, kind, _ = line.split()
    if kind == "good" and bytes.fromhex(sys.argv[2]) in open(f"{sys.argv[1]}/{number}.meta", "rb").read():
        print(number)
        break
PY
)
[ -n "$number" ] || bail "no header by $fingerprint"

section "a distributor's key that nothing trusts"
start

refused "a header by it is refused" ENOKEY "no trusted key" header "$number"
sed '/^$/,/^=/!d; /^=/d' $vendor | base64 -d >vendor.gpg
refused "it is refused as an OpenPGP key by itself" ELIBACC "malformed public key" put trusted_keys vendor.gpg

section "a key file"
key_file vendor $vendor linked || bail "digestctl keys sign"
mv vendor.keyfile.sig kept.sig
refused "is refused without a signature" ENOENT "cannot read .*vendor.keyfile.sig" add_file vendor
for by in foreign signer; do
	key_file by-$by $vendor $by || bail "digestctl keys sign"
done
refused "is refused with a signature by a key that is not trusted" ENOKEY "no trusted key" add_file by-foreign
refused "is refused with a signature by a key outside the keyring, though its certificate comes along" ENOKEY "no trusted key" add_file by-signer
cp vendor.keyfile old.keyfile
openssl cms -sign -binary -nosmimecap -in old.keyfile -signer "$keys/linked-old.pem" -inkey "$keys/linked-old.key" \
	-outform DER -out old.keyfile.sig -md sha256 || bail "openssl cms"
# shellcheck disable=SC2016 # 'eval' in a check
check "is not signed by digestctl with a certificate that has expired" eval '! digestctl keys sign old --key "$keys/linked-old.key" --cert "$keys/linked-old.pem"'
refused "is refused with a signature by a certificate that has expired" EKEYEXPIRED "had ended" add_file old
cp kept.sig vendor.keyfile.sig && flip vendor.keyfile.sig
refused "is refused with one bit of the signature changed" EREMCHG "does not verify" add_file vendor
cp kept.sig vendor.keyfile.sig && cp vendor.keyfile good && flip vendor.keyfile
refused "is refused with one bit of the key changed" EREMCHG "does not verify" add_file vendor
cp vendor.gpg bare.keyfile
openssl cms -sign -binary -noattr -nosmimecap -nocerts -in bare.keyfile -signer "$keys/linked.pem" -inkey "$keys/linked.key" \
	-outform DER -out bare.keyfile.sig -md sha256
refused "is refused without the line that makes it one" ELIBBAD "do not start" add_file bare
# keys_announced: how many records of keys no record takes back.
keys_announced() {
	awk '$5 == "digest_lists_key" { here[$4]++ } $5 == "digest_lists_refused" && $4 in here { here[$4]-- }
		END { for (digest in here) n += here[digest]; print n + 0 }' "$SECFS/ascii_runtime_measurements"
}
check_eq "has a record that takes it back where it is refused after its record" 0 "$(keys_announced)"
check_eq "adds no key where it is refused" 4 "$(wc -l <$SECFS/trusted_keys)"
refused "leaves the header refused where it is refused" ENOKEY "no trusted key" header "$number"

cp good vendor.keyfile
accepted "is accepted with the signature of a trusted key" add_file vendor
check "has its key in trusted_keys" grep -q "^$fingerprint .*usage=headers origin=key-file .*state=valid" $SECFS/trusted_keys
check "has its key in the measurement list" grep -q "sha256:$(sha256sum <good | cut -c1-64) digest_lists_key\$" $SECFS/ascii_runtime_measurements
check_eq "is not taken back where its key counts" 1 "$(keys_announced)"
accepted "makes the header of the distributor load" header "$number"
check "makes the distributor the signer of its header" grep -q "signer=$fingerprint" $SECFS/digest_lists
unload_all
accepted "can be written a second time" add_file vendor
check_eq "makes no second key when it is written a second time" 5 "$(wc -l <$SECFS/trusted_keys)"

# A signature by evmctl.
cp good by-ima.keyfile
evmctl ima_sign --sigfile -a sha256 -k "$keys/linked.key" by-ima.keyfile >/dev/null 2>&1
accepted "is accepted with an IMA signature" add_file by-ima
cp good by-openpgp.keyfile
"$SELFTESTS/digestlists.py" signature "$rpm/$number.meta" >by-openpgp.keyfile.sig
refused "is refused with an OpenPGP signature" EBADSLT "not one of a document" add_file by-openpgp

section "X.509 in a key file"
# X.509 in a key file.
"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
cms list foreign -nocerts || bail "openssl cms"
key_file foreign "$keys/foreign.pem" linked || bail "digestctl keys sign"
refused "a list by a key of an unknown CA is refused before" ENOKEY "no trusted key" load list list.foreign
accepted "a certificate of an unknown CA is accepted" add_file foreign
accepted "a list by the key loads when its certificate was accepted" load list list.foreign
unload_all
key_file other-ca "$keys/other-ca.pem" linked || bail "digestctl keys sign"
accepted "a certificate of a CA is accepted" add_file other-ca
check "a CA may sign and not certify" grep -q "^$(id_of other-ca) .*usage=sign origin=key-file" $SECFS/trusted_keys
key_file intermediate "$keys/intermediate.pem" linked && add_certificate intermediate && add_file intermediate
check "a CA that came as one stays one when it comes in a key file" \
	grep -q "^$(id_of intermediate) .*usage=sign,certify origin=certified" $SECFS/trusted_keys
for key in encipher weak; do key_file $key "$keys/$key.pem" linked || bail "digestctl keys sign"; done
key_file gone "$keys/expired.pem" linked || bail "digestctl keys sign"
refused "a key for encryption is refused" EUNATCH "does not allow" add_file encipher
refused "a short key is refused" ENOSR "2048" add_file weak
accepted "a certificate that has expired is accepted" add_file gone
cms list expired -nocerts || bail "openssl cms"
refused "a list by a certificate that has expired is refused" EKEYEXPIRED "had ended" load list list.expired
check "digestctl adds a certificate" digestctl keys add "$keys/signer.pem"
key_file chained "$keys/system-signer.pem" signer || bail "digestctl keys sign"
check "digestctl adds a key file" digestctl keys add chained.keyfile

section "revoking the key that signed key files"
accepted "is accepted" revoke "$(id_of linked)"
check_eq "takes the trust from the keys that it signed" "issuer-not-trusted issuer-not-trusted" \
	"$(state_of "$fingerprint") $(state_of "$(id_of foreign)")"
refused "makes headers by the distributor refused" ENOLINK "vouches" header "$number"
refused "makes lists by a key of X.509 refused" ENOLINK "vouches" load list list.foreign
check_eq "leaves a key that another key signed" valid "$(state_of "$(id_of system-signer)")"
unload_module || bail "the module does not unload"
finish
