#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
#
# dm_linear.py NAME DEVICE: makes /dev/mapper's device NAME of all sectors of DEVICE, and prints its node. dm_linear.py NAME
# removes it.

import fcntl
import os
import struct
import sys

CREATE, REMOVE, SUSPEND, LOAD = 3, 4, 6, 9
HEADER = struct.Struct("<3I4IiIIQ128s129s7s")


def ask(control, command, name, payload=b"", targets=0):
    """One ioctl of device-mapper; returns the number of the device."""
    size = HEADER.size + len(payload)
    header = HEADER.pack(4, 0, 0, size, HEADER.size, targets, 0, 0, 0, 0, 0, name.encode(), b"", b"")
    data = bytearray(header + payload)
    fcntl.ioctl(control, 3 << 30 | HEADER.size << 16 | 0xFD << 8 | command, data)
    return HEADER.unpack_from(data)[10]


name, devices = sys.argv[1], sys.argv[2:]
control = os.open("/dev/mapper/control", os.O_RDWR)
if devices:
    with open(devices[0], "rb") as device:
        sectors = device.seek(0, os.SEEK_END) // 512
    parameters = f"{devices[0]} 0".encode() + b"\0"
    parameters += bytes(-len(parameters) % 8)
    target = struct.pack("<QQiI16s", 0, sectors, 0, 40 + len(parameters), b"linear") + parameters
    ask(control, CREATE, name)
    ask(control, LOAD, name, target, 1)
    number = ask(control, SUSPEND, name)
    print(f"/dev/dm-{number & 0xFF | number >> 12 & ~0xFF}")
else:
    ask(control, REMOVE, name)
