#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""stale_check.py LIST KNOWN JOURNAL...: judges what the program 'stale' wrote down against the measurement list (ASCII)
and the digests in KNOWN: the content of every access is known, or had a record when the access returned. With
'enforcing' instead of LIST: what was executed or mapped is known, what was denied is not, and what a mapping shows while it
lasts is known whoever changed the file meanwhile. With 'enforcing:WAY,...' known content may be denied these ways ('exec',
'map'), which is counted as 'needless=N'. Prints a line of figures, with the accesses that got a stale result as
'stale=N', or those that got unknown content, or were denied known content, as 'unknown=N'; fails if there are any, and names
the first ones."""

import collections
import sys


def first_records(path):
    """The number of the first record of each digest."""
    first = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            first.setdefault(line.split(" ")[3].rpartition(":")[2], number)
    return first


def main():
    mode, _, tolerated = sys.argv[1].partition(":")
    enforcing = mode == "enforcing"
    first = {} if enforcing else first_records(sys.argv[1])
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
                if what == "mapped" and not known.intersection([how, *seen]):
                    stale.append(f"{path}:{number}: f{name} is mapped with the unknown content {how}; last changed here "
                                 f"by {changed.get(name)}")
                if what == "change":
                    ways[how] += 1
                    changed[name] = how
                elif what in ("access", "denied"):
                    records, digest = int(seen[0]), seen[1]
                    contents.add(digest)
                    figures["known"] += digest in known
                    if enforcing:
                        good = how == "open" or (digest in known) == (what == "access")
                        if not good and what == "denied" and how in tolerated.split(","):
                            figures["needless"] += 1
                            good = True
                    else:
                        good = digest in known or first.get(digest, records + 1) <= records
                    if not good:
                        stale.append(f"{path}:{number}: {what} by {how} of f{name}, {digest}, "
                                     f"{'known' if digest in known else 'not known'}, after {records} records (first: "
                                     f"{first.get(digest)}); last changed here by {changed.get(name)}")
    print(" ".join(f"{key}={figures[key]}" for key in ("change", "access", "denied", "known", "overlapped", "refused", "mapped", "needless")),
          f"contents={len(contents)} {'unknown' if enforcing else 'stale'}={len(stale)}", " ".join(f"{way}:{n}" for way, n in sorted(ways.items())))
    for text in stale[:10]:
        print(text, file=sys.stderr)
    sys.exit(bool(stale))


if __name__ == "__main__":
    main()
