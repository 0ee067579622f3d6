#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""tamper.py PACKAGE PROGRAM OLD NEW PAYLOAD HEADER: makes two packages out of an RPM package whose payload is xz.

In both, OLD became NEW, of the same length, in the content of PROGRAM, the name of a file in the payload. PAYLOAD is else
the same: its header, as the vendor signed it, has the digest of what the file was. In HEADER the digest is that of what
it became.
"""

import hashlib
import lzma
import struct
import sys

MAGIC = bytes.fromhex("8eade801")


def end_of_header(data, offset):
    if data[offset:offset + 4] != MAGIC:
        sys.exit("no header")
    count, size = struct.unpack_from(">II", data, offset + 8)
    return offset + 16 + 16 * count + size


def content_of(archive, program):
    """Where the content of the file is in a cpio archive of the format newc."""
    offset = 0
    while True:
        fields = [int(archive[offset + 6 + 8 * i:offset + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = fields[6], fields[11]
        name = archive[offset + 110:offset + 110 + name_size - 1].decode()
        start = (offset + 110 + name_size + 3) // 4 * 4
        if name.lstrip(".") == program:
            return start, start + size
        if name == "TRAILER!!!":
            sys.exit(f"no {program} in the payload")
        offset = (start + size + 3) // 4 * 4


def main():
    package, program, old, new, payload, header = sys.argv[1:]
    with open(package, "rb") as file:
        data = file.read()
    start = (end_of_header(data, 96) + 7) // 8 * 8
    end = end_of_header(data, start)
    archive = lzma.decompress(data[end:])
    first, last = content_of(archive, program)
    was = archive[first:last]
    became = was.replace(old.encode(), new.encode(), 1)
    if became == was or len(became) != len(was):
        sys.exit("nothing was replaced, or by something of another length")
    changed = lzma.compress(archive[:first] + became + archive[last:])
    with open(payload, "wb") as file:
        file.write(data[:end] + changed)
    digests = [hashlib.sha256(content).hexdigest().encode() for content in (was, became)]
    if data[start:end].count(digests[0]) != 1:
        sys.exit("the header does not have the digest once")
    with open(header, "wb") as file:
        file.write(data[:start] + data[start:end].replace(*digests) + changed)


if __name__ == "__main__":
    main()
