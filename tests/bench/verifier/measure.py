#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""measure.py NAME MACHINES COMMAND...: runs the command, and prints a line of what it took.

Its output goes to standard error, if it is not trusted to be of no interest: the last line only.
"""

import resource
import subprocess
import sys
import time

name, machines, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
before = time.monotonic()
ran = subprocess.run(command, stdout=subprocess.PIPE, check=False)
wall = time.monotonic() - before
used = resource.getrusage(resource.RUSAGE_CHILDREN)
processor = used.ru_utime + used.ru_stime
last = ran.stdout.decode().splitlines()[-1:]
print(f"status {ran.returncode}: {''.join(last)}", file=sys.stderr)
print(
    f"{name} machines={machines} wall={wall:.3f} user={used.ru_utime:.3f} system={used.ru_stime:.3f} "
    f"per_second_and_core={machines / processor:.0f} memory_kib={used.ru_maxrss} status={ran.returncode}",
    flush=True,
)
