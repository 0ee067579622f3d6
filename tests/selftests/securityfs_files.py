#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""
Opens files of securityfs when they come and go.

    securityfs_files.py hold DIRECTORY FLAG    takes hold of every file (O_PATH), creates FLAG, and when that is gone again
                                               prints how opening them ends: the errnos, each once
    securityfs_files.py hunt DIRECTORY FLAG    opens and reads whatever is there, by name and by O_PATH, while FLAG exists;
                                               prints how often it could, and the errnos of failures, each once
"""
import errno
import os
import sys
import time

ENTER = "/proc/self/fd/"


def names(directory):
    try:
        return [os.path.join(directory, name) for name in os.listdir(directory)]
    except FileNotFoundError:
        return []


def attempt(path, errors):
    """Opens the file and reads from it. A file that is only to be written opens for that."""
    try:
        flags = os.O_RDONLY if os.stat(path).st_mode & 0o400 else os.O_WRONLY
        fd = os.open(path, flags)
    except OSError as e:
        errors.add(errno.errorcode[e.errno])
        return 0
    try:
        if flags == os.O_RDONLY:
            os.read(fd, 4096)
    finally:
        os.close(fd)
    return 1


def hold(directory, flag):
    fds = [os.open(path, os.O_PATH) for path in names(directory)]
    open(flag, "w").close()
    while os.path.exists(flag):
        time.sleep(0.1)
    errors = set()
    opened = sum(attempt(f"{ENTER}{fd}", errors) for fd in fds)
    print(f"{len(fds) > 0} {opened} {' '.join(sorted(errors))}")


def hunt(directory, flag):
    opened = 0
    errors = set()
    while os.path.exists(flag):
        for path in names(directory):
            opened += attempt(path, errors)
            try:
                fd = os.open(path, os.O_PATH)
            except FileNotFoundError:
                continue
            opened += attempt(f"{ENTER}{fd}", errors)
            os.close(fd)
    print(opened, " ".join(sorted(errors)))


{"hold": hold, "hunt": hunt}[sys.argv[1]](*sys.argv[2:])
