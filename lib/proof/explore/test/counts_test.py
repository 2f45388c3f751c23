#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whether the README's counts are those that a test program prints.

counts_test.py README HEADING[,HEADING...] PROGRAM [ARGUMENT...]: the rows of the tables under these
headings and the rows that the program prints must be the same.
"""

import subprocess
import sys


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def documented(readme, headings):
    """The rows under the headings: {(program, variant, model): (verdict, counts)}."""
    rows, inside = {}, False
    for line in open(readme, encoding="utf-8"):
        if line.startswith("## "):
            inside = line[3:].strip() in headings
        found = cells(line) if inside and line.startswith("|") else []
        if len(found) != 6 or found[0] == "program" or set(found[0]) == {"-"}:
            continue
        program, variant = found[:2]
        for model, verdict, counts in (("sequential", *found[2:4]), ("views", *found[4:])):
            if verdict:
                rows[program, variant, model] = (verdict, counts)
    return rows


def printed(command):
    """The rows that the program prints, in the same form."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"no counts to compare: `{' '.join(command)}` failed; its own tests say why")
    rows = {}
    for line in run.stdout.splitlines():
        if line.startswith("| "):
            program, variant, model, verdict, executions, pruned, steps = cells(line)
            more = "" if pruned == "0" else f" (+{pruned})"
            rows[program, variant, model] = (verdict, f"{executions}{more}, {steps}")
    return rows


def main():
    readme, headings, *command = sys.argv[1:]
    said, is_so = documented(readme, headings.split(",")), printed(command)
    wrong = [row for row in said.keys() | is_so.keys() if said.get(row) != is_so.get(row)]
    for row in sorted(wrong):
        print(f"{', '.join(row)}: {readme} says {said.get(row)}, the program {is_so.get(row)}")
    print(f"{len(is_so)} rows compared, {len(wrong)} differ")
    return 1 if wrong or not is_so else 0


if __name__ == "__main__":
    sys.exit(main())
