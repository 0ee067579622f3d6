# SPDX-License-Identifier: GPL-2.0
"""The raw data of scripts/bench-ima: lines 'KIND key=value...'. Shared by summary.py and plots.py."""

import os


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


class Raw:
    """The lines of one file, and what its comments say."""

    def __init__(self, path):
        self.workload = os.path.basename(path).split(".")[0]
        self.icount = ".icount." in path
        self.lines, self.comments = [], []
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("#"):
                    self.comments.append(line[1:].strip())
                    continue
                kind, *pairs = line.split()
                entry = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                entry["kind"] = kind
                # A clock of instructions goes on while the guest waits for a disk.
                if self.icount and "idle" in entry and "ns" in entry:
                    entry["ns"] = str(int(entry["ns"]) - int(entry["idle"]))
                self.lines.append(entry)

    def select(self, kind="run", **where):
        return [line for line in self.lines
                if line["kind"] == kind and all(line.get(key) == str(value) for key, value in where.items())]

    def values(self, key, kind="run", **where):
        """One number for each round: what stands in the lines of a round is added."""
        rounds = {}
        for line in self.select(kind, **where):
            value = number(line.get(key, ""))
            if value is not None:
                rounds[line["round"]] = rounds.get(line["round"], 0) + value
        return rounds

    def median(self, key, kind="run", **where):
        """The median of the rounds, or None where there is none."""
        return median(self.values(key, kind, **where).values())

    def words(self, key, kind="run"):
        """The values of a key in the order in which they first appear."""
        return list(dict.fromkeys(line[key] for line in self.lines if line["kind"] == kind and key in line))

    def delays(self):
        return sorted(self.words("delay"), key=lambda text: number(text) if number(text) is not None else -1)

    def rounds(self):
        return len(self.words("round"))


def median(values):
    # The build root's Python has no module 'statistics'.
    values = sorted(values)
    if not values:
        return None
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def overhead(raw, case, of="ima", key="ns", **where):
    """(case - none) / (of - none), the median of the rounds."""
    none, ours, theirs = (raw.values(key, case=name, **where) for name in ("none", case, of))
    shares = [(ours[n] - none[n]) / (theirs[n] - none[n]) for n in none
              if n in ours and n in theirs and theirs[n] > none[n]]
    return median(shares)
