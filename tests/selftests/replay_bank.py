#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""replay_bank.py LIST ASCII BANK PCR=START:VALUE...: judges the binary measurement list of one bank.

Each record has the template digest in the bank's own algorithm. The digest of each record must be that of its template
data, or zero; extending the PCRs from START with these digests must give VALUE; and the ascii list of the same bank
must show the same PCR, digest and template.
"""

import hashlib
import struct
import sys


def records(image, size):
    offset = 0
    while offset < len(image):
        pcr, = struct.unpack_from("=I", image, offset)
        digest = image[offset + 4:offset + 4 + size]
        offset += 4 + size
        parts = []
        for _ in range(2):
            length, = struct.unpack_from("=I", image, offset)
            parts.append(image[offset + 4:offset + 4 + length])
            offset += 4 + length
        yield pcr, digest, *parts
    if offset != len(image):
        sys.exit("the list ends within a record")


def main():
    path, ascii_path, bank = sys.argv[1:4]
    new = lambda data: hashlib.new(bank, data)
    size = new(b"").digest_size
    registers, wanted = {}, {}
    for argument in sys.argv[4:]:
        pcr, values = argument.split("=")
        start, wanted[int(pcr)] = values.lower().split(":")
        registers[int(pcr)] = bytes.fromhex(start)
    with open(path, "rb") as file:
        image = file.read()
    shown = []
    for number, (pcr, digest, name, data) in enumerate(records(image, size), 1):
        violation = digest == bytes(size)
        if not violation and digest != new(data).digest():
            sys.exit(f"record {number}: the digest is not the {bank} of the template data")
        if pcr in registers:
            registers[pcr] = new(registers[pcr] + (b"\xff" * size if violation else digest)).digest()
        shown.append([str(pcr), digest.hex(), name.decode()])
    with open(ascii_path, encoding="utf-8", errors="replace") as file:
        lines = [line.split(" ")[:3] if line[0] != " " else line.split()[:3] for line in file]
    if lines != shown:
        sys.exit(f"the ascii list shows other records: {len(lines)}, not {len(shown)}")
    for pcr, value in wanted.items():
        if registers[pcr].hex() != value:
            sys.exit(f"{bank}: PCR {pcr} is {value}, the replay of the list is {registers[pcr].hex()}")
    print(f"{len(shown)} records")


if __name__ == "__main__":
    main()
