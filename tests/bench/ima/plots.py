#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""plots.py DIRECTORY RAW...: draws what scripts/bench-ima measured, the medians of the rounds: DIRECTORY/NAME.svg."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from raw import Raw, number  # noqa: E402

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 70, 150, 40, 50
COLOURS = {"none": "#9e9e9e", "known": "#2e7d32", "module": "#2e7d32", "unknown": "#f9a825", "ima": "#1565c0",
           "appraise": "#00897b", "fapolicyd": "#8e24aa", "load": "#5d4037", "ima-rsa": "#1e88e5", "ima-ec": "#0d47a1"}
OTHERS = ["#6d4c41", "#ef6c00", "#00838f", "#ad1457", "#558b2f", "#4527a0"]


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def colour(name, position):
    return COLOURS.get(name, OTHERS[position % len(OTHERS)])


def steps(top):
    """Round numbers from 0 to at least top."""
    size = 1.0
    while size * 5 < top:
        size *= 10
    while size * 5 > top * 10:
        size /= 10
    for part in (0.1, 0.2, 0.5, 1, 2):
        if size * part * 8 >= top:
            break
    marks = [0.0]
    while marks[-1] < top:
        marks.append(marks[-1] + size * part)
    return marks


class Drawing:
    """A plot with a vertical axis from 0 to 'top'."""

    def __init__(self, title, unit, top):
        self.marks = steps(top or 1)
        self.parts = []
        self.legend = 0
        self.text(LEFT, 20, title, "start", 14)
        self.text(LEFT - 8, TOP - 8, unit, "end")
        for mark in self.marks:
            y = self.y(mark)
            self.parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>')
            self.text(LEFT - 8, y + 4, f"{mark:,.10g}", "end")

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.marks[-1] * (HEIGHT - BOTTOM - TOP)

    def text(self, x, y, text, anchor="middle", size=12):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>')

    def name(self, name, fill):
        y = TOP + 10 + 20 * self.legend
        self.legend += 1
        self.parts.append(f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 10}" width="12" height="12" fill="{fill}"/>')
        self.text(WIDTH - RIGHT + 34, y, name, "start")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('<?xml version="1.0" encoding="UTF-8"?>\n'
                       "<!-- SPDX-License-Identifier: GPL-2.0. Made by scripts/performance from the raw data; "
                       "do not change this file. -->\n"
                       f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                       'font-family="sans-serif">\n'
                       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def bars(title, unit, groups, series):
    """series: for each name, a value (or None) for each group."""
    drawing = Drawing(title, unit, max((value or 0 for values in series.values() for value in values), default=1))
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    one = width * 0.84 / len(series)
    for position, (name, values) in enumerate(series.items()):
        fill = colour(name, position)
        drawing.name(name, fill)
        for group, value in enumerate(values):
            if value is None:
                continue
            x, y = LEFT + group * width + width * 0.08 + position * one, drawing.y(value)
            drawing.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{one * 0.92:.1f}" '
                                 f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{fill}"><title>{escape(name)}: {value:,.4g}'
                                 "</title></rect>")
    for group, text in enumerate(groups):
        drawing.text(LEFT + (group + 0.5) * width, HEIGHT - BOTTOM + 18, text)
    return drawing


def lines(title, unit, below, series):
    """series: for each name, points (x, value)."""
    drawing = Drawing(title, unit, max(value for points in series.values() for _, value in points))
    end = max(x for points in series.values() for x, _ in points)
    marks = steps(end)

    def x_of(x):
        return LEFT + x / marks[-1] * (WIDTH - LEFT - RIGHT)

    for mark in marks:
        drawing.text(x_of(mark), HEIGHT - BOTTOM + 18, f"{mark:,.10g}")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38, below)
    for position, (name, points) in enumerate(series.items()):
        stroke = colour(name, position)
        drawing.name(name, stroke)
        path = " ".join(f"{x_of(x):.1f},{drawing.y(value):.1f}" for x, value in points)
        drawing.parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2"/>')
        for x, value in points:
            drawing.parts.append(f'<circle cx="{x_of(x):.1f}" cy="{drawing.y(value):.1f}" r="3" fill="{stroke}"/>')
    return drawing


def scaled(value, scale):
    return None if value is None else value / scale


def by_latency(title, **where):
    def draw(raw):
        cases = [case for case in ("none", "known", "unknown", "ima") if raw.select(case=case)]
        groups = [f"TPM {delay} ms" if delay != "none" else "no TPM" for delay in raw.delays()]
        return bars(title, "10⁹ instr." if raw.icount else "s", groups,
                    {case: [scaled(raw.median("ns", case=case, delay=delay, **where), 1e9) for delay in raw.delays()]
                     for case in cases})
    return draw


def boot(raw):
    """The extends: they are what the TPM is waited for."""
    return bars("A Debian system boots: extends of the TPM", "extends",
                [f"TPM {delay} ms" if delay != "none" else "no TPM" for delay in raw.delays()],
                {case: [raw.median("extends", case=case, delay=delay) for delay in raw.delays()]
                 for case in raw.words("case")})


def containers(raw):
    def one(case, delay):
        found = raw.select(case=case, delay=delay, phase="warm")
        return scaled(raw.median("ns", case=case, delay=delay, phase="warm"), 1e6 * number(found[0]["starts"])) if found else None
    return bars("A start of a container, warm", "10⁶ instr." if raw.icount else "ms",
                [f"TPM {delay} ms" if delay != "none" else "no TPM" for delay in raw.delays()],
                {case: [one(case, delay) for delay in raw.delays()] for case in raw.words("case")})


def records(raw):
    series = {}
    for case in raw.words("case"):
        points, total = [], 0.0
        for line in raw.select(case=case, round=raw.words("round")[0]):
            if "reading" in line:
                continue
            total += number(line["files"])
            points.append((total / 1000, number(line["ns"]) / number(line["files"]) / 1000))
        series[case] = points
    return lines("An unknown file, written and read", "10³ instr." if raw.icount else "µs", "thousand records", series)


PLOTS = {"cache": by_latency("2 × 20,000 reads of 12,312 files, cold caches", tasks="1"),
         "executables": by_latency("5,986 executables, read once"),
         "build": by_latency("A C project is built"),
         "boot": boot, "containers": containers, "records": records}


def main():
    for path in sys.argv[2:]:
        raw = Raw(path)
        if raw.workload in PLOTS:
            name = os.path.basename(path).removesuffix(".raw")
            PLOTS[raw.workload](raw).save(os.path.join(sys.argv[1], name + ".svg"))


if __name__ == "__main__":
    main()
