#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""map_file.py exec|read FILE: maps a file, executable or not."""

import mmap
import os
import sys

prot = mmap.PROT_READ | (mmap.PROT_EXEC if sys.argv[1] == "exec" else 0)
mmap.mmap(os.open(sys.argv[2], os.O_RDONLY), 4096, flags=mmap.MAP_PRIVATE, prot=prot)
