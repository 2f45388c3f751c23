#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares what the workloads ask of an allocator with what their originals ask of it.

traces_test.py PROGRAMS TRACER EXPECTED [--full]

PROGRAMS is the folder of the programs, TRACER the library test/trace_malloc.cpp, and EXPECTED a
table: row, threads, scale, quantity, the original's value, how many percent ours may be off it, and
whether the value belongs to the whole work, so that it is to be taken times the scale. With --full
everything runs at scale 100, and all quantities are printed as they are.
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

Trace = dict[str, int]


def traced(program: Path, tracer: Path, threads: str, scale: str) -> Trace:
    """The trace of one run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace"
        environment = {**os.environ, "LD_PRELOAD": str(tracer), "QT_TRACE_FILE": str(file)}
        command = [str(program), "--threads", threads, "--scale", scale]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        lines = [line.split() for line in file.read_text().splitlines()]
    return {key: int(value) for key, value in lines}


def upto(trace: Trace, size: int) -> int:
    """How many blocks were of at most `size` bytes."""
    return trace[f"upto_{size}"]


def quantity_of(trace: Trace, quantity: str) -> float:
    mallocs = trace["mallocs"]
    if quantity in trace:
        return float(trace[quantity])
    if quantity == "mean":
        return trace["bytes"] / mallocs
    if quantity == "peak_mib":
        return trace["live_peak"] / 2**20
    if quantity == "percent_memaligned":
        return 100 * trace["memaligns"] / mallocs
    if found := re.fullmatch(r"percent_upto_(\d+)", quantity):
        return 100 * upto(trace, int(found[1])) / mallocs
    if found := re.fullmatch(r"percent_above_(\d+)", quantity):
        return 100 * (mallocs - upto(trace, int(found[1]))) / mallocs
    if found := re.fullmatch(r"percent_(\d+)_(\d+)", quantity):
        return 100 * (upto(trace, int(found[2])) - upto(trace, int(found[1]) - 1)) / mallocs
    sys.exit(f"traces_test: no quantity is called {quantity}: see quantity_of()")


def is_close(value: float, sheet: float, tolerance_percent: float) -> bool:
    """Within so many percent of the sheet's value, or of 100 where that is zero."""
    return abs(value - sheet) <= tolerance_percent / 100 * (sheet or 100)


def main(arguments: list[str]) -> int:
    full = arguments[-1:] == ["--full"]
    if len(arguments) - full != 3:
        print(__doc__, file=sys.stderr)
        return 2
    programs, tracer, expected = (Path(name).resolve() for name in arguments[:3])
    runs: dict[tuple[str, str, str], Trace] = {}
    failures = 0
    with expected.open(newline="") as file:
        for line in csv.DictReader(file):
            scale = "100" if full else line["scale"]
            run = (line["row"], line["threads"], scale)
            if run not in runs:
                runs[run] = traced(programs / line["row"], tracer, *run[1:])
            value = quantity_of(runs[run], line["quantity"])
            part = int(scale) / 100 if line["with_scale"] == "yes" else 1
            sheet = float(line["sheet"]) * part
            well = is_close(value, sheet, float(line["tolerance_percent"]))
            failures += not well
            print(
                f"{'ok    ' if well else 'FAILED'} {line['row']} --threads {run[1]} --scale {scale}: "
                f"{line['quantity']} is {value:.6g}, the original's {sheet:.6g}"
            )
    if not runs:
        print(f"traces_test: {expected} has no lines", file=sys.stderr)
        return 2
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
