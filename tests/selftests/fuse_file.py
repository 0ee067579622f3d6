#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""fuse_file.py BACKING MOUNTPOINT [passthrough|stall=FILE]: mounts a FUSE file system of subtype 'selftest' with one file, 'file', and goes on
serving it in the background.

The file has the content that BACKING has when it is read, and attributes that never change but for the size: what a
server does behind the kernel's back. A file that is made by mknod(2) is another name of it. Where BACKING is a directory reading fails (EIO). While BACKING.hold exists, a read
is not answered, nor is anything after it; BACKING.asked then says that one came. With 'passthrough' the kernel reads and writes BACKING itself, which it then opens as FILE was opened,
and all the server does for that is to open BACKING for reading. Written from the description of the protocol in the kernel's
include/uapi/linux/fuse.h.

With 'stall=FILE' a read of two pages is answered by one write whose second half is a mapping of FILE: while nothing answers
a read of FILE, the kernel has the first page, and the read goes on.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import stat
import struct
import sys
import time

LOOKUP, FORGET, GETATTR, MKNOD, OPEN, READ, RELEASE, FLUSH, INIT = 1, 2, 3, 8, 14, 15, 18, 25, 26
OPENDIR, RELEASEDIR, ACCESS, BATCH_FORGET = 27, 29, 34, 42
ROOT, FILE = 1, 2
LONG = 1 << 20
PAGE = 4096
# Flags of INIT (the second from the upper half) and OPEN, and the request that registers a file.
INIT_EXT, PASSTHROUGH, OPEN_PASSTHROUGH, BACKING_OPEN = 1 << 30, 1 << 5, 1 << 7, 0x4010E501


def attributes(node, backing):
    mode, size = (stat.S_IFDIR | 0o755, 0) if node == ROOT else (stat.S_IFREG | 0o755, os.stat(backing).st_size)
    times = (1, 1, 1, 0, 0, 0)
    return struct.pack("<6Q10I", node, size, 1, *times[:3], *times[3:], mode, 1, 0, 0, 0, 4096, 0)


def entry(backing):
    return struct.pack("<4Q2I", FILE, 0, LONG, LONG, 0, 0) + attributes(FILE, backing)


def wait_while_held(backing):
    while os.path.exists(backing + ".hold"):
        with open(backing + ".asked", "w", encoding="ascii"):
            pass
        time.sleep(0.02)


def register(device, backing):
    """The number by which the kernel knows the file."""
    file = os.open(backing, os.O_RDONLY)
    try:
        return fcntl.ioctl(device, BACKING_OPEN, bytearray(struct.pack("<iIQ", file, 0, 0)))
    finally:
        os.close(file)


def answer_passthrough(code, node, device, backing):
    """The payload of the answer where it differs."""
    if code == INIT:
        depth = 1
        return struct.pack("<4I2H2I2HI7I", 7, 31, 1 << 16, INIT_EXT, 8, 8, 1 << 16, 1, 16, 0, PASSTHROUGH, depth, *[0] * 6)
    if code == OPEN and node == FILE:
        return struct.pack("<QIi", 0, OPEN_PASSTHROUGH, register(device, backing))
    return None


def answer(code, node, body, backing):
    """The payload of the answer, or an errno."""
    if code == INIT:
        return struct.pack("<4I2H2I2HI7I", 7, 31, 1 << 16, 0, 8, 8, 1 << 16, 1, 16, 0, 0, *[0] * 7)
    if code == LOOKUP:
        return entry(backing) if body == b"file\0" else errno.ENOENT
    if code == MKNOD:
        return entry(backing)
    if code == GETATTR:
        return struct.pack("<Q2I", LONG, 0, 0) + attributes(node, backing)
    if code in (OPEN, OPENDIR):
        return struct.pack("<Q2I", 0, 0, 0)
    if code == READ:
        wait_while_held(backing)
        _, offset, size = struct.unpack_from("<QQI", body)
        try:
            with open(backing, "rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError:
            return errno.EIO
    if code in (RELEASE, RELEASEDIR, FLUSH, ACCESS):
        return b""
    return errno.ENOSYS


def stalled_write(fd, header, payload, stall):
    with open(stall, "rb") as file, mmap.mmap(file.fileno(), PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ) as second:
        os.writev(fd, [header + payload[:PAGE], memoryview(second)])


def serve(fd, backing, passthrough, stall):
    while True:
        try:
            request = os.read(fd, 1 << 17)
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            continue
        _, code, unique, node = struct.unpack_from("<IIQQ", request)
        if code in (FORGET, BATCH_FORGET):
            continue
        payload = answer_passthrough(code, node, fd, backing) if passthrough else None
        if payload is None:
            payload = answer(code, node, request[40:], backing)
        error, payload = (-payload, b"") if isinstance(payload, int) else (0, payload)
        header = struct.pack("<IiQ", 16 + len(payload), error, unique)
        if stall and code == READ and len(payload) == 2 * PAGE:
            stalled_write(fd, header, payload, stall)
        else:
            os.write(fd, header + payload)


def main():
    backing, mountpoint, *options = sys.argv[1:]
    stall = next((option.removeprefix("stall=") for option in options if option.startswith("stall=")), None)
    fd = os.open("/dev/fuse", os.O_RDWR)
    mount_options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"selftest", mountpoint.encode(), b"fuse.selftest", 0, mount_options.encode()):
        sys.exit(os.strerror(ctypes.get_errno()))
    if os.fork() == 0:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        serve(fd, backing, "passthrough" in options, stall)


if __name__ == "__main__":
    main()
