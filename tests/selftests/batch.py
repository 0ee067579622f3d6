#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""batch.py names LIST: prints, for each record of a binary measurement list, its template and the names of its events; a
batch has several. Written from Documentation/formats.md, independently of the module.

batch.py open FILE...: a process for each file opens it, all at the same moment, and says if it cannot.
"""

import hashlib
import multiprocessing
import os
import struct
import sys

from replay import records


def checked(image):
    """The PCR, template and data of each record."""
    for pcr, digest, name, data in records(image):
        if digest != bytes(20) and digest != hashlib.sha1(data).digest():
            sys.exit(f"a record whose template digest is not that of its data: {name}")
        yield pcr, name.decode(), data


def event(data):
    fields = []
    while data:
        size, = struct.unpack_from("<I", data)
        fields.append(data[4:4 + size])
        data = data[4 + size:]
    return fields[1].rstrip(b"\0").decode()


def names(path):
    with open(path, "rb") as file:
        image = file.read()
    for pcr, template, data in checked(image):
        if template != "digest-batch":
            print(template, event(data))
            continue
        members = list(checked(data))
        if not 2 <= len(members) <= 64 or any(member[0] != pcr for member in members):
            sys.exit("not a batch")
        print(template, *(event(member[2]) for member in members))


def use(barrier, path):
    barrier.wait()
    os.close(os.open(path, os.O_RDONLY))


def main():
    if sys.argv[1] == "names":
        return names(sys.argv[2])
    barrier = multiprocessing.Barrier(len(sys.argv) - 2)
    tasks = [multiprocessing.Process(target=use, args=(barrier, path)) for path in sys.argv[2:]]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    return any(task.exitcode for task in tasks)


if __name__ == "__main__":
    sys.exit(main())
