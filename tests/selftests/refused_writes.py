#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""refused_writes.py: writes what they do not take to digest_lists_remove, digest_query and scrub; prints a line for each as
digestlists.refuse_all() does."""

import errno as e

from digestlists import refuse_all

UNKNOWN = b"sha256:" + b"0" * 64

CASES = {
    "digest_lists_remove": [
        ("removing a list that is not loaded", e.ENOENT, "no such list is loaded", UNKNOWN),
        ("removing what is no digest", e.EBADE, "not a hexadecimal digest", b"sha256:xy"),
        ("removing nothing", e.EBADE, "not a hexadecimal digest", b""),
        ("removing by an unknown algorithm", e.ENOPKG, "unknown hash algorithm", b"sha3:00"),
        ("removing by a digest that is cut", e.EMSGSIZE, "wrong size", UNKNOWN[:-2]),
        ("removing by more than 1 MiB", e.EFBIG, "takes 1048576 at most", b"x" * (1 << 20) + b"x"),
    ],
    "digest_query": [
        ("asking for what is no digest", e.EBADE, "digest_query: not a hexadecimal digest", b"sha256:xy"),
        ("asking for an unknown algorithm", e.ENOPKG, "unknown hash algorithm", b"sha3:00"),
        ("asking with more than 256 bytes", e.EFBIG, "takes 256 at most", b"x" * 257),
    ],
    "scrub": [
        ("a scrub by 0", e.EINVAL, "scrub: takes only 1", b"0"),
        ("a scrub by many bytes", e.EFBIG, "takes 2 at most", b"111"),
    ],
}


if __name__ == "__main__":
    for name, cases in CASES.items():
        refuse_all(name, ["digests_count", "digest_lists"], cases)
