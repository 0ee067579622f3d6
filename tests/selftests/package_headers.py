#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""package_headers.py OUT PACKAGE...: takes headers and signatures out of RPM packages, for signatures that no database has:
OpenPGP version 4 and 6, ECDSA, EdDSA, post-quantum ones.

Runs where the test is prepared. For each signature it writes OUT/N.hdr and metadata, OUT/N.meta, that name
/opt/guest/packages/N.hdr. OUT/index has one line per signature: N, the format of the package (4 or 6), the version of the
signature packet, its algorithm, and the identifier of the key as the packet has it (- if not in version 3 or 4).
"""

import base64
import os
import struct
import sys

from digestlists import header_metadata

RSA_HEADER, DSA_HEADER, OPENPGP = 268, 267, 278
RPM_FORMAT, FILE_DIGESTS, FILE_DIGEST_ALGO = 5114, 1035, 5011
MAGIC = bytes.fromhex("8eade801")
GUEST = "/opt/guest/packages"
ALGOS = {1: "rsa", 3: "rsa", 17: "dsa", 19: "ecdsa", 22: "eddsa", 27: "ed25519", 28: "ed448", 30: "mldsa65-ed25519",
         31: "mldsa87-ed448"}


class Header:
    def __init__(self, data, offset):
        if data[offset:offset + 4] != MAGIC:
            raise ValueError("no header")
        count, size = struct.unpack_from(">II", data, offset + 8)
        self.entries = {}
        for i in range(count):
            tag, _, place, number = struct.unpack_from(">IIiI", data, offset + 16 + 16 * i)
            self.entries[tag] = (place, number)
        start = offset + 16 + 16 * count
        self.data = data[start:start + size]
        self.end = start + size
        self.whole = data[offset:self.end]

    def binary(self, tag):
        place, number = self.entries[tag]
        return self.data[place:place + number]

    def strings(self, tag):
        place, number = self.entries[tag]
        return self.data[place:].split(b"\0", number)[:number]

    def number(self, tag):
        return struct.unpack_from(">I", self.data, self.entries[tag][0])[0]

    def signatures(self):
        for tag in (RSA_HEADER, DSA_HEADER):
            if tag in self.entries:
                yield self.binary(tag)
        if OPENPGP in self.entries:
            for text in self.strings(OPENPGP):
                yield base64.b64decode(text)


def body(packet):
    """The body of a packet with a definite length."""
    head, first = packet[:2]
    if not head & 0x40:
        return packet[1 + (1 << (head & 3)):]
    return packet[2 if first < 192 else 3 if first < 224 else 6:]


def subpackets(data):
    while data:
        size, skip = data[0], 1
        if size >= 192:
            size, skip = ((size - 192) << 8) + data[1] + 192, 2
        yield data[skip] & 0x7f, data[skip + 1:skip + size]
        data = data[skip + size:]


def describe(packet):
    """Version, algorithm and issuer of a signature packet."""
    content = body(packet)
    version = content[0]
    if version == 3:
        return version, content[15], content[7:15].hex()
    algo = content[2]
    if version != 4:
        return version, algo, "-"
    hashed, = struct.unpack_from(">H", content, 4)
    other, = struct.unpack_from(">H", content, 6 + hashed)
    issuer = "-"
    for kind, value in subpackets(content[6:6 + hashed] + content[8 + hashed:8 + hashed + other]):
        if kind == 16:
            issuer = value.hex()
        elif kind == 33 and issuer == "-":
            issuer = value[1:][-8:].hex()
    return version, algo, issuer


def main():
    out = sys.argv[1]
    seen = set()
    index = []
    for path in sorted(sys.argv[2:]):
        with open(path, "rb") as file:
            data = file.read()
        first = Header(data, 96)
        header = Header(data, (first.end + 7) // 8 * 8)
        # Without digests, or with MD5 ones, a header is refused whoever signed it; that is tested with the databases.
        digests = [d for d in header.strings(FILE_DIGESTS) if d] if FILE_DIGESTS in header.entries else []
        if not digests or FILE_DIGEST_ALGO not in header.entries or header.number(FILE_DIGEST_ALGO) < 8:
            continue
        form = header.number(RPM_FORMAT) if RPM_FORMAT in header.entries else 4
        for signature in first.signatures():
            version, algo, issuer = describe(signature)
            if signature in seen:
                continue
            seen.add(signature)
            number = len(index)
            for name, content in ((f"{number}.hdr", header.whole),
                                  (f"{number}.meta", header_metadata(f"{GUEST}/{number}.hdr", header.whole, signature))):
                with open(os.path.join(out, name), "wb") as file:
                    file.write(content)
            index.append(f"{number} {form} {version} {ALGOS.get(algo, algo)} {issuer} {os.path.basename(path)}\n")
    with open(os.path.join(out, "index"), "w") as file:
        file.writelines(index)
    print(f"{len(index)} signatures of packages")


if __name__ == "__main__":
    main()
