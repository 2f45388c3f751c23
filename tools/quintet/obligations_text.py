# SPDX-License-Identifier: MIT
"""Obligations as tables: a list of all, and one line per system beside the paper's."""

import html
from typing import Any

import pandas as pd

from quintet.layout import aligned_right, markdown
from quintet.lines import ratio
from quintet.obligations import KINDS, Obligation, System, Verification

Rows = list[list[str]]
NONE = "-"
LIST_HEADER = ["system, property", "verdict", "reach", "time (s)", "queries", "paths", "SMT MB"]
LIST_LEFT = (0, 1, 2)
COLUMNS = 14
SYSTEM_LEFT = (0, 13)


def seconds(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}" if value >= 1e-4 else "<0.0001"


def _number(value: float) -> str:
    return f"{value:.0f}" if value else NONE


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.2g}" if 0 < value < 1e7 else _number(value / 1e6)


def _cells(name: str, o: Obligation, verdict: str = "", reach: str = "") -> list[str]:
    counts = [_number(o.count(counter)) for counter in ("queries", "paths")]
    return [name, verdict, reach, seconds(o.seconds), *counts, _megabytes(o.count("smt_bytes"))]


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def _list_of(system: System) -> Rows:
    rows: Rows = [[system.name]]
    for o in system.obligations:
        verdict = o.verdict if o.verdict in KINDS else o.verdict.upper()
        rows.append(_cells(f"  {o.case.implementation}", o, verdict, o.reach))
    measured = {o.case.implementation for o in system.obligations}
    empty = [NONE] * 4
    rows += [[f"  {p}", "FAILED", NONE, *empty] for p in system.open if p not in measured]
    rows += [[f"  {p}", "skipped", NONE, *empty] for p in system.skipped]
    for cores, o in sorted(system.together.items()):
        rows.append(_cells(f"  all, on {_cores(cores)}", o))
    if system.faults is not None:
        name = f"  faults: {_killed(system)} refuted"
        rows.append(_cells(name, system.faults))
    return [*rows, []]


def list_rows(verification: Verification) -> Rows:
    """Every obligation below the heading of its system, then what all of them cost together."""
    return [row for system in verification.systems for row in _list_of(system)]


def list_text(verification: Verification) -> str:
    """The table that a run ends with."""
    lines = [aligned_right(LIST_HEADER, list_rows(verification), LIST_LEFT), ""]
    for system in verification.systems:
        kinds = system.kinds()
        parts = [f"{kinds[kind]} {kind}" for kind in KINDS.values() if kinds[kind]]
        parts += [f"{len(system.open)} OPEN"] if system.open else []
        parts += [f"{len(system.skipped)} skipped"] if system.skipped else []
        lines.append(f"{system.name}: {', '.join(parts) or 'no obligation was measured'}")
    return "\n".join(lines)


def _killed(system: System) -> str:
    if system.faults is None:
        return NONE
    return f"{system.faults.count('killed'):.0f}/{system.faults.count('seeded'):.0f}"


def system_header(verification: Verification) -> list[str]:
    """With the number of cores in it where all systems agree on one."""
    many = {max(times) for s in verification.systems if (times := s.seconds())} - {1}
    several = f"{many.pop()} cores (s)" if len(many) == 1 else "N cores (s)"
    return [
        *("system", "trusted", "proof", "tests", "exec", "proof/exec", "1 core (s)", several),
        *("proved/bounded/sampled", "queries", "paths", "SMT MB", "faults refuted", "reach"),
    ]


def _lines(system: System) -> list[str]:
    if system.lines is None:
        return [NONE] * 5
    counts, share = system.lines, ratio(system.lines)
    numbers = (counts.trusted, counts.proof, counts.tests, counts.exec)
    return [*(_number(n) for n in numbers), NONE if share is None else f"{share:.1f}"]


def _system(system: System) -> list[str]:
    times, kinds = system.seconds(), system.kinds()
    most = max(times, default=1)
    verdicts = "/".join(str(kinds[kind]) for kind in KINDS.values())
    verdicts += f" +{len(system.open)} OPEN" if system.open else ""
    reaches = system.reaches()
    return [
        system.name.replace("_", " "),
        *_lines(system),
        seconds(times[1]) if 1 in times else NONE,
        seconds(times[most]) if most > 1 else NONE,
        verdicts,
        *(_number(system.total(counter)) for counter in ("queries", "paths")),
        _megabytes(system.total("smt_bytes")),
        _killed(system),
        ", ".join(reaches) if len(reaches) < 3 else f"{reaches[0]} and {len(reaches) - 1} more",
    ]


def system_rows(verification: Verification) -> Rows:
    """A row per system, and one for the kit that all of them trust."""
    rows = [_system(system) for system in verification.systems]
    if verification.kit is not None and verification.kit.trusted:
        kit = ["kit (trusted tool)", str(verification.kit.trusted), NONE]
        kit.append(_number(verification.kit.tests))
        rows.append([*kit, *[NONE] * (COLUMNS - len(kit))])
    return rows


def paper_rows(points: pd.DataFrame) -> Rows:
    """The artifact's table in our columns; what it does not have stays empty."""
    rows: Rows = []
    own = points[points["source"].str.contains("artifact")]
    for series, block in own.groupby("series", sort=False):
        values: dict[str, Any] = dict(zip(block["x"], block["y"]))
        cells = [""] * COLUMNS
        cells[0] = str(series)
        for place, key in ((1, "trusted"), (2, "proof"), (4, "exec"), (6, "seconds_1")):
            cells[place] = f"{values[key]:.0f}" if key in values else ""
        share = values.get("ratio", values["proof"] / values["exec"])
        cells[5] = f"{share:.1f}"
        cells[7] = f"{values['seconds_8']:.0f} (8)" if "seconds_8" in values else ""
        cells[11] = f"{values['smt_mb']:.0f}" if "smt_mb" in values else ""
        rows.append(cells)
    return rows


def notes(verification: Verification, paper: bool) -> list[str]:
    """What the columns mean: the reader must be able to disagree."""
    run, counts = verification.run, verification.processes
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    lines = [
        f"{run.name}, {run.sha}, n = {n} processes, medians; lines from {verification.lines_from}",
        "proved: for every input; bounded: every case up to the reach; sampled: tested. "
        "trusted: specification and contracts; tests: what is no proof; exec: the whole library",
    ]
    if paper:
        lines.append(
            "grey: the paper's artifact, on a machine that it does not name; its specifications "
            "cover more (operating system, hardware), so the ratios are not the same measure; "
            "(8): on 8 cores"
        )
    return lines


def as_text(verification: Verification, points: pd.DataFrame) -> str:
    header = system_header(verification)
    theirs = paper_rows(points)
    rows = system_rows(verification) + ([[]] if theirs else []) + theirs
    table = aligned_right(header, rows, SYSTEM_LEFT)
    return "\n".join([table, "", *notes(verification, bool(theirs))]) + "\n"


def as_markdown(verification: Verification, points: pd.DataFrame) -> str:
    """The systems, then every obligation."""
    rows = [*system_rows(verification), *paper_rows(points)]
    every = []
    for system in verification.systems:
        block = [row for row in _list_of(system) if len(row) > 1]
        every += [[f"{system.name}: {row[0].strip()}", *row[1:]] for row in block]
    parts = [
        markdown(system_header(verification), rows, SYSTEM_LEFT),
        "\n".join(f"- {note}" for note in notes(verification, bool(len(points)))),
        markdown(LIST_HEADER, every, LIST_LEFT),
    ]
    return "\n\n".join(parts) + "\n"


def list_html(verification: Verification, index: int) -> str:
    """The list of obligations as rows of an HTML table; `index` is the run's."""
    body = []
    for system in verification.systems:
        for row in _list_of(system):
            if len(row) < 2:
                continue
            first = f"{system.name}: {row[0].strip()}"
            cells = [verification.run.name, first, *row[1:]]
            kinds = ["" if i < 4 else ' class="number"' for i in range(len(cells))]
            columns = zip(kinds, cells)
            text = "".join(f"<td{kind}>{html.escape(cell)}</td>" for kind, cell in columns)
            body.append(f'<tr data-run="{index}">{text}</tr>')
    return "".join(body)
