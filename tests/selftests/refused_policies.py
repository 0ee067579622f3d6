#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""refused_policies.py DIR: writes policies that are wrong in every way to policy; prints a line for each as
digestlists.refuse_all() does."""

import errno as e
import re
import sys

from digestlists import refuse_all, save

RULE = "measure func=BPRM_CHECK"

# title, errno, line, column, word that the reason names, text
WORDS = [
    ("an action that the language does not have", e.EINVAL, 1, 1, "measur", "measur func=BPRM_CHECK"),
    ("an option that the language does not have", e.EINVAL, 1, 9, "path=/bin", "measure path=/bin"),
    ("a rule without an action", e.EINVAL, 1, 1, "func=BPRM_CHECK", "func=BPRM_CHECK"),
    ("an option without a value", e.EINVAL, 1, 9, "func=", "measure func="),
    ("a function that the language does not have", e.EINVAL, 1, 9, "func=EXEC", "measure func=EXEC"),
    ("a mask that does not exist", e.EINVAL, 1, 25, "mask=MAY_LINK", f"{RULE} mask=MAY_LINK"),
    ("a user that is no number", e.EINVAL, 1, 25, "uid=root", f"{RULE} uid=root"),
    ("a user beyond 32 bits", e.EINVAL, 1, 25, "uid=4294967296", f"{RULE} uid=4294967296"),
    ("a negative user", e.EINVAL, 1, 25, "uid=-1", f"{RULE} uid=-1"),
    ("a user with no operator", e.EINVAL, 1, 25, "uid", f"{RULE} uid"),
    ("a file system that is no number", e.EINVAL, 1, 25, "fsmagic=tmpfs", f"{RULE} fsmagic=tmpfs"),
    ("an order on file systems", e.EINVAL, 1, 25, "fsmagic<5", f"{RULE} fsmagic<5"),
    ("a UUID that is too short", e.EINVAL, 1, 25, "fsuuid=1234", f"{RULE} fsuuid=1234"),
    ("digest_list with a value", e.EINVAL, 1, 25, "digest_list=1", f"{RULE} digest_list=1"),
    ("a control character", e.EINVAL, 1, 9, "", "measure fsname=a\x01b"),
    ("a NUL", e.EINVAL, 1, 9, "", f"{RULE}\0"),
    ("an error in the last line of many", e.EINVAL, 4, 9, "func=X", f"{RULE}\n# comment\n\nmeasure func=X"),
    ("an error behind blanks", e.EINVAL, 1, 12, "func=X", "  measure \tfunc=X"),
    ("two actions", e.EDOM, 1, 9, "dont_measure", "measure dont_measure func=BPRM_CHECK"),
    ("an option twice", e.EDOM, 1, 25, "func=MMAP_CHECK", f"{RULE} func=MMAP_CHECK"),
    ("uid and euid in one rule", e.EDOM, 1, 31, "euid=0", f"{RULE} uid=0 euid=0"),
    ("keyrings where no key is checked", e.EDOM, 1, 25, "keyrings=k", f"{RULE} keyrings=k"),
    ("a label where no data is checked", e.EDOM, 1, 25, "label=modules", f"{RULE} label=modules"),
    ("a label whose data never come", e.EOPNOTSUPP, 1, 28, "label=selinux", "measure func=CRITICAL_DATA label=selinux"),
    ("the PCR of IMA", e.EBUSY, 0, 0, "", f"{RULE} pcr=10"),
    ("a PCR of the firmware", e.EBUSY, 0, 0, "", f"{RULE} pcr=7"),
    ("a PCR that nobody can extend", e.EADDRNOTAVAIL, 0, 0, "", f"{RULE} pcr=17"),
    ("dont_measure with digest_list", e.EDOM, 1, 30, "digest_list", "dont_measure func=BPRM_CHECK digest_list"),
]
FUNCS = ["KEXEC_CMDLINE", "SETXATTR_CHECK"]
OPTIONS = ["template=ima", "template=ima-modsig", "template=evm-sig"]


def at(line, column, word=""):
    if line == 0:
        return "this PCR"
    return f"^policy: line {line}, column {column}: .*{re.escape(word)}"


def cases(where):
    for title, errno, line, column, word, text in WORDS:
        yield title, errno, at(line, column, word), f"{text}\n".encode()
    sigv3 = "appraise_type=sigv3"
    yield f"{sigv3}, by its name", e.EOPNOTSUPP, at(1, 26, sigv3), f"appraise func=BPRM_CHECK {sigv3}\n".encode()
    for func in FUNCS:
        yield f"func={func}, by its name", e.EOPNOTSUPP, at(1, 9, f"func={func}"), f"measure func={func}\n".encode()
    for option in OPTIONS:
        yield f"{option}, by its name", e.EOPNOTSUPP, at(1, 25, option), f"{RULE} {option}\n".encode()

    yield "a line longer than 4095 bytes", e.EFBIG, at(2, 1), f"{RULE}\n#{'x' * 4095}\n".encode()
    yield "bytes that are not UTF-8", e.EILSEQ, at(2, 16), f"{RULE}\nmeasure fsname=".encode() + b"\xff\n"
    large = save(f"{where}/large-policy", f"{RULE}\n".encode() * 45000)
    yield "a path to a policy larger than 1 MiB", e.EFBIG, "1 MiB that a policy may have", large.encode()
    yield "a policy larger than 1 MiB", e.EFBIG, "", f"{RULE}\n".encode() * 45000
    yield "a path to no file", e.ENOENT, "cannot read .* \\(-2\\)", f"{where}/missing".encode()
    yield "a path to a directory", e.EINVAL, "cannot read .* \\(-22\\)", where.encode()
    bad = save(f"{where}/bad", f"{RULE}\nmeasure func=X\n".encode())
    yield "a path to a bad policy", e.EINVAL, at(2, 9, "func=X"), bad.encode()


if __name__ == "__main__":
    refuse_all("policy", ["policy", "runtime_measurements_count"], cases(sys.argv[1]))
