#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""summary.py RAW UNIT: medians, quartiles and ratios of what tests/bench/guest/run.sh printed."""

import collections
import sys

# All are compared with 'none', the case of the same round without a module and without a policy of IMA.
CASES = ("none", "loaded", "other", "module", "ima-other", "ima", "both")
# The most that 'module' may take of 'none', and of the overhead of 'ima'.
TARGETS = {"open": 1.05, "map": 1.02, "exec": 1.02}
SHARE = 1 / 3


def quartiles(values):
    """The lower quartile, the median and the upper quartile. The build root's Python has no module 'statistics'."""
    values = sorted(values)

    def at(share):
        low, rest = divmod(share * (len(values) - 1), 1)
        high = min(int(low) + 1, len(values) - 1)
        return values[int(low)] * (1 - rest) + values[high] * rest

    return at(0.25), at(0.5), at(0.75)


def main():
    unit = sys.argv[2]
    values = collections.defaultdict(dict)
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            fields = line.split()
            # Between them may be what the tools say.
            if len(fields) == 5 and fields[2] in TARGETS:
                number, case, operation, count, ns = fields
                values[operation, case][int(number)] = int(ns) / int(count)
    for operation, target in TARGETS.items():
        base = values[operation, "none"]
        print(f"\n{operation}: {unit} per operation, {len(base)} rounds; compared with 'none'")
        print(f"  {'case':10} {'median':>9} {'quartiles':>19} {'more by':>9} {'ratio':>7} {'quartiles':>15}")
        more, ratio = {}, {}
        for case in CASES:
            rounds = values[operation, case]
            low, median, high = quartiles(rounds.values())
            more[case] = quartiles(rounds[n] - base[n] for n in base)[1]
            ratio_low, ratio[case], ratio_high = quartiles(rounds[n] / base[n] for n in base)
            print(f"  {case:10} {median:9.0f} {low:9.0f} {high:9.0f} {more[case]:9.0f} {ratio[case]:7.3f} "
                  f"{ratio_low:7.3f} {ratio_high:7.3f}")
        share = more["module"] / more["ima"]
        print(f"  ratio {ratio['module']:.3f}, aim {target}: {'met' if ratio['module'] <= target else 'missed'}; "
              f"overhead {share:.2f} of IMA's, aim {SHARE:.2f}: {'met' if share <= SHARE else 'missed'}")


if __name__ == "__main__":
    main()
