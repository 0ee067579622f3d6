#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""digestlists.py COMMAND...: the maker of the selftests' lists and metadata, written from the description of the formats and
independently of the module and its tool. The commands are

  make [--algo NAME] META LIST[=KIND:TEXT[,KIND:TEXT]...]...
                                  compact lists of the digests of the texts, and metadata that name them. '@FILE' as TEXT is
                                  the content of a file, '#N.S' stands for N digests that differ from those of another S,
                                  '~N' for N random ones. A LIST without '=' exists already and is only named.
  series DIR COUNT DIGESTS        COUNT compact lists of DIGESTS digests each, DIR/list-N, and the metadata of each,
                                  DIR/meta-N. The digests are those of the texts N.0, N.1, ...
  metadata [--algo NAME] TYPE LIST SIGNATURE [TYPE LIST SIGNATURE]...
                                  prints metadata that name the lists by their digest of that algorithm. TYPE is compact,
                                  rpm, compact16 or tlv; SIGNATURE a file, or - for none.
  signature META                  prints the signature in the first record of metadata
  write NAME                      writes each file that standard input names to the module's file NAME, in one piece, and prints
                                  'PATH good' or 'PATH ERRNO'

Programs that import it have besides: writes to securityfs with their errno and the lines they leave in the kernel log."""

import errno
import hashlib
import os
import struct
import sys

SECFS = os.environ.get("SECFS", "/sys/kernel/security/digest_lists")
KINDS = {"immutable": 0, "mutable": 1, "revoked": 2}
TYPES = ("compact", "rpm", "compact16", "tlv")
ALGOS = {"sha256": 4, "sha384": 5, "sha512": 6}


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


def header_metadata(path, header, signature):
    """Metadata of the header of a package that lies at path in the guest."""
    return record(path.encode(), sha256(header), signature=signature, ref_id=os.path.basename(path).encode(),
                  list_type=TYPES.index("rpm"))


def signature_of(metadata):
    """The signature in the first record of metadata."""
    digest, = struct.unpack_from("<I", metadata, 6)
    start = 10 + digest + 4
    size, = struct.unpack_from("<I", metadata, start - 4)
    return metadata[start:start + size]


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
    import signal  # Here, since most commands have no use for it, and it takes an emulated processor a while.

    fd = os.open(f"{SECFS}/{name}", os.O_WRONLY)
    signal.signal(signal.SIGALRM, no_answer)
    signal.alarm(60)
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
    import re  # As in write().

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


def digests(text, algo):
    """The digests that TEXT of the command line stands for."""
    def digest(data):
        return hashlib.new(algo, data).digest()

    if text.startswith("~"):
        size = hashlib.new(algo).digest_size
        data = os.urandom(int(text[1:]) * size)
        return [data[start:start + size] for start in range(0, len(data), size)]
    if text.startswith("#"):
        count, _, seed = text[1:].partition(".")
        return [digest(f"{seed} {number}".encode()) for number in range(int(count))]
    if text.startswith("@"):
        with open(text[1:], "rb") as file:
            return [digest(file.read())]
    return [digest(text.encode())]


def make(algo, metadata, *arguments):
    paths = []
    for argument in arguments:
        path, made, entries = argument.partition("=")
        paths.append(os.path.abspath(path))
        if made:
            blocks = (entry.partition(":") for entry in entries.split(","))
            save(path, b"".join(block(kind, digests(text, algo)) for kind, _, text in blocks))
    save(metadata, metadata_of(*paths))


def series(_, directory, count, size):
    os.makedirs(directory, exist_ok=True)
    for number in range(int(count)):
        path = save(f"{directory}/list-{number}",
                    block("immutable", [sha256(f"{number}.{i}".encode()) for i in range(int(size))]))
        save(f"{directory}/meta-{number}", metadata_of(path))


def describe(algo, *arguments):
    for kind, path, name in zip(*[iter(arguments)] * 3):
        signature = b""
        if name != "-":
            with open(name, "rb") as file:
                signature = file.read()
        with open(path, "rb") as file:
            digest = hashlib.new(algo, file.read()).digest()
        path = os.path.abspath(path)
        sys.stdout.buffer.write(record(os.fsencode(path), digest, algo=ALGOS[algo], signature=signature,
                                       ref_id=os.fsencode(os.path.basename(path)), list_type=TYPES.index(kind)))


def extract(_, path):
    with open(path, "rb") as file:
        sys.stdout.buffer.write(signature_of(file.read()))


def write_each(_, name):
    for path in sys.stdin.read().splitlines():
        with open(path, "rb") as file:
            error = write(name, file.read())
        print(path, errno.errorcode.get(error, error) if error else "good", flush=True)


def main():
    command, *arguments = sys.argv[1:]
    algo = "sha256"
    if arguments[0] == "--algo":
        algo, arguments = arguments[1], arguments[2:]
    {"make": make, "series": series, "metadata": describe, "signature": extract, "write": write_each}[command](algo, *arguments)


if __name__ == "__main__":
    main()
