#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""pre_access.py MOUNTPOINT [LOG [opens]|executable]: watches the content of all files of a mount before it is accessed (FAN_PRE_ACCESS), and
allows every access, in the background until it is killed. Prints its process id when it is ready. While it watches, the
kernel keeps nobody from writing a program that is being executed. With LOG it watches reads as a scanner of content does
(FAN_ACCESS_PERM), or with 'opens' opens in place of reads (FAN_OPEN_PERM), appends the path of each, and allows none while there is a file LOG.hold. With 'executable' it ends noexec of the mount before it allows an access. See
include/uapi/linux/fanotify.h of the kernel."""

import ctypes
import os
import struct
import sys
import time

CLASS_CONTENT, CLASS_PRE_CONTENT, CLOEXEC = 0x4, 0x8, 0x1
MARK_ADD, MARK_MOUNT = 0x1, 0x10
OPEN_PERM, ACCESS_PERM, PRE_ACCESS = 0x00010000, 0x00020000, 0x00100000
ALLOW = 1
REMOUNT, BIND = 0x20, 0x1000
EVENT = "=IBBHQii"


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    option = sys.argv[2] if len(sys.argv) > 2 else None
    log = open(option, "a", buffering=1) if option and option != "executable" else None
    kind, mask = (CLASS_CONTENT, ACCESS_PERM) if log else (CLASS_PRE_CONTENT, PRE_ACCESS)
    fd = libc.fanotify_init(kind | CLOEXEC, os.O_RDONLY | os.O_LARGEFILE)
    mask = ctypes.c_uint64(OPEN_PERM if "opens" in sys.argv[3:] else mask)
    if fd < 0 or libc.fanotify_mark(fd, MARK_ADD | MARK_MOUNT, mask, -100, sys.argv[1].encode()):
        sys.exit(f"fanotify: {os.strerror(ctypes.get_errno())}")
    child = os.fork()
    if child:
        print(child)
        return
    null = os.open("/dev/null", os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    while True:
        events = os.read(fd, 1 << 16)
        while events:
            length, _, _, _, _, file, _ = struct.unpack_from(EVENT, events)
            if log:
                print(os.readlink(f"/proc/self/fd/{file}"), file=log)
            while log and os.path.exists(option + ".hold"):
                time.sleep(0.02)
            if option == "executable":
                libc.mount(None, sys.argv[1].encode(), None, REMOUNT | BIND, None)
            os.write(fd, struct.pack("=iI", file, ALLOW))
            os.close(file)
            events = events[length:]


if __name__ == "__main__":
    main()
