#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""make_lists.py META LIST[=KIND:TEXT[,KIND:TEXT]...]...: writes compact lists of the digests of the given texts, and
metadata that describe them. '@FILE' as TEXT is the content of a file, '#N.S' stands for N digests that differ from
those of another S. A LIST without '=' exists already and is only described."""

import os
import sys

from digestlists import block, metadata_of, save, sha256


def digests(text):
    if text.startswith("#"):
        count, _, seed = text[1:].partition(".")
        return [sha256(f"{seed} {number}".encode()) for number in range(int(count))]
    if text.startswith("@"):
        with open(text[1:], "rb") as file:
            return [sha256(file.read())]
    return [sha256(text.encode())]


def main():
    paths = []
    for argument in sys.argv[2:]:
        path, made, entries = argument.partition("=")
        paths.append(os.path.abspath(path))
        if made:
            blocks = (entry.partition(":") for entry in entries.split(","))
            save(path, b"".join(block(kind, digests(text)) for kind, _, text in blocks))
    save(sys.argv[1], metadata_of(*paths))


if __name__ == "__main__":
    main()
