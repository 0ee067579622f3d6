#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""summary.py RAW: the medians of what scripts/bench-ima measured, and our overhead as a share of IMA's."""

import collections
import sys

CASES = ("none", "known", "unknown", "ima")
# The most that the module with lists may take of IMA's overhead, with a TPM of 5.8 ms.
AIM = 1.5


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def main():
    passes = collections.defaultdict(dict)
    loads = []
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            number, kind, *fields = line.split()
            if kind == "load":
                loads.append(int(fields[2]))
                continue
            ms, case, tasks, part, nanoseconds, records = fields
            passes[float(ms), int(tasks), case].setdefault(int(number), {})[int(part)] = (int(nanoseconds), int(records))
    print("seconds for 2 x 20,000 reads of 12,312 files, cold caches, and records of files; medians of the rounds")
    print(f"{'TPM':>8} {'tasks':>5} " + " ".join(f"{case:>9} {'rec.':>6}" for case in CASES) + f" {'of IMA':>8}")
    for ms, tasks in sorted({(ms, tasks) for ms, tasks, _ in passes}):
        rounds = passes[ms, tasks, "none"]
        cells = []
        total = {}
        for case in CASES:
            of_case = passes[ms, tasks, case]
            total[case] = {number: sum(one[0] for one in of_case[number].values()) / 1e9 for number in rounds}
            records = median([max(one[1] for one in of_case[number].values()) for number in rounds])
            cells.append(f"{median(total[case].values()):9.2f} {records:6.0f}")
        # IMA records a file once in a boot: the run with one task is its first.
        share = ""
        if tasks == 1:
            shares = [100 * (total["known"][n] - total["none"][n]) / (total["ima"][n] - total["none"][n]) for n in rounds]
            share = f"{median(shares):7.2f}%"
            if ms == 5.8:
                share += f" (aim {AIM}%)"
        print(f"{ms:5} ms {tasks:5} " + " ".join(cells) + f" {share}")
    print(f"loading 303 lists of 12,312 digests: {median(loads) / 1e6:.0f} ms")


if __name__ == "__main__":
    main()
