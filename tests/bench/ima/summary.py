#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
summary.py RAW...: tables, in Markdown, of what scripts/bench-ima measured; the medians of the rounds.

summary.py --page PAGE RAW...: puts each table in its place in PAGE, between the lines '<!-- table: NAME -->' and '<!-- end -->',
and prints the page. NAME is the raw file's, without '.raw'.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from raw import Raw, number, overhead  # noqa: E402

# The most that the module with lists may take of IMA's overhead in the workload 'cache', with a TPM of 5.8 ms.
AIM = "1.5 %"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def show(value, scale=1.0, digits=2):
    return "–" if value is None else f"{value / scale:,.{digits}f}"


def share(value):
    return "–" if value is None else f"{100 * value:.1f} %"


def latency(delay):
    return "none" if delay == "none" else f"{delay} ms"


def by_latency(raw, cases, **where):
    """Seconds or instructions of each case by the TPM's latency, with the records, and our share of IMA's overhead."""
    unit, scale = ("10⁹ instr.", 1e9) if raw.icount else ("s", 1e9)
    head = ["TPM"] + [f"{case}, {unit}" for case in cases] + [f"records: {case}" for case in cases[1:]] + ["known of IMA's"]
    rows = []
    for delay in raw.delays():
        row = [latency(delay)]
        row += [show(raw.median("ns", case=case, delay=delay, **where), scale) for case in cases]
        row += [show(raw.median("records", case=case, delay=delay, **where), 1, 0) for case in cases[1:]]
        rows.append(row + [share(overhead(raw, "known", delay=delay, **where))])
    return table(head, rows)


def cache(raw):
    yield from by_latency(raw, ("none", "known", "unknown", "ima"), tasks="1")
    yield ""
    for delay in raw.delays():
        tasks = [f"{case} {show(raw.median('ns', case=case, delay=delay, tasks='4'), 1e9)}"
                 for case in ("none", "known", "unknown") if raw.select(case=case, delay=delay, tasks="4")]
        yield f"- {latency(delay)}: loading 303 lists: {show(raw.median('ns', case='load', delay=delay), 1e6, 0)} " \
              f"{'million instructions' if raw.icount else 'ms'}, " \
              f"{show(raw.median('records', case='load', delay=delay), 1, 0)} record" + \
              (f"; with four tasks {', '.join(tasks)}" if tasks else "")


def executables(raw):
    return by_latency(raw, ("none", "known", "unknown", "ima"))


def build(raw):
    return by_latency(raw, ("none", "known", "unknown", "ima"))


def load(raw):
    rows = []
    for delay in raw.delays():
        for case in raw.words("case"):
            where = {"case": case, "delay": delay}
            memory, digests = raw.median("bytes", "memory", **where), raw.median("digests", "memory", **where)
            rows.append([latency(delay), case, show(raw.median("ns", **where), 1e6, 0),
                         show(raw.median("records", **where), 1, 0), show(digests, 1, 0),
                         show(memory and memory / digests, 1, 1)])
    return table(["TPM", "how", "million instr." if raw.icount else "ms", "records", "digests", "bytes a digest"], rows)


def boot(raw):
    rows = []
    for delay in raw.delays():
        for case in raw.words("case"):
            where = {"case": case, "delay": delay}
            if not raw.select(**where):
                continue
            of_ima = None
            if case != "none" and not case.startswith("ima"):
                of_ima = raw.median("extends", case="ima-tcb" if case.startswith("tcb") else "ima-exec_tcb")
            extends = raw.median("extends", **where)
            rows.append([latency(delay), case, show(raw.median("ns", **where), 1e9, 0),
                         show(raw.median("records", **where), 1, 0), show(extends, 1, 0),
                         share(of_ima and extends / of_ima), show(raw.median("hashed", **where), 2**20, 1),
                         show(raw.median("hash_us", **where), 1e6, 1), show(raw.median("tpm_us", **where), 1e6, 1)])
    return table(["TPM", "case", "10⁹ instr." if raw.icount else "s", "records", "extends", "of IMA's", "hashed, MiB",
                  "hashing, s", "TPM, s"], rows)


def containers(raw):
    cases = raw.words("case")
    rows = []
    for delay in raw.delays():
        for phase in raw.words("phase"):
            row = [latency(delay), phase]
            for case in cases:
                where = {"case": case, "delay": delay, "phase": phase}
                starts = number(raw.select(**where)[0]["starts"]) if raw.select(**where) else 1
                value = raw.median("ns", **where)
                row.append("–" if value is None else
                           f"{value / starts / 1e6:,.1f} ({show(raw.median('records', **where), 1, 0)})")
            rows.append(row)
    unit = "million instr." if raw.icount else "ms"
    yield f"A start in {unit}, and the records of all starts of the row."
    yield ""
    yield from table(["TPM", "starts"] + list(cases), rows)
    for line in raw.select("note"):
        yield ""
        yield f"fapolicyd, TPM {latency(line['delay'])}: a changed program in a new container: {line['changed']}; " \
              f"3 s after the mount: {line['after_3_s']}."


def appraise(raw):
    unit, scale = ("thousand instr.", 1e3) if raw.icount else ("µs", 1e3)
    rows = []
    for case in raw.words("case"):
        if case == "prepare":
            continue
        files = number(raw.select(case=case)[0]["files"])
        first, second = (raw.median("ns", case=case, **{"pass": str(n)}) for n in (1, 2))
        prepare = raw.values("ns", case="prepare", of=case)
        made = sorted(prepare.values())[len(prepare) // 2] / files if prepare else None
        rows.append([case, show(first / files, scale, 0), show(second / files, scale, 0), show(made, scale, 0)])
    return table(["case", f"a file, first, {unit}", "a file, cold caches again", "signing or hashing a file"], rows)


def records(raw):
    unit, scale = ("thousand instr.", 1e3) if raw.icount else ("µs", 1e3)
    seconds = "10⁹ instr." if raw.icount else "s"
    rows = []
    for case in raw.words("case"):
        parts = {}
        for line in raw.select(case=case):
            parts.setdefault(int(line["part"]), []).append(number(line["ns"]) / number(line["files"]))
        middle = {part: sorted(values)[len(values) // 2] for part, values in parts.items()}
        memory = [line for line in raw.select("memory", case=case)]
        lists = [line for line in raw.select("list", case=case)]
        grown = None
        if len(memory) > 1:
            # Between the first part and the last: what is there once does not count.
            grown = (number(memory[-1]["bytes"]) - number(memory[0]["bytes"])) / \
                (number(memory[-1]["records"]) - number(memory[0]["records"]))
        last = lists[-1] if lists else {}
        rows.append([case, show(number(last.get("records", "")), 1, 0), show(middle[1], scale), show(middle[10], scale),
                     show(middle.get(11), scale), show(grown, 1, 0), show(number(last.get("bytes", "")), 2**20, 1),
                     show(number(last.get("binary_ns", "")), 1e9), show(number(last.get("ascii_ns", "")), 1e9)])
    return table(["case", "records", f"a file, first tenth, {unit}", "last tenth", "while a task reads the list",
                  "bytes a record", "binary list, MiB", f"reading it, {seconds}", f"ASCII, {seconds}"], rows)


def rules(raw):
    rows = []
    for operation in raw.words("operation"):
        row = [operation]
        for case in ("none", "known", "ima"):
            for count in raw.words("rules"):
                if case == "none" and count != "1":
                    continue
                where = {"operation": operation, "case": case, "rules": count}
                calls = number(raw.select(**where)[0]["count"]) if raw.select(**where) else 1
                value = raw.median("ns", **where)
                row.append("–" if value is None else show(value / calls, 1, 0))
        rows.append(row)
    return table(["operation, instructions", "none", "module, 1 rule", "module, 1,000", "IMA, 1 rule", "IMA, 1,000"], rows)


def profile(raw):
    """By function: instructions a file, of what is over 'none' in one of the cases."""
    cases = [case for case in ("none", "known", "unknown", "again", "ima") if raw.select("profile", case=case)]
    samples = {}
    for case in cases:
        for line in raw.select("profile", case=case):
            # A sample is 20 microseconds of a clock that counts an instruction a nanosecond.
            key = line["module"], line["function"].split(".")[0]
            samples.setdefault(key, {}).setdefault(case, 0)
            samples[key][case] += number(line["samples"]) * 20000 / number(line["files"]) / raw.rounds()
    totals = {case: sum(of.get(case, 0) for of in samples.values()) for case in cases}
    rows = [["**all**", ""] + [show(totals[case], 1, 0) for case in cases]]

    def more(of):
        return max(of.get(case, 0) - of.get("none", 0) for case in cases[1:])

    for (module, function), of in sorted(samples.items(), key=lambda item: -more(item[1]))[:24]:
        if function.startswith("_R"):
            function = shorten(function)
        rows.append([f"`{function}`", module] + [show(of.get(case, 0), 1, 0) for case in cases])
    return table(["function", "of"] + [f"{case}" for case in cases], rows)


def shorten(name):
    """The path in a mangled name of Rust (v0), without the crate; generic arguments are left out."""
    parts, at = [], 2
    while at < len(name):
        if name[at].isdigit():
            length = re.match("[0-9]+", name[at:]).group()
            at += len(length)
            at += name[at:at + 1] == "_"
            parts.append(name[at:at + int(length)])
            at += int(length)
        elif name[at] in "Bs":
            # A reference to what stood before, or a number that tells equal names apart.
            at = name.index("_", at) + 1
        else:
            at += 1
    if name.startswith("_RI"):
        parts = parts[:name[:name.index("C")].count("N") + 1]
    return "::".join(parts[1:] if parts[-1:] != ["main"] else parts[1:-1])


TABLES = {name: globals()[name] for name in
          ("cache", "executables", "load", "boot", "containers", "build", "appraise", "records", "rules", "profile")}


def main():
    arguments = sys.argv[1:]
    page = None
    if arguments[:1] == ["--page"]:
        page = open(arguments[1], encoding="utf-8").read()
        arguments = arguments[2:]
    for path in arguments:
        raw = Raw(path)
        text = "\n".join(TABLES[raw.workload](raw))
        name = os.path.basename(path).removesuffix(".raw")
        if page is None:
            print(f"\n{name}, {raw.rounds()} rounds\n\n{text}")
            continue
        start, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        if start not in page:
            sys.exit(f"summary.py: the page has no place for {name}: a line {start.strip()}")
        before, _, rest = page.partition(start)
        page = before + start + "\n" + text + "\n\n" + end + rest.partition(end)[2]
    if page is not None:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
