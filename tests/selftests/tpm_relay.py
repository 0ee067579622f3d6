#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""tpm_relay.py BACKEND FAULTS: a TPM that can be made to fail, in front of one that works.

Makes a TPM of the kernel's tpm_vtpm_proxy, prints its number, waits for the device BACKEND, and passes every command to it.
A line 'COUNT KIND [extend|read|all]' in the file FAULTS spoils the next COUNT commands that extend a PCR (or that read one, or
all commands); with a negative COUNT, until the file is written again. The kinds:

  refuse   the command is answered with an error, and not passed on
  lose     the command is passed on, and answered with an error: it happened, but nobody knows
  silence  the command is not passed on, and never answered: the kernel stops waiting
  stall    the same for commands that extend a PCR; others are passed on when the file is written again
"""

import fcntl
import os
import struct
import sys
import time

NEW_DEVICE = 0xC014A100  # VTPM_PROXY_IOC_NEW_DEV
TPM2 = 1
SET_LOCALITY = 0x20001000
PCR_EXTEND = 0x182
SCOPES = {"extend": [PCR_EXTEND], "read": [0x17E]}
FAILURE = struct.pack(">HII", 0x8001, 10, 0x101)
SUCCESS = struct.pack(">HII", 0x8001, 10, 0)


def fault(path, command):
    """The kind of fault that is due for this command, if one is."""
    try:
        with open(path, encoding="ascii") as file:
            count, kind, *scope = file.read().split()
    except (FileNotFoundError, ValueError):
        return None
    if int(count) == 0 or (scope != ["all"] and command not in SCOPES[scope[0] if scope else "extend"]):
        return None
    if int(count) > 0:
        with open(path + ".new", "w", encoding="ascii") as file:
            print(int(count) - 1, kind, *scope, file=file)
        os.rename(path + ".new", path)
    return kind


def main():
    backend_path, faults = sys.argv[1:]
    control = os.open("/dev/vtpmx", os.O_RDWR)
    answer = fcntl.ioctl(control, NEW_DEVICE, struct.pack("=5I", TPM2, 0, 0, 0, 0))
    _, number, front, _, _ = struct.unpack("=5I", answer)
    print(number, flush=True)
    while True:
        try:
            backend = os.open(backend_path, os.O_RDWR)
            break
        except OSError:
            time.sleep(0.05)
    while True:
        request = os.read(front, 4096)
        command, = struct.unpack_from(">I", request, 6)
        if command == SET_LOCALITY:
            os.write(front, SUCCESS)
            continue
        kind = fault(faults, command)
        if kind == "silence" or kind == "stall" and command == PCR_EXTEND:
            continue
        while kind == "stall":
            time.sleep(0.05)
            kind = fault(faults, command)
        if kind != "refuse":
            os.write(backend, request)
            response = os.read(backend, 4096)
        try:
            os.write(front, FAILURE if kind else response)
        except OSError:
            # The kernel did not wait for this answer.
            pass


if __name__ == "__main__":
    main()
