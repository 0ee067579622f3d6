#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""seen.py LIST...: for each compact list file, the positions of the digests that known_files_seen on standard input says
were found, one line per list. Positions count from 0 in the order of the file if all entries are of one kind.

seen.py --longest DIR COUNT COMMAND...: opens the files below DIR over and over, at least COUNT times and until the command
has ended, and prints how often, and the longest time that one open took before and while the command ran, in microseconds.
"""

import hashlib
import os
import re
import subprocess
import sys
import time

LINE = re.compile(r"sha256:([0-9a-f]{64}) (0|[1-9][0-9]*) ((?:[0-9a-f]{2})*)\n")


def positions(paths):
    text = sys.stdin.read()
    lists = {}
    end = 0
    for match in LINE.finditer(text):
        assert match.start() == end, f"no line at {end}"
        end = match.end()
        bits = int.from_bytes(bytes.fromhex(match[3]), "little")
        assert len(match[3]) == 2 * ((int(match[2]) + 7) // 8) and bits >> int(match[2]) == 0, match[0]
        lists[match[1]] = [n for n in range(int(match[2])) if bits >> n & 1]
    assert end == len(text), f"no line at {end}"
    for path in paths:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        print(*lists[digest] if digest in lists else ["none"])


def longest(directory, count, command):
    files = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]

    def opens(until):
        most, done = 0, 0
        while not until(done):
            before = time.perf_counter_ns()
            os.close(os.open(files[done % len(files)], os.O_RDONLY))
            most = max(most, time.perf_counter_ns() - before)
            done += 1
        return done, most // 1000

    quiet = opens(lambda done: done >= count)
    with subprocess.Popen(command) as process:
        busy = opens(lambda done: process.poll() is not None if done % 64 == 0 else False)
    print(f"{quiet[0]} opens before: longest {quiet[1]} us; {busy[0]} meanwhile: longest {busy[1]} us")
    return process.returncode


if __name__ == "__main__":
    if sys.argv[1] == "--longest":
        sys.exit(longest(sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
    positions(sys.argv[1:])
