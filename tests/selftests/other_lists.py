#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""other_lists.py digest_cache|diglim DIR [SEED]: the cases of the selftests of the digest cache and of DIGLIM that are
about the bytes of lists, against the module. Prints NAME<TAB>PROBLEM for each, with an empty problem where it went well."""

import errno
import hashlib
import os
import random
import struct
import sys

from digestlists import SECFS, block, metadata_of, read, record, save, sha256, write
from refused_lists import INT32, block16, rpm, tlv

# The kernel's hash algorithms in the order of their numbers, and the sizes of their digests.
ALGORITHMS = [("md4", 16), ("md5", 16), ("sha1", 20), ("rmd160", 20), ("sha256", 32), ("sha384", 48), ("sha512", 64),
              ("sha224", 28), ("rmd128", 16), ("rmd256", 32), ("rmd320", 40), ("wp256", 32), ("wp384", 48), ("wp512", 64),
              ("tgr128", 16), ("tgr160", 20), ("tgr192", 24), ("sm3", 32), ("streebog256", 32), ("streebog512", 64),
              ("sha3-256", 32), ("sha3-384", 48), ("sha3-512", 64)]
OURS = ("sha256", "sha384", "sha512")
# Those that a header of a package can have, by their numbers in OpenPGP.
PACKAGE = {"md5": 1, "sha1": 2, "rmd160": 3, "sha256": 8, "sha384": 9, "sha512": 10, "sha224": 11}


def ask(algo, digest):
    """The lines of digest_query about a digest."""
    fd = os.open(f"{SECFS}/digest_query", os.O_RDWR)
    try:
        os.write(fd, f"{algo}:{digest.hex()}".encode())
        answer = b""
        while part := os.read(fd, 65536):
            answer += part
        return answer.decode().splitlines()
    finally:
        os.close(fd)


def remove(path):
    with open(path, "rb") as file:
        return write("digest_lists_remove", f"sha256:{sha256(file.read()).hex()}".encode())


def numbered(size, first, count):
    return [struct.pack("<I", number).ljust(size, b"\0") for number in range(first, first + count)]


def parsed(path, list_type, algo, digests):
    """What is wrong after a list was loaded that should be taken if the module has the algorithm."""
    got = write("digest_lists", metadata_of(path, list_type=list_type))
    if algo not in OURS:
        return "" if got else "the list was taken"
    if got:
        return f"errno {errno.errorcode.get(got, got)}"
    missing = sum(not ask(algo, digest) for digest in digests)
    return f"{missing} digests are unknown" if missing else (remove(path) and "it cannot be removed" or "")


def package(digests, algo, kind=None):
    """The header of a package with files of these digests."""
    names = b"".join(digest.hex().encode() + b"\0" for digest in digests)
    count = len(digests)
    table = [(1028, INT32, count, struct.pack(">I", 5) * count), (1030, (3, 2), count, struct.pack(">H", 0o100755) * count),
             (1035, kind or (8, 1), count, names), (1037, INT32, count, bytes(4 * count)),
             (1044, (6, 1), 1, b"known-1-1.src.rpm\0")]
    return rpm([(tag, *values) for tag, *values in table] + ([] if algo == "md5" else [(5011, INT32, 1,
                                                                                       struct.pack(">I", PACKAGE[algo]))]))


def digest_cache(where, _):
    for number, (algo, size) in enumerate(ALGORITHMS):
        digests = numbered(size, 1, 5)
        entries = b"".join(tlv(2, tlv(0, digest)) for digest in digests)
        path = save(f"{where}/tlv-{algo}", tlv(0, struct.pack(">H", number)) + tlv(1, struct.pack(">I", 5)) + entries)
        yield f"tlv_parser_ok: a list of {algo} is {'taken' if algo in OURS else 'refused'}", parsed(path, 3, algo, digests)
    for algo in PACKAGE:
        digests = numbered(dict(ALGORITHMS)[algo], 1, 5)
        path = save(f"{where}/rpm-{algo}", package(digests, algo))
        yield f"rpm_parser_ok: a header with {algo} is {'taken' if algo in OURS else 'refused'}", parsed(path, 1, algo, digests)
    path = save(f"{where}/rpm-type", package(numbered(32, 1, 1), "sha256", INT32))
    yield "rpm_parser_error: a header whose digests are numbers is refused", \
        "" if write("digest_lists", metadata_of(path, list_type=1)) else "the list was taken"


# As many blocks, digests a block, values of digests and lists at once as theirs have, and fewer operations.
BLOCKS, COUNT, VALUES, LISTS, STEPS = 10, 100, 10, 100, 250


def random_list(rng):
    """A compact list with long headers, of few values, and how often it has each."""
    algo = rng.choice(OURS)
    size, has, data = dict(ALGORITHMS)[algo], {}, b""
    for _ in range(rng.randint(1, BLOCKS - 1)):
        values = [rng.randint(1, VALUES) for _ in range(rng.randint(1, COUNT - 1))]
        for value in values:
            has[value] = True
        data += block16([struct.pack("<I", value).ljust(size, b"\0") for value in values], modifiers=rng.randint(0, 1),
                        algo=[name for name, _ in ALGORITHMS].index(algo))
    return algo, has, data


def add_and_remove(where, rng, by_path):
    """Lists come and go at random. What is known is what the lists have that are there."""
    there, number, queries = {}, 0, 0
    for step in range(STEPS):
        if not there or len(there) < LISTS and rng.random() < 0.55:
            algo, has, data = random_list(rng)
            path = save(f"{where}/random-{number}", data)
            number += 1
            metadata = metadata_of(path, list_type=2)
            got = write("digest_lists", save(f"{path}.meta", metadata).encode() if by_path else metadata)
            if got:
                return f"step {step}: a list is refused with {errno.errorcode.get(got, got)}"
            there[path] = algo, has
        else:
            path = rng.choice(list(there))
            got = remove(path)
            if got:
                return f"step {step}: a list is not removed, {errno.errorcode.get(got, got)}"
            del there[path]
        if rng.random() < 0.3:
            queries += 1
            algo, value = rng.choice(OURS), rng.randint(1, VALUES)
            lines = ask(algo, struct.pack("<I", value).ljust(dict(ALGORITHMS)[algo], b"\0"))
            names = sorted({word.partition("=")[2] for line in lines for word in line.split() if word.startswith("ref_id=")})
            wanted = sorted(os.path.basename(path) for path, (of, has) in there.items() if of == algo and value in has)
            if names != wanted:
                return f"step {step}: {algo} {value} is in {names}, not {wanted}"
    want = len({(algo, value) for algo, has in there.values() for value in has})
    have = int(read("digests_count"))
    for path in list(there):
        remove(path)
    left = read("digest_lists")
    if have != want:
        return f"{have} digests, not {want}"
    return f"left: {left}" if left else "" if queries else "nothing was asked"


def fuzzed(where, rng):
    before = read("digests_count"), read("digest_lists")
    taken = 0
    for number in range(200):
        data = bytearray(rng.randbytes(rng.randint(1, 10000)))
        head = struct.pack("<BBHHH", 1, 0, rng.randint(0, 7), rng.randint(0, 3), rng.randint(0, 22))
        data[:len(head)] = head
        path = save(f"{where}/fuzzed", bytes(data))
        if write("digest_lists", metadata_of(path, list_type=2)) == 0:
            taken += 1
            if remove(path):
                return f"list {number} is taken and cannot be removed"
    return "" if (read("digests_count"), read("digest_lists")) == before else f"something is left of {taken} lists"


def diglim(where, seed):
    rng = random.Random(seed)
    yield "digest_list_add_del_test_file_upload: lists that come and go by the path of their metadata know what they have", \
        add_and_remove(where, rng, True)
    yield "digest_list_add_del_test_buffer_upload: lists that come and go by the bytes of their metadata know what they have", \
        add_and_remove(where, rng, False)
    yield "digest_list_fuzzing_test: random bytes behind a good header leave nothing", fuzzed(where, rng)


def main():
    command, where = sys.argv[1:3]
    for name, problem in {"digest_cache": digest_cache, "diglim": diglim}[command](where, (sys.argv[3:] or ["0"])[0]):
        print(f"{name}\t{problem}", flush=True)


if __name__ == "__main__":
    main()
