#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""ascii_of.py LIST: prints a binary measurement list of ima-ng and ima-buf records as the ascii list shows it.

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
        buffer = b""
        if template == b"ima-buf":
            buffer, data = field(data)
            buffer = b" " + buffer.hex().encode()
        if template not in (b"ima-ng", b"ima-buf") or data or name[-1:] != b"\0":
            sys.exit(f"not a record of ima-ng or ima-buf: {template}, {data}, {name}")
        algorithm, content = content.split(b":\0", 1)
        text = b"%2d %s %s %s:%s %s%s\n" % (pcr, digest.hex().encode(), template, algorithm, content.hex().encode(),
                                           name[:-1], buffer)
        sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
