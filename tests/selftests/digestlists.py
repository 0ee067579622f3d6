# SPDX-License-Identifier: GPL-2.0
"""What the selftests' Python programs share: the formats of lists and metadata, written from their description and
independently of the module and its tool, and writes to securityfs with their errno and the lines they leave in the
kernel log."""

import errno
import hashlib
import os
import re
import signal
import struct

SECFS = os.environ.get("SECFS", "/sys/kernel/security/digest_lists")
KINDS = {"immutable": 0, "mutable": 1, "revoked": 2}


def sha256(data):
    return hashlib.sha256(data).digest()


def block(kind, digests):
    """One block of a compact list."""
    data = b"".join(digests)
    return struct.pack("<HII", KINDS.get(kind, kind), len(digests), len(data)) + data


def field(data):
    return struct.pack("<I", len(data)) + data


def body(path, digest, algo=4, signature=b"", ref_id=b"ref", list_type=0, nul=b"\0"):
    """A record of metadata without its length."""
    return (struct.pack("<H", algo) + field(digest) + field(signature) + field(path + nul) + field(ref_id) +
            struct.pack("<H", list_type))


def record(path, digest, **fields):
    return field(body(path, digest, **fields))


def metadata_of(*paths, list_type=0):
    """Metadata of list files; the reference is the name of the file."""
    out = b""
    for path in paths:
        with open(path, "rb") as file:
            out += record(path.encode(), sha256(file.read()), ref_id=os.path.basename(path).encode(),
                          list_type=list_type)
    return out


def save(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


class KernelLog:
    """The module's lines in the kernel log."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def new_lines(self):
        """(level, text) of each line since the last call."""
        lines = []
        while True:
            try:
                message = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return lines
            except BrokenPipeError:
                continue
            head, _, text = message.partition(";")
            text = text.split("\n")[0]
            if text.startswith("digest_lists: "):
                lines.append((int(head.split(",")[0]) & 7, text[len("digest_lists: "):]))


def no_answer(_signal, _frame):
    raise TimeoutError(errno.ETIMEDOUT, "no answer")


def write(name, data):
    """Writes data to a file of the module in one piece; the errno, or 0. ETIMEDOUT where the kernel takes too long."""
    fd = os.open(f"{SECFS}/{name}", os.O_WRONLY)
    signal.signal(signal.SIGALRM, no_answer)
    signal.alarm(10)
    try:
        return 0 if os.write(fd, data) == len(data) else -1
    except OSError as error:
        return error.errno
    finally:
        signal.alarm(0)
        os.close(fd)


def read(name):
    with open(f"{SECFS}/{name}", "rb") as file:
        return file.read()


def refuse_all(name, unchanged, cases):
    """Writes each case (title, wanted errno, pattern of the reason, data) to the file and prints 'TITLE<TAB>PROBLEM', with an
    empty problem where it was refused as it should be: with that errno, one line in the kernel log that matches, and
    the files in unchanged as before."""
    try:
        tried(name, unchanged, cases)
    except Exception as error:
        print(f"every case of {name} can be tried\t{error!r}")


def tried(name, unchanged, cases):
    """What refuse_all() does, without its last line should it fail itself."""
    log = KernelLog()
    for title, wanted, reason, data in cases:
        before = [read(file) for file in unchanged]
        log.new_lines()
        got = write(name, data)
        lines = log.new_lines()
        problems = []
        if got != wanted:
            problems.append(f"errno {got}, not {wanted}")
        for file, old in zip(unchanged, before):
            if read(file) != old:
                problems.append(f"{file} changed")
        if [level for level, _ in lines] != [3] or not re.search(reason, lines[0][1]):
            problems.append(f"log {lines}, not one error like '{reason}'")
        print(f"{title}\t{'; '.join(problems)}", flush=True)
