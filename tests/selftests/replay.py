#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""replay.py PCR LIST BANK=HEX...: replays a binary measurement list and compares it with the TPM's registers.

Written from the description of the format in the kernel's documentation, independently of the module: each record is
pcr u32, SHA-1 template digest, name length u32, name, data length u32, data, all in the byte order of the machine.
Each bank is extended with the template data's digest in the bank's own algorithm; the record of a violation, whose
digest is zero, extends ones. The records of other PCRs are passed over. Where the PCR starts stands in the list itself: in
the record digest_lists_start or, where the TPM came late, digest_lists_tpm. Without such a line it is zero.
"""

import hashlib
import struct
import sys


def records(image):
    offset = 0

    def take(size):
        nonlocal offset
        piece = image[offset:offset + size]
        if len(piece) != size:
            sys.exit(f"the list ends within a record, at byte {len(image)}")
        offset += size
        return piece

    while offset < len(image):
        pcr, = struct.unpack("=I", take(4))
        digest = take(20)
        name = take(struct.unpack("=I", take(4))[0])
        data = take(struct.unpack("=I", take(4))[0])
        yield pcr, digest, name, data


def started(image, wanted):
    """The lines of the records that say what the PCR was at first, by key; none if they are about another PCR."""
    for _, _, template, data in records(image):
        if template != b"ima-buf":
            continue
        fields = []
        while data:
            size, = struct.unpack_from("=I", data)
            fields.append(data[4:4 + size])
            data = data[4 + size:]
        if fields[1] not in (b"digest_lists_start\0", b"digest_lists_tpm\0"):
            continue
        lines = dict(line.split("=", 1) for line in fields[2].decode().splitlines())
        if lines["pcr"] == str(wanted) and any(key.startswith("pcr_initial_") for key in lines):
            return lines
    return {}


def main():
    wanted = int(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        image = file.read()
    failed = False
    start = started(image, wanted)
    for argument in sys.argv[3:]:
        bank, value = argument.split("=")
        size = hashlib.new(bank).digest_size
        register = bytes.fromhex(start.get("pcr_initial_" + bank, "00" * size))
        count = 0
        for pcr, digest, name, data in records(image):
            if pcr != wanted:
                continue
            violation = digest == bytes(20)
            if not violation and hashlib.sha1(data).digest() != digest:
                print(f"record {count}: the template digest is not that of the template data")
                failed = True
            extended = b"\xff" * size if violation else hashlib.new(bank, data).digest()
            register = hashlib.new(bank, register + extended).digest()
            count += 1
        if register.hex() == value.lower():
            print(f"{bank}: PCR {wanted} is the replay of {count} records")
        else:
            print(f"{bank}: PCR {wanted} is {value.lower()}, the replay of {count} records is {register.hex()}")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
