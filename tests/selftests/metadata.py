#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""metadata.py [--algo NAME] TYPE LIST [SIGNATURE]...: prints metadata that name LIST, for pairs of arguments after TYPE.

TYPE is compact, rpm, compact16 or tlv. SIGNATURE is a file, or - for none. Several lists take TYPE LIST SIGNATURE each.
"""

import hashlib
import os
import struct
import sys

TYPES = ("compact", "rpm", "compact16", "tlv")
ALGOS = {"sha256": 4, "sha384": 5, "sha512": 6}


def field(data):
    return struct.pack("<I", len(data)) + data


def record(algo, kind, path, signature):
    with open(path, "rb") as file:
        digest = hashlib.new(algo, file.read()).digest()
    body = struct.pack("<H", ALGOS[algo]) + field(digest) + field(signature)
    body += field(os.fsencode(os.path.abspath(path)) + b"\0") + field(os.fsencode(os.path.basename(path)))
    body += struct.pack("<H", TYPES.index(kind))
    return field(body)


def main():
    arguments = sys.argv[1:]
    algo = "sha256"
    if arguments[0] == "--algo":
        algo = arguments[1]
        arguments = arguments[2:]
    for kind, path, name in zip(*[iter(arguments)] * 3):
        signature = b""
        if name != "-":
            with open(name, "rb") as file:
                signature = file.read()
        sys.stdout.buffer.write(record(algo, kind, path, signature))


if __name__ == "__main__":
    main()
