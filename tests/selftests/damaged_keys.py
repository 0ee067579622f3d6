#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""damaged_keys.py DIR CA FILE...: certificates around OpenPGP RSA keys, signed by CA.pem and CA.key, with one bit of the
modulus changed, as DIR/flipped-N.der. Runs where the test is prepared; uses openssl.
"""

import base64
import hashlib
import os
import re
import struct
import subprocess
import sys


def packets(data):
    offset = 0
    while offset < len(data):
        head = data[offset]
        if head & 0x40:
            tag = head & 0x3f
            first = data[offset + 1]
            if first < 192:
                length, skip = first, 2
            elif first < 224:
                length, skip = ((first - 192) << 8) + data[offset + 2] + 192, 3
            else:
                length, skip = struct.unpack_from(">I", data, offset + 2)[0], 6
        else:
            tag, kind = (head >> 2) & 15, head & 3
            length, skip = int.from_bytes(data[offset + 1:offset + 1 + (1 << kind)], "big"), 1 + (1 << kind)
        yield tag, data[offset + skip:offset + skip + length]
        offset += skip + length


def integer(data, offset):
    bits, = struct.unpack_from(">H", data, offset)
    end = offset + 2 + (bits + 7) // 8
    return data[offset + 2:end], end


def der(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        size = bytes([length])
    else:
        raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(raw)]) + raw
    return bytes([tag]) + size + content


def main():
    out, ca = sys.argv[1:3]
    count = 0
    for name in sys.argv[3:]:
        with open(name, "rb") as file:
            text = file.read()
        armored = re.search(rb"-----BEGIN[^\n]*\n(.*?)\n=", text, re.DOTALL).group(1)
        body = armored[armored.index(b"\n\n") + 2:]
        for tag, key in packets(base64.b64decode(body)):
            if tag not in (6, 14) or key[0] != 4 or key[5] not in (1, 3):
                continue
            modulus, offset = integer(key, 6)
            exponent, _ = integer(key, offset)
            modulus = bytearray(modulus)
            modulus[len(modulus) // 2] ^= 1
            rsa = der(0x30, der(2, b"\0" + modulus), der(2, exponent))
            oid = bytes.fromhex("300d06092a864886f70d0101010500")
            spki = base64.encodebytes(der(0x30, oid, der(3, b"\0" + rsa))).decode()
            base = os.path.join(out, f"flipped-{count}")
            fingerprint = hashlib.sha1(b"\x99" + struct.pack(">H", len(key)) + key).hexdigest()
            with open(base + ".pub", "w") as file:
                file.write(f"-----BEGIN PUBLIC KEY-----\n{spki}-----END PUBLIC KEY-----\n")
            with open(base + ".ext", "w") as file:
                file.write(f"keyUsage=critical,digitalSignature\nsubjectKeyIdentifier={fingerprint}\n"
                           "authorityKeyIdentifier=keyid\n")
            subprocess.run(["openssl", "req", "-new", "-key", ca + ".key", "-subj", f"/CN=damaged {count}",
                            "-out", base + ".csr"], check=True)
            subprocess.run(["openssl", "x509", "-req", "-in", base + ".csr", "-force_pubkey", base + ".pub", "-CA",
                            ca + ".pem", "-CAkey", ca + ".key", "-not_before", "20000101000000Z",
                            "-not_after", "21000101000000Z", "-extfile", base + ".ext",
                            "-outform", "DER", "-out", base + ".der"], check=True, stderr=subprocess.DEVNULL)
            for end in (".pub", ".ext", ".csr"):
                os.remove(base + end)
            count += 1
    print(f"{count} damaged keys")


if __name__ == "__main__":
    main()
