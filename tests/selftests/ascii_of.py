#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ascii_of.py LIST: prints a binary measurement list of ima-ng records as the ascii list shows it.

Written from the description of both formats in the kernel's documentation, independently of the module.
"""

import struct
import sys


def take(data, size):
    if len(data) < size:
        sys.exit(f"{size} bytes wanted, {len(data)} left")
    return data[:size], data[size:]


def field(data):
    size, data = take(data, 4)
    return take(data, struct.unpack("=I", size)[0])


def main():
    with open(sys.argv[1], "rb") as file:
        rest = file.read()
    while rest:
        head, rest = take(rest, 24)
        pcr, digest = struct.unpack("=I20s", head)
        template, rest = field(rest)
        data, rest = field(rest)
        content, data = field(data)
        name, data = field(data)
        if template != b"ima-ng" or data or name[-1:] != b"\0":
            sys.exit(f"not a record of ima-ng: {template}, {data}, {name}")
        algorithm, content = content.split(b":\0", 1)
        text = b"%2d %s ima-ng %s:%s %s\n" % (pcr, digest.hex().encode(), algorithm, content.hex().encode(), name[:-1])
        sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
