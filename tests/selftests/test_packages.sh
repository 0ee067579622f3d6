#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenPGP signatures of all kinds, from packages: version 4 by RSA and ECDSA load their headers,
# other algorithms and version 6 are refused by name. The keys come as key files.
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

packages=/opt/guest/packages
DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"
[ -e $packages/index ] || skip_all "no headers of packages were prepared"

plan 30
cd "$WORK" || bail "no work directory"
chmod 755 "$WORK"

# numbers FORMAT VERSION ALGORITHM: the signatures of that kind, - for any.
numbers() { awk -v f="$1" -v v="$2" -v a="$3" '(f == "-" || $2 == f) && $3 == v && $4 == a { print $1 }' $packages/index; }
header() { put digest_lists "$packages/$1.meta"; }
# add_key PATTERN: the key in the file that the pattern matches, as a key file.
add_key() {
	find "$packages/keys" -name "$1" -exec cp {} key \; && digestctl keys sign key --key "$keys/linked.key" --cert "$keys/linked.pem" >/dev/null || return
	printf '%s' "$WORK/key.keyfile" >path
	put trusted_keys path
}
# changed NUMBER WHAT: metadata and a header of which one byte of the signature packet or of the
# header is changed.
changed() {
	python3 - "$SELFTESTS" "$packages" "$1" "$2" "$WORK" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from digestlists import header_metadata, save, signature_of
packages, number, what, work = sys.argv[2:]
header = bytearray(open(f"{packages}/{number}.hdr", "rb").read())
packet = bytearray(signature_of(open(f"{packages}/{number}.meta", "rb").read()))
skip = 1 + (1 << (packet[0] & 3)) if not packet[0] & 0x40 else 2 if packet[1] < 192 else 3
if what == "header":
    header[len(header) // 2] ^= 1
elif what == "signature":
    packet[-9] ^= 1
else:
    packet[skip + 2] = int(what)
path = save(f"{work}/changed.hdr", header)
save(f"{work}/changed.meta", header_metadata(path, header, bytes(packet)))
PY
	put digest_lists changed.meta
}

start
# Of two, the one whose maker published the key.
rsa=$(awk '$5 == "e964f9fb30d073b5" { print $1 }' $packages/index)
unpublished=$(numbers 4 4 rsa | grep -vx "$rsa")
ecdsa=$(numbers 4 4 ecdsa)
eddsa=$(numbers 4 4 eddsa)
section "the test's packages"
check_eq "the signatures are of the kinds that are expected" "2 1 1 2 1 2" \
	"$(while read -r format version algo; do numbers "$format" "$version" "$algo" | wc -l; done <<<$'4 4 rsa\n4 4 ecdsa\n4 4 eddsa\n6 6 ed25519\n6 6 mldsa65-ed25519\n6 6 rsa' | xargs)"

section "without a key"
refused "a header with RSA of version 4 is refused" ENOKEY "no trusted key" header "$rsa"
refused "a header with ECDSA of version 4 is refused" ENOKEY "no trusted key" header "$ecdsa"
section "keys"
for key in '0.18.4-*-public_rsa4096' '0.30.2-*-v4-rsa4096' '0.18.4-*-public_ecdsa_nistp256' '0.30.2-*-v4-ecdsa-nistp256'; do
	accepted "$key is accepted" add_key "rpm-$key.asc"
done
for key in '0.18.4-*-public_ed25519' '0.30.2-*-v4-ed25519'; do
	refused "$key is refused" ELIBMAX "cannot verify EdDSA signatures" add_key "rpm-$key.asc"
done
for key in rsa4k ed25519 mldsa65-ed25519; do
	refused "$key of version 6 is refused" EAFNOSUPPORT "version 6" add_key "rpm-0.30.2-*-v6-$key.asc"
done

section "with a key"
accepted "a header with RSA of version 4 loads" header "$rsa"
check "a header with RSA of version 4 names its signer" grep -q "type=rpm .*signer=[0-9a-f]*e964f9fb30d073b5 " $SECFS/digest_lists
unload_all
refused "a header by another key is refused" ENOKEY "no trusted key" header "$unpublished"
accepted "a header with ECDSA of version 4 loads" header "$ecdsa"
check "a header with ECDSA of version 4 names its signer" grep -q "type=rpm .*signer=[0-9a-f]*$(awk -v n="$ecdsa" '$1 == n { print $5 }' $packages/index) " $SECFS/digest_lists
unload_all
for number in $rsa $ecdsa; do
	refused "one bit of header $number is changed, and it is refused" EREMCHG "does not verify" changed "$number" header
	refused "one bit of the signature of header $number is changed, and it is refused" EREMCHG "does not verify" changed "$number" signature
done
refused "a header with EdDSA of version 4 is refused" ELIBMAX "cannot verify EdDSA" header "$eddsa"
refused "a header with Ed25519 of version 4 is refused" ELIBMAX "cannot verify Ed25519" changed "$eddsa" 27
refused "a header with ML-DSA of version 4 is refused" ELIBMAX "cannot verify ML-DSA-65+Ed25519" changed "$eddsa" 30
for kind in rsa ed25519 mldsa65-ed25519; do
	refused "a header with $kind of version 6 is refused" EAFNOSUPPORT "OpenPGP version 6" header "$(numbers 6 6 $kind | head -n 1)"
done

section "the header of a package of version 6 with another signature"
# The header of a package of version 6, by a signature that can be verified.
number=$(numbers 6 6 rsa | head -n 1)
cp "$packages/$number.hdr" v6.hdr && cms v6.hdr linked -nocerts || bail "openssl cms"
accepted "loads" load v6.hdr v6.hdr.linked rpm
check "has digests" grep -q 'type=rpm .*immutable=[1-9]\|type=rpm .*mutable=[1-9]' $SECFS/digest_lists
unload_all
check_eq "leaves no digest when it is removed" 0 "$(cat $SECFS/digests_count)"
unload_module || bail "the module does not unload"
finish
