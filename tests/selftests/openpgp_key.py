#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""openpgp_key.py KEY OUTPUT: puts the RSA key in KEY (PEM) into an OpenPGP certificate for signing, and prints its
fingerprint. The self-signature is void: whoever takes the certificate trusts what it came in.
"""

import hashlib
import struct
import subprocess
import sys


def packet(tag, body):
    return bytes([0x80 | tag << 2 | 1]) + struct.pack(">H", len(body)) + body


def mpi(number):
    return struct.pack(">H", number.bit_length()) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def main():
    text = subprocess.run(
        ["openssl", "rsa", "-in", sys.argv[1], "-noout", "-modulus"], check=True, capture_output=True
    ).stdout.decode()
    modulus = int(text.strip().split("=")[1], 16)
    created = struct.pack(">I", 1577836800)
    key = b"\x04" + created + b"\x01" + mpi(modulus) + mpi(65537)
    fingerprint = hashlib.sha1(b"\x99" + struct.pack(">H", len(key)) + key).digest()
    hashed = b"\x05\x02" + created + b"\x02\x1b\x03"
    unhashed = b"\x09\x10" + fingerprint[-8:]
    signature = b"\x04\x13\x01\x08" + struct.pack(">H", len(hashed)) + hashed
    signature += struct.pack(">H", len(unhashed)) + unhashed + b"\0\0" + mpi(modulus - 1)
    with open(sys.argv[2], "wb") as file:
        file.write(packet(6, key) + packet(13, b"selftest") + packet(2, signature))
    print(fingerprint.hex())


if __name__ == "__main__":
    main()
