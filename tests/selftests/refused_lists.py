#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""refused_lists.py DIR: writes metadata and lists that are wrong in every way to digest_lists; prints a line
for each as digestlists.refuse_all() does. The numbers are those of src/logic/errno.rs, or the file's own errno."""

import errno as e
import os
import struct
import sys

from digestlists import block, body, field, metadata_of, record, refuse_all, save, sha256

ENDS, LENGTH, EMPTY = "ends inside a field", "a length field contradicts", "no entry where"
UNKNOWN_ALGO, WEAK = "unknown hash algorithm", "too weak"
UNREADABLE = "cannot read .* \\(-%d\\)"


def metadata_cases(where):
    path = save(f"{where}/good", block("immutable", [sha256(b"good")])).encode()
    with open(path, "rb") as file:
        digest = sha256(file.read())
    good = record(path, digest)
    inner = body(path, digest)
    # Where each field of the body ends.
    ends = {"the algorithm": 2, "the digest": 38, "the signature": 42, "the path": 47 + len(path),
            "the reference": 54 + len(path)}

    yield "metadata of no bytes", e.ENOMSG, EMPTY, b""
    yield "metadata cut in the length of a record", e.ENODATA, ENDS, good[:3]
    yield "metadata cut after the length of a record", e.ENODATA, ENDS, good[:4]
    for name, end in ends.items():
        yield f"metadata cut within {name}", e.ENODATA, ENDS, good[:4 + end - 1]
        yield f"metadata cut after {name}", e.ENODATA, ENDS, good[:4 + end]
        yield f"a record that ends within {name}", e.EBADMSG, LENGTH, field(inner[:end - 1])
        yield f"a record that ends after {name}", e.EBADMSG, LENGTH, field(inner[:end])
    yield "metadata cut in the type", e.ENODATA, ENDS, good[:-1]
    yield "a record that ends within the type", e.EBADMSG, LENGTH, field(inner[:-1])
    yield "a record of no bytes", e.EBADMSG, LENGTH, field(b"")
    yield "a record longer than its fields", e.EBADMSG, LENGTH, field(inner + b"\0")
    yield "a record longer than any buffer", e.ENODATA, ENDS, struct.pack("<I", 0xffffffff) + inner
    yield "a digest longer than any buffer", e.EBADMSG, LENGTH, field(inner[:2] + b"\xff" * 4 + inner[6:])
    yield "bytes after the last record", e.ENODATA, ENDS, good + b"\0"
    yield "a good record before one that is cut", e.ENODATA, ENDS, good + good[:-1]

    yield "a path without NUL", e.EILSEQ, "does not end with NUL", record(path, digest, nul=b"")
    yield "a path of no bytes", e.EBADR, "a path is empty", record(b"", digest, nul=b"")
    yield "an empty path", e.EBADR, "a path is empty", record(b"", digest)
    yield "a relative path", e.EBADR, "a path is empty, relative", record(b"good", digest)
    yield "a path with a NUL inside", e.EBADR, "or has a NUL", record(path + b"\0x", digest)
    yield "a path longer than PATH_MAX", e.ENAMETOOLONG, "longer than 4095", record(b"/" + b"x" * 4095, digest)

    for name, algo in ("MD4", 0), ("MD5", 1), ("SHA-1", 2):
        yield f"{name} as the algorithm of a list", e.EKEYREJECTED, WEAK, record(path, digest[:16], algo=algo)
    yield "an algorithm that nobody knows", e.ENOPKG, UNKNOWN_ALGO, record(path, digest, algo=0x7777)
    yield "a digest shorter than its algorithm's", e.EMSGSIZE, "wrong size", record(path, digest[:31])
    yield "no digest", e.EMSGSIZE, "wrong size", record(path, b"")
    yield "a list type that nobody knows", e.EPROTOTYPE, "unknown list type", record(path, digest, list_type=4)
    yield "a compact list as an RPM header", e.ELIBBAD, "do not start", record(path, digest, list_type=1)
    yield "as a list with long headers", e.EPROTONOSUPPORT, "not supported", record(path, digest, list_type=2)
    yield "as a TLV list", e.ENODATA, ENDS, record(path, digest, list_type=3)
    yield "metadata larger than 16 MiB", e.EFBIG, "", good * ((16 << 20) // len(good) + 1)


def list_cases(where):
    known = sha256(b"known")
    good = block("immutable", [known, sha256(b"other")])
    lists = [
        ("an empty list", e.ENOMSG, EMPTY, b""),
        ("a list cut in its entry id", e.ENODATA, ENDS, good[:1]),
        ("a list cut in its count", e.ENODATA, ENDS, good[:4]),
        ("a list cut in its length", e.ENODATA, ENDS, good[:8]),
        ("a list cut after its header", e.ENODATA, ENDS, good[:10]),
        ("a list cut between digests", e.ENODATA, ENDS, good[:42]),
        ("a list cut in its last digest", e.ENODATA, ENDS, good[:-1]),
        ("a second block that is cut", e.ENODATA, ENDS, good + good[:-1]),
        ("bytes after a list", e.ENODATA, ENDS, good + b"\0"),
        ("an entry id that nobody knows", e.EPROTO, "unknown entry id", block(3, [known])),
        ("a block of no digests", e.ENOMSG, EMPTY, block("mutable", [])),
        ("a block of no digests after a good one", e.ENOMSG, EMPTY, good + block("mutable", [])),
        ("more digests announced than there are", e.EMSGSIZE, "wrong size", struct.pack("<HII", 0, 3, 64) + good[10:]),
        ("fewer digests announced than there are", e.EMSGSIZE, "wrong size", struct.pack("<HII", 0, 1, 63) + good[10:]),
        ("a count that wraps", e.EMSGSIZE, "wrong size", struct.pack("<HII", 0, 0x08000001, 32) + known),
        ("a count of gigabytes", e.ENODATA, ENDS, struct.pack("<HII", 0, 1 << 26, 1 << 31) + known),
        ("digests of two sizes", e.EMEDIUMTYPE, "more than one hash", good + block("mutable", [b"x" * 48])),
        ("SHA-1 digests", e.EKEYREJECTED, WEAK, block("immutable", [b"x" * 20])),
        ("MD5 digests", e.EMSGSIZE, "wrong size", block("immutable", [b"x" * 16])),
    ]
    for number, (name, errno, reason, content) in enumerate(lists):
        path = save(f"{where}/bad{number}", content)
        yield name, errno, f"{path}: .*{reason}", metadata_of(path)
        if number % 5 == 0:
            # One bad list among good ones loads none of them.
            others = [save(f"{where}/good{number}{side}", block("immutable", [sha256(side.encode())])) for side in "ab"]
            yield f"{name} between good lists", errno, reason, metadata_of(others[0], path, others[1])


def file_cases(where):
    path = save(f"{where}/good", block("immutable", [sha256(b"good")])).encode()
    digest = sha256(b"another file")
    yield "a list that is not the one described", e.ESTALE, "is not the list", record(path, digest)
    yield "a list with another SHA-384", e.ESTALE, "is not the list", record(path, digest + digest[:16], algo=5)
    yield "a list that is missing", e.ENOENT, UNREADABLE % e.ENOENT, record(f"{where}/missing".encode(), digest)
    yield "a directory as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(where.encode(), digest)
    yield "a device as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(b"/dev/zero", digest)
    yield "a list under a file", e.ENOTDIR, UNREADABLE % e.ENOTDIR, record(path + b"/x", digest)
    with open(f"{where}/huge", "wb") as file:
        file.truncate((64 << 20) + 1)
    yield "a list larger than 64 MiB", e.EFBIG, "larger than max_list_size", record(f"{where}/huge".encode(), digest)

    yield "a path to metadata that are missing", e.ENOENT, UNREADABLE % e.ENOENT, f"{where}/missing".encode()
    yield "a path to a directory", e.EINVAL, UNREADABLE % e.EINVAL, where.encode()
    yield "a path that is not absolute", e.ENODATA, ENDS, b"lists/metadata\n"
    with open(f"{where}/large", "wb") as file:
        file.truncate((16 << 20) + 1)
    yield "a path to metadata larger than 16 MiB", e.EFBIG, "larger than", f"{where}/large".encode()
    cut = save(f"{where}/cut", metadata_of(path.decode())[:-1])
    yield "a path to metadata that are cut", e.ENODATA, f"{cut}: .*{ENDS}", cut.encode()
    os.mkfifo(f"{where}/pipe")
    yield "a pipe as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(f"{where}/pipe".encode(), digest)


def cases(where):
    yield from metadata_cases(where)
    yield from list_cases(where)
    yield from file_cases(where)


def main():
    refuse_all("digest_lists", ["digests_count", "digest_lists"], cases(sys.argv[1]))


if __name__ == "__main__":
    main()
