#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""rpm_headers.py OUT DATABASE...: takes the headers that vendors signed out of RPM databases (Berkeley DB, "Packages").

Runs where the test is prepared. For each header with an RSA signature it writes OUT/N.hdr, N.sig and metadata that name
/opt/guest/rpm/N.hdr: N.meta, and with one bit flipped in the header (and the digest in the metadata made to fit) or in
the signature: N.data.hdr, N.data.meta, N.sig.meta. OUT/index has one line per header: N, the name of the package, what
the module should say of it (good, or an errno), and the number of its digests.

The header as it was signed is the immutable region of what the database holds: the first index entries, and the data
up to the region's trailer.
"""

import hashlib
import os
import struct
import sys

from digestlists import header_metadata

REGION, RSA_HEADER = 63, 268
FILE_DIGESTS, FILE_DIGEST_ALGO, NAME = 1035, 5011, 1000
MAGIC = bytes.fromhex("8eade80100000000")
GUEST = "/opt/guest/rpm"


def values(path):
    """The values of a Berkeley DB hash database that stand on overflow pages: every header does."""
    with open(path, "rb") as file:
        image = file.read()
    size, = struct.unpack_from("<I", image, 20)
    for start in range(0, len(image) - size + 1, size):
        page = image[start:start + size]
        if page[25] not in (2, 13):
            continue
        count, = struct.unpack_from("<H", page, 20)
        for offset in struct.unpack_from(f"<{count}H", page, 26)[1::2]:
            if page[offset] != 3:
                continue
            number, length = struct.unpack_from("<II", page, offset + 4)
            value = b""
            while number:
                other = image[number * size:(number + 1) * size]
                used, = struct.unpack_from("<H", other, 22)
                value += other[26:26 + used]
                number, = struct.unpack_from("<I", other, 16)
            yield value[:length]


class Header:
    def __init__(self, blob):
        count, size = struct.unpack_from(">II", blob)
        self.entries = [struct.unpack_from(">IIiI", blob, 8 + 16 * i) for i in range(count)]
        self.data = blob[8 + 16 * count:8 + 16 * count + size]
        tag, _, offset, _ = self.entries[0]
        if tag != REGION:
            raise ValueError("no region")
        _, _, back, _ = struct.unpack_from(">IIiI", self.data, offset)
        inside = -back // 16
        self.signed = MAGIC + struct.pack(">II", inside, offset + 16) + blob[8:8 + 16 * inside] + self.data[:offset + 16]

    def get(self, tag):
        for entry in self.entries:
            if entry[0] == tag:
                return entry
        return None

    def binary(self, tag):
        entry = self.get(tag)
        return entry and self.data[entry[2]:entry[2] + entry[3]]

    def string(self, tag):
        offset = self.get(tag)[2]
        return self.data[offset:self.data.index(b"\0", offset)].decode("ascii", "replace")

    def digests(self):
        entry = self.get(FILE_DIGESTS)
        if not entry:
            return []
        return [d for d in self.data[entry[2]:].split(b"\0", entry[3])[:entry[3]] if d]

    def digest_algo(self):
        entry = self.get(FILE_DIGEST_ALGO)
        return entry and struct.unpack_from(">I", self.data, entry[2])[0]


def hash_of(packet):
    """The hash algorithm of an OpenPGP signature packet with the old header."""
    body = packet[1 + (1 << (packet[0] & 3)):]
    return body[16] if body[0] == 3 else body[3]


def expectation(header, signature):
    if hash_of(signature) not in (8, 9, 10):
        return "ENAVAIL"
    if not header.digests():
        return "ENOMEDIUM"
    if header.digest_algo() not in (8, 9, 10):
        return "EDESTADDRREQ" if header.digest_algo() is None else "EKEYREJECTED"
    return "good"


def flipped(data, place):
    data = bytearray(data)
    data[place] ^= 1
    return bytes(data)


def main():
    out = sys.argv[1]
    limit = int(os.environ.get("HEADERS_PER_DATABASE", "60"))
    seen = set()
    index = []

    def put(name, data):
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)

    for path in sys.argv[2:]:
        taken = {}
        for blob in values(path):
            try:
                header = Header(blob)
            except (ValueError, struct.error, IndexError):
                continue
            signature = header.binary(RSA_HEADER)
            content = header.signed
            if not signature or content in seen:
                continue
            kind = expectation(header, signature)
            # The large ones are many megabytes together; the largest there is stands for them.
            largest = kind == "good" and len(content) > 9_000_000
            if len(content) > 1 << 20 and not largest:
                continue
            # A few of each kind that is refused are enough.
            if taken.get(kind, 0) >= (limit if kind == "good" else 5) and not largest:
                continue
            taken[kind] = taken.get(kind, 0) + 1
            seen.add(content)
            number = len(index)
            put(f"{number}.hdr", content)
            put(f"{number}.meta", header_metadata(f"{GUEST}/{number}.hdr", content, signature))
            if kind == "good":
                # In the middle of the data, where the names and digests of files are.
                other = flipped(content, len(content) // 2)
                put(f"{number}.data.hdr", other)
                put(f"{number}.data.meta", header_metadata(f"{GUEST}/{number}.data.hdr", other, signature))
                put(f"{number}.sig.meta", header_metadata(f"{GUEST}/{number}.hdr", content, flipped(signature, -9)))
            count = len({d for d in header.digests() if d != hashlib.sha256(b"").hexdigest().encode()})
            index.append(f"{number} {header.string(NAME)} {kind} {count}\n")
    put("index", "".join(index).encode())
    print(f"{len(index)} headers")


if __name__ == "__main__":
    main()
