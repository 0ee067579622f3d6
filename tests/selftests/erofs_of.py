#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
#
# erofs_of.py FILE IMAGE DIRECTORY: makes an EROFS image with one executable file, of at most one block, owned by user 4242,
# under the name 'known', and mounts it from the file itself: mount(8) would take a loop device.

import ctypes
import os
import struct
import sys

BLOCK = 4096
MAGIC = 0xE0F5E1E2
META, DIRECTORY, DATA, BLOCKS = 1, 2, 3, 4
ROOT, KNOWN = 1, 2
READ_ONLY = 1

source, image, target = sys.argv[1:]
with open(source, "rb") as file:
    content = file.read()


def inode(mode, links, size, block, number):
    """A compact inode with its data in blocks of their own."""
    return struct.pack("<4H4I2HI", 0, 0, mode, links, size, 0, block, number, 4242, 0, 0)


names = [(b".", ROOT, 2), (b"..", ROOT, 2), (b"known", KNOWN, 1)]
entries, texts = b"", b""
for name, number, kind in names:
    entries += struct.pack("<QHBB", number, 12 * len(names) + len(texts), kind, 0)
    texts += name
superblock = struct.pack(
    "<3IBBHQQ4I", MAGIC, 0, 0, 12, 0, ROOT, 2, 0, 0, BLOCKS, META, 0
)
blocks = [
    bytes(1024) + superblock,
    bytes(32) + inode(0o040755, 2, BLOCK, DIRECTORY, 1) + inode(0o100755, 1, len(content), DATA, 2),
    entries + texts,
    content,
]
with open(image, "wb") as file:
    for block in blocks:
        file.write(block.ljust(BLOCK, b"\0"))
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(os.fsencode(image), os.fsencode(target), b"erofs", READ_ONLY, None):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
