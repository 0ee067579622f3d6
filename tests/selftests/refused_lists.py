#!/usr/bin/python3 -S
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
    yield "a list type that nobody knows", e.EPROTOTYPE, "unknown list type", record(path, digest, list_type=0xffff)
    yield "a compact list as an RPM header", e.ELIBBAD, "do not start", record(path, digest, list_type=1)
    yield "a compact list as a list with long headers", e.EPROTONOSUPPORT, "not supported", record(path, digest, list_type=2)
    yield "a compact list as a TLV list", e.ENODATA, ENDS, record(path, digest, list_type=3)
    yield "a reference longer than 4096 bytes", e.E2BIG, "a reference is longer", record(path, digest, ref_id=b"r" * 4097)
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
        ("an entry id that nobody knows", e.EPROTO, "unknown entry id", block(6, [known])),
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


def block16(digests, version=1, reserved=0, kind=2, modifiers=1, algo=4, count=None, length=None):
    """One block of a compact list with 16-byte header."""
    data = b"".join(digests)
    return struct.pack("<BBHHHII", version, reserved, kind, modifiers, algo, len(digests) if count is None else count,
                       len(data) if length is None else length) + data


def compact16_cases():
    known = sha256(b"known")
    good = block16([known])
    yield "of version 0", e.EPROTONOSUPPORT, "version not supported", block16([known], version=0)
    yield "with a reserved byte", e.EDOM, "reserved", block16([known], reserved=1)
    yield "of keys", e.ESOCKTNOSUPPORT, "not of files", block16([known], kind=0)
    yield "with an unknown modifier", e.EDOM, "reserved", block16([known], modifiers=3)
    yield "of SHA-1", e.EKEYREJECTED, WEAK, block16([b"x" * 20], algo=2)
    yield "of an unknown algorithm", e.ENOPKG, UNKNOWN_ALGO, block16([known], algo=0x7777)
    yield "without digests", e.ENOMSG, EMPTY, block16([])
    yield "whose length is not that of its count", e.EMSGSIZE, "wrong size", block16([known], length=31)
    yield "whose count wraps", e.EMSGSIZE, "wrong size", block16([known], count=0x08000001)
    yield "of gigabytes", e.ENODATA, ENDS, block16([known], count=1 << 26, length=1 << 31)
    yield "cut in its header", e.ENODATA, ENDS, good[:15]
    yield "cut in its digest", e.ENODATA, ENDS, good[:-1]
    yield "with a byte behind it", e.ENODATA, ENDS, good + b"\1"
    yield "of two algorithms", e.EMEDIUMTYPE, "more than one hash", good + block16([b"x" * 48], algo=5)


def tlv(number, data, length=None):
    return struct.pack(">HI", number, len(data) if length is None else length) + data


def tlv_cases():
    def listed(*entries, algo=4, count=None):
        head = tlv(0, struct.pack(">H", algo)) + tlv(1, struct.pack(">I", len(entries) if count is None else count))
        return head + b"".join(tlv(2, entry) for entry in entries)

    digest, path = tlv(0, sha256(b"known")), tlv(1, b"/bin/known\0")
    good = listed(digest + path)
    order = "unknown, repeated, missing or out of order"
    yield "of no bytes", e.ENOMSG, EMPTY, b""
    yield "without entries", e.ENOMSG, EMPTY, listed()
    yield "that announces more", e.ENODATA, ENDS, listed(digest, count=1 << 31)
    yield "that announces fewer", e.EOVERFLOW, "after the end", listed(digest, digest, count=1)
    yield "with the count first", e.ENOPROTOOPT, order, good[8:18] + good[:8] + good[18:]
    yield "with the algorithm twice", e.ENOPROTOOPT, order, good[:8] + good
    yield "with an algorithm of four bytes", e.EBADMSG, LENGTH, tlv(0, b"\0\0\0\4") + good[8:]
    yield "with an unknown field", e.ENOPROTOOPT, order, good[:18] + tlv(3, b"x")
    yield "with an empty entry", e.EBADMSG, LENGTH, listed(b"")
    yield "with an entry without digest", e.ENOPROTOOPT, order, listed(path)
    yield "with a digest twice", e.ENOPROTOOPT, order, listed(digest + digest)
    yield "with a field that reaches over its entry", e.EBADMSG, LENGTH, listed(tlv(0, b"x" * 32, length=33))
    yield "with an entry of gigabytes", e.ENODATA, ENDS, good[:18] + tlv(2, digest, length=0xffffffff)
    yield "with a digest of another size", e.EMSGSIZE, "wrong size", listed(digest, algo=5)
    yield "of SHA-1", e.EKEYREJECTED, WEAK, listed(tlv(0, b"x" * 20), algo=2)
    yield "with a path without NUL", e.EILSEQ, "end with NUL", listed(digest + tlv(1, b"/bin/known"))
    yield "with an empty path", e.EBADR, "a path is empty", listed(digest + tlv(1, b"\0"))
    yield "cut in its last entry", e.ENODATA, ENDS, good[:-1]
    yield "with a byte behind it", e.EOVERFLOW, "after the end", good + b"\0"


# Type and alignment of the values of an RPM header.
INT16, INT32, STRINGS = (3, 2), (4, 4), (8, 1)


def rpm(tags, whole=True, magic=b"\x8e\xad\xe8\x01\0\0\0\0", region=63):
    """An RPM header of (tag, type, count, data) in the given order."""
    index, store = b"", b""
    for tag, (kind, size), count, data in tags:
        store += bytes(-len(store) % size)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    head = struct.pack(">IIII", region, 7, len(store), 16)
    store += struct.pack(">IIiI", region, 7, -16 * (len(tags) + 1), 16)
    return magic + struct.pack(">II", len(tags) + 1, len(store)) + head + index + store + (b"" if whole else b"\0")


def rpm_cases():
    def tags(digest=sha256(b"known").hex().encode(), algo=8):
        return {1028: (INT32, 1, struct.pack(">I", 5)), 1030: (INT16, 1, struct.pack(">H", 0o100755)),
                1035: (STRINGS, 1, digest + b"\0"), 1037: (INT32, 1, struct.pack(">I", 0)),
                1044: ((6, 1), 1, b"known-1-1.src.rpm\0"), 5011: (INT32, 1, struct.pack(">I", algo))}

    def header(table, **more):
        return rpm([(tag, *values) for tag, values in table.items()], **more)

    def without(*gone):
        return {tag: values for tag, values in tags().items() if tag not in gone}

    good = header(tags())
    sizes = "do not fit each other"
    yield "of another magic", e.ELIBBAD, "do not start", header(tags(), magic=b"\x8e\xad\xe8\x02\0\0\0\0")
    yield "of no bytes", e.ENOMSG, EMPTY, b""
    yield "cut in its index", e.ENODATA, ENDS, good[:40]
    yield "cut in its data", e.ENODATA, ENDS, good[:-1]
    yield "with a byte behind it", e.EOVERFLOW, "after the end", header(tags(), whole=False)
    yield "with entries without end", e.ENODATA, ENDS, good[:8] + b"\xff" * 4 + good[12:]
    yield "with data without end", e.ENODATA, ENDS, good[:12] + b"\xff" * 4 + good[16:]
    yield "with the region of signatures", e.EBADRQC, "region", header(tags(), region=62)
    yield "whose region is smaller than itself", e.EBADRQC, "region", good[:-8] + struct.pack(">i", -16) + good[-4:]
    yield "with a tag twice", e.ENOTUNIQ, "stands twice", rpm([(1028, *tags()[1028])] * 2)
    yield "with tags out of order", e.EBADFD, "malformed index entry", header(dict(reversed(tags().items())))
    yield "with values of no known type", e.EBADFD, "malformed index entry", rpm([(1028, (77, 1), 1, b"\0")])
    yield "with more values than bytes", e.EBADFD, "malformed index entry", rpm([(1028, INT32, 1 << 31, b"\0" * 4)])
    yield "with fewer strings than it says", e.EILSEQ, "end with NUL", header({**tags(), 5011: (STRINGS, 1 << 20, b"x\0")})
    yield "of a source package", e.EISNAM, "source package", header(without(1044))
    yield "without digests", e.ENOMEDIUM, "no file digests", header(without(1035))
    yield "with empty digests only", e.ENOMEDIUM, "no file digests", header(tags(digest=b""))
    yield "without an algorithm", e.EDESTADDRREQ, "which means MD5", header(without(5011))
    yield "of MD5", e.EKEYREJECTED, WEAK, header(tags(algo=1))
    yield "of SHA-1", e.EKEYREJECTED, WEAK, header(tags(algo=2))
    yield "of SHA-224", e.ENOPKG, UNKNOWN_ALGO, header(tags(algo=11))
    yield "with a digest of another size", e.EMSGSIZE, "wrong size", header(tags(algo=10))
    yield "with a digest that is not hexadecimal", e.EBADE, "not a hexadecimal", header(tags(digest=b"x" * 64))
    yield "without modes", e.ELIBSCN, sizes, header(without(1030))
    yield "without sizes", e.ELIBSCN, sizes, header(without(1028))
    yield "with more modes than files", e.ELIBSCN, sizes, \
        header({**tags(), 1030: (INT16, 2, struct.pack(">HH", 0o100755, 0o100755))})


def other_format_cases(where):
    formats = [("a list with long headers", 2, compact16_cases), ("a TLV list", 3, tlv_cases),
               ("an RPM header", 1, rpm_cases)]
    for what, list_type, cases_of in formats:
        for number, (name, errno, reason, content) in enumerate(cases_of()):
            path = save(f"{where}/bad-{list_type}-{number}", content)
            yield f"{what} {name}", errno, f"{path}: .*{reason}", metadata_of(path, list_type=list_type)


def file_cases(where):
    path = save(f"{where}/good", block("immutable", [sha256(b"good")])).encode()
    digest = sha256(b"another file")
    yield "a list that is not the one described", e.ESTALE, "is not the list", record(path, digest)
    yield "a list with another SHA-384", e.ESTALE, "is not the list", record(path, digest + digest[:16], algo=5)
    yield "a list that is missing", e.ENOENT, UNREADABLE % e.ENOENT, record(f"{where}/missing".encode(), digest)
    yield "a directory as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(where.encode(), digest)
    yield "a device as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(b"/dev/zero", digest)
    strange = f"{where}/".encode() + b"\xff\xfe \n"
    yield "a missing list whose name is no UTF-8", e.ENOENT, "cannot read .*xff.*xfe .*n \\(-2\\)", record(strange, digest)
    yield "a list under a file", e.ENOTDIR, UNREADABLE % e.ENOTDIR, record(path + b"/x", digest)
    with open(f"{where}/huge", "wb") as file:
        file.truncate((64 << 20) + 1)
    yield "a list larger than 64 MiB", e.EFBIG, "larger than max_list_size", record(f"{where}/huge".encode(), digest)

    yield "a path to metadata that are missing", e.ENOENT, UNREADABLE % e.ENOENT, f"{where}/missing".encode()
    yield "a path to a directory", e.EINVAL, UNREADABLE % e.EINVAL, where.encode()
    yield "a path that is not absolute", e.ENODATA, ENDS, b"lists/metadata\n"
    with open(f"{where}/large", "wb") as file:
        file.truncate((16 << 20) + 1)
    yield "a path to metadata larger than 16 MiB", e.EFBIG, "16 MiB that metadata may", f"{where}/large".encode()
    cut = save(f"{where}/cut", metadata_of(path.decode())[:-1])
    yield "a path to metadata that are cut", e.ENODATA, f"{cut}: .*{ENDS}", cut.encode()
    os.mkfifo(f"{where}/pipe")
    yield "a pipe as a list", e.EINVAL, UNREADABLE % e.EINVAL, record(f"{where}/pipe".encode(), digest)


def cases(where):
    yield from metadata_cases(where)
    yield from list_cases(where)
    yield from other_format_cases(where)
    yield from file_cases(where)


def main():
    refuse_all("digest_lists", ["digests_count", "digest_lists"], cases(sys.argv[1]))


if __name__ == "__main__":
    main()
