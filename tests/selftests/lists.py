#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""lists.py DIR COUNT DIGESTS [ALGO]: writes COUNT compact lists of DIGESTS digests each into DIR, as list-N, and beside
each its metadata, meta-N. The digests are those of the strings N.M, so that anybody can make them again.
"""

import hashlib
import os
import struct
import sys

ALGOS = {"sha256": 4, "sha384": 5, "sha512": 6}


def field(data):
    return struct.pack("<I", len(data)) + data


def main():
    directory, count, digests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    algo = sys.argv[4] if len(sys.argv) > 4 else "sha256"
    size = hashlib.new(algo).digest_size
    os.makedirs(directory, exist_ok=True)
    for number in range(count):
        data = b"".join(hashlib.new(algo, b"%d.%d" % (number, i)).digest() for i in range(digests))
        content = struct.pack("<HII", 0, digests, digests * size) + data
        path = os.path.join(directory, f"list-{number}")
        with open(path, "wb") as file:
            file.write(content)
        body = struct.pack("<H", 4) + field(hashlib.sha256(content).digest()) + field(b"")
        body += field(path.encode() + b"\0") + field(b"list-%d" % number) + struct.pack("<H", 0)
        with open(os.path.join(directory, f"meta-{number}"), "wb") as file:
            file.write(field(body))


if __name__ == "__main__":
    main()
