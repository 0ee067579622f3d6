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

plan 39
cd "$WORK" || bail "no work directory"
chmod 755 "$WORK"

# key_file NAME CERTIFICATE SIGNER: NAME.keyfile and its signature.
key_file() {
	cp "$2" "$1" && digestctl keys sign "$1" --key "$keys/$3.key" --cert "$keys/$3.pem" >/dev/null
}
# add NAME: prints the errno.
add() {
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

load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"

refused "a header of a distributor that nobody trusts" ENOKEY "no trusted key" header "$number"
sed '/^$/,/^=/!d; /^=/d' $vendor | base64 -d >vendor.gpg
refused "its OpenPGP key by itself" ELIBACC "malformed public key" put trusted_keys vendor.gpg

key_file vendor $vendor linked || bail "digestctl keys sign"
mv vendor.keyfile.sig kept.sig
refused "the key in a file without a signature" ENOENT "cannot read .*vendor.keyfile.sig" add vendor
for by in foreign signer; do
	key_file by-$by $vendor $by || bail "digestctl keys sign"
done
refused "with a signature by a key that nobody trusts" ENOKEY "no trusted key" add by-foreign
refused "by one that is not in the keyring, though its certificate comes along" ENOKEY "no trusted key" add by-signer
cp vendor.keyfile old.keyfile
openssl cms -sign -binary -nosmimecap -in old.keyfile -signer "$keys/linked-old.pem" -inkey "$keys/linked-old.key" \
	-outform DER -out old.keyfile.sig -md sha256 || bail "openssl cms"
# shellcheck disable=SC2016 # 'eval' in a check
check "digestctl signs by no certificate that has expired" eval '! digestctl keys sign old --key "$keys/linked-old.key" --cert "$keys/linked-old.pem"'
refused "by one that has expired" EKEYEXPIRED "had ended" add old
cp kept.sig vendor.keyfile.sig && flip vendor.keyfile.sig
refused "with one bit of the signature changed" EREMCHG "does not verify" add vendor
cp kept.sig vendor.keyfile.sig && cp vendor.keyfile good && flip vendor.keyfile
refused "with one bit of the key changed" EREMCHG "does not verify" add vendor
cp vendor.gpg bare.keyfile
openssl cms -sign -binary -noattr -nosmimecap -nocerts -in bare.keyfile -signer "$keys/linked.pem" -inkey "$keys/linked.key" \
	-outform DER -out bare.keyfile.sig -md sha256
refused "the key without the line that makes it a key file" ELIBBAD "do not start" add bare
# keys_announced: how many records of keys no record takes back.
keys_announced() {
	awk '$5 == "digest_lists_key" { here[$4]++ } $5 == "digest_lists_refused" && $4 in here { here[$4]-- }
		END { for (digest in here) n += here[digest]; print n + 0 }' "$SECFS/ascii_runtime_measurements"
}
check_eq "each key that was refused after its record has a record that takes it back" 0 "$(keys_announced)"
check_eq "none of that left a key" 4 "$(wc -l <$SECFS/trusted_keys)"
refused "and the header is refused still" ENOKEY "no trusted key" header "$number"

cp good vendor.keyfile
accepted "with the signature of a trusted key" add vendor
check "the key stands in trusted_keys" grep -q "^$fingerprint .*usage=headers origin=key-file .*state=valid" $SECFS/trusted_keys
check "and in the measurement list" grep -q "sha256:$(sha256sum <good | cut -c1-64) digest_lists_key\$" $SECFS/ascii_runtime_measurements
check_eq "a key that counts is not taken back" 1 "$(keys_announced)"
accepted "the header loads" header "$number"
check "its signer is the distributor" grep -q "signer=$fingerprint" $SECFS/digest_lists
unload_all
accepted "the same file again" add vendor
check_eq "makes no second key" 5 "$(wc -l <$SECFS/trusted_keys)"

# A signature by evmctl.
cp good by-ima.keyfile
evmctl ima_sign --sigfile -a sha256 -k "$keys/linked.key" by-ima.keyfile >/dev/null 2>&1
accepted "an IMA signature does as well" add by-ima
cp good by-openpgp.keyfile
python3 - "$rpm/$number.meta" by-openpgp.keyfile.sig <<'PY'
import struct, sys
meta = open(sys.argv[1], "rb").read()
offset = 6
size, = struct.unpack_from("<I", meta, offset)
offset += 4 + size
size, = struct.unpack_from("<I", meta, offset)
open(sys.argv[2], "wb").write(meta[offset + 4:offset + 4 + size])
PY
refused "one by OpenPGP does not" EBADSLT "not one of a document" add by-openpgp

# X.509 in a key file.
"$SELFTESTS/lists.py" "$WORK/lists" 1 10
cp lists/list-0 list
cms list foreign -nocerts || bail "openssl cms"
key_file foreign "$keys/foreign.pem" linked || bail "digestctl keys sign"
refused "a list by a key of a CA that nobody knows" ENOKEY "no trusted key" load list list.foreign
accepted "its certificate in a key file" add foreign
accepted "then the list loads" load list list.foreign
unload_all
key_file other-ca "$keys/other-ca.pem" linked || bail "digestctl keys sign"
accepted "a CA in a key file" add other-ca
check "may sign and not certify" grep -q "^$(id_of other-ca) .*usage=sign origin=key-file" $SECFS/trusted_keys
for key in encipher weak; do key_file $key "$keys/$key.pem" linked || bail "digestctl keys sign"; done
key_file gone "$keys/expired.pem" linked || bail "digestctl keys sign"
refused "a key for encryption" EUNATCH "does not allow" add encipher
refused "a short one" ENOSR "2048" add weak
accepted "one that has expired" add gone
cms list expired -nocerts || bail "openssl cms"
refused "signs nothing from then on" EKEYEXPIRED "had ended" load list list.expired
check "digestctl adds a certificate" digestctl keys add "$keys/signer.pem"
key_file chained "$keys/system-signer.pem" signer || bail "digestctl keys sign"
check "and a key file" digestctl keys add chained.keyfile

accepted "revoking the key that vouched" revoke "$(id_of linked)"
check_eq "stops those that it vouched for" "issuer-not-trusted issuer-not-trusted" \
	"$(state_of "$fingerprint") $(state_of "$(id_of foreign)")"
refused "headers by the distributor are refused" ENOLINK "vouches" header "$number"
refused "and lists by the other" ENOLINK "vouches" load list list.foreign
check_eq "but not those that another key vouched for" valid "$(state_of "$(id_of system-signer)")"
unload_module || bail "the module does not unload"
finish
