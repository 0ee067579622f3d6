#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
"""ipe_policies.py: what IPE's unit tests try with policies of IPE, in the language of IMA, as far as it has the like. Each
text is written to the policy of the module, and to that of IMA if that can be written: IMA is made to forget what it
could parse. Prints NAME<TAB>PROBLEM for both, with an empty problem where they take and refuse what the table says."""

import errno
import os

from digestlists import read, write

IMA = "/sys/kernel/security/ima/policy"
RULE = b"measure func=BPRM_CHECK"
TAKEN, REFUSED = True, False

# IPE's name of the case, what IMA does, what the module does, text
CASES = [
    ("basic", TAKEN, TAKEN, RULE),
    ("trailing comment", TAKEN, TAKEN, RULE + b" #This is comment\n"),
    ("trailing newline", TAKEN, TAKEN, RULE + b"\n\n"),
    ("clrf newline", REFUSED, REFUSED, RULE + b"\r\n"),
    ("various whitespaces", TAKEN, TAKEN, b"     \t     measure \t    func=BPRM_CHECK     uid=0\t\n# this is a\tcomment\t\t\n"),
    ("negative version", REFUSED, REFUSED, RULE + b" uid=-1\n"),
    ("special characters", TAKEN, TAKEN, RULE + b" fsname=$@!*&^%\\:;{}()\n"),
    ("overflow version", REFUSED, REFUSED, RULE + b" uid=4294967296\n"),
    ("incomplete version", REFUSED, REFUSED, RULE + b" fsuuid=28b23254-9467-44c0-b6ba\n"),
    ("extra version", TAKEN, REFUSED, RULE + b" fsuuid=28b23254-9467-44c0-b6ba-34b12e85a26f-00\n"),
    ("random null", REFUSED, REFUSED, RULE + b"\0uid=0\n"),
    ("null truncates policy", REFUSED, REFUSED, RULE + b"\n\0garbage\n"),
    ("invalid property type", REFUSED, REFUSED, RULE + b" mask=abc\n"),
    ("missing policy header", REFUSED, REFUSED, b"func=BPRM_CHECK\n"),
    ("rule ordering", TAKEN, TAKEN, b"uid=0 func=BPRM_CHECK measure\n"),
    ("unknown operation", REFUSED, REFUSED, b"measure func=UNKNOWN\n"),
    ("missing space", REFUSED, REFUSED, b"measurefunc=BPRM_CHECK\n"),
    ("expanded ascii", TAKEN, REFUSED, RULE + b" fsname=test\xff\xef\n"),
    ("invalid property value", REFUSED, REFUSED, RULE + b" fsmagic=GOOD_DOG\n"),
    ("double header", REFUSED, REFUSED, b"measure measure func=BPRM_CHECK\n"),
    ("double default", TAKEN, TAKEN, RULE + b"\n" + RULE + b"\n"),
    ("double operation default", REFUSED, REFUSED, RULE + b" func=MMAP_CHECK\n"),
    ("invalid action value", REFUSED, REFUSED, b"measur func=BPRM_CHECK\n"),
    ("invalid action value (2)", REFUSED, REFUSED, b"measure func\n"),
    ("unrecognized statement", REFUSED, REFUSED, b"UNKNOWN value=true\n"),
    ("old-style digest", REFUSED, REFUSED,
     b"appraise func=BPRM_CHECK appraise_algos=1c0d7ee1f8343b7fbe418378e8eb22c061d7dec7\n"),
    ("wide string", REFUSED, REFUSED, RULE.decode().encode("utf-16-le")),
]


def ima_takes(text):
    fd = os.open(IMA, os.O_WRONLY)
    taken = True
    try:
        while text:
            text = text[os.write(fd, text):]
    except OSError:
        taken = False
    try:
        os.write(fd, b"no rule\n")
    except OSError:
        pass
    os.close(fd)
    return taken


def main():
    for name, ima, module, text in CASES:
        problem = ""
        if os.path.exists(IMA):
            problem = "" if ima_takes(text) == ima else f"it is {'refused' if ima else 'taken'}"
        print(f"{name}: IMA {'takes' if ima else 'refuses'} it\t{problem}")
        before = read("policy")
        got = write("policy", text)
        problems = []
        if (got == 0) != module:
            problems.append(errno.errorcode.get(got, str(got)) if got else "it is taken")
        if got and read("policy") != before:
            problems.append("the policy changed")
        print(f"{name}: the module {'takes' if module else 'refuses'} it\t{'; '.join(problems)}", flush=True)


if __name__ == "__main__":
    main()
