#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""stale_check.py LIST KNOWN JOURNAL...: judges what the program 'stale' wrote down against the measurement list (ASCII)
and the digests in KNOWN: the content of every access is known, or had a record when the access returned. Prints a line of
figures; fails if an access went through with a stale result, and names the first ones."""

import collections
import sys


def main():
    first = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            first.setdefault(line.split(" ")[3].rpartition(":")[2], number)
    with open(sys.argv[2], encoding="ascii") as file:
        known = {line[:64] for line in file}

    figures = collections.Counter()
    ways = collections.Counter()
    contents = set()
    stale = []
    for path in sys.argv[3:]:
        changed = {}
        with open(path, encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                what, name, how, *seen = line.split()
                figures[what] += 1
                if what == "change":
                    ways[how] += 1
                    changed[name] = how
                elif what == "access":
                    records, digest = int(seen[0]), seen[1]
                    contents.add(digest)
                    figures["known"] += digest in known
                    if digest not in known and first.get(digest, records + 1) > records:
                        stale.append(f"{path}:{number}: {how} of f{name}, {digest} is neither known nor among the first "
                                     f"{records} records (first: {first.get(digest)}); last changed here by "
                                     f"{changed.get(name)}")
    print(" ".join(f"{key}={figures[key]}" for key in ("change", "access", "known", "overlapped", "refused")),
          f"contents={len(contents)} stale={len(stale)}", " ".join(f"{way}:{n}" for way, n in sorted(ways.items())))
    for text in stale[:10]:
        print(text, file=sys.stderr)
    sys.exit(bool(stale))


if __name__ == "__main__":
    main()
