# SPDX-License-Identifier: MIT
"""The table of ratios that a run ends with: as many columns as fit, the most important first."""

import shutil
import sys
import textwrap
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quintet.families import HIGHER_IS_BETTER, Family, direction
from quintet.layout import layout
from quintet.summary import BEST, ratio_key

WIDTH = 100
"""Where there is no terminal to ask."""


def terminal_width() -> int:
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def short(value: float) -> str:
    """Three significant digits, without an exponent from a thousand up to a million."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


@dataclass(frozen=True)
class Column:
    """A ratio, with its interval or, to save width, without."""

    rival: str
    title: str
    interval: bool = True

    @property
    def heading(self) -> str:
        return f"{self.title} [95% CI]" if self.interval else self.title

    def cell(self, row: "pd.Series[Any]") -> str:
        if row[f"reference_{self.rival}"] == row["case"]:
            return "1"
        star = "" if row[f"exact_{self.rival}"] else "*"
        return _cell(row, ratio_key(self.rival), self.interval) + star


def _cell(row: "pd.Series[Any]", key: str, interval: bool = True) -> str:
    mid, low, high = row[key], row[f"{key}_lo"], row[f"{key}_hi"]
    if not np.isfinite(mid):
        return "-"
    if not np.isfinite(low) or not interval:
        return short(mid)
    return f"{short(mid)} [{short(low)}, {short(high)}]"


def _columns(frame: pd.DataFrame, family: Family) -> list[Column]:
    """Every ratio column that has a value, the most important first."""
    rest = [rival for rival in family.rivals if rival != family.baseline]
    known = [
        Column(family.baseline, f"vs {family.baseline}"),
        Column(BEST, "vs best rival"),
        *(Column(rival, f"vs {rival}") for rival in rest),
    ]
    return [
        column
        for column in known
        if ratio_key(column.rival) in frame
        and np.isfinite(frame[ratio_key(column.rival)].to_numpy(dtype=float)).any()
    ]


def _layout(frame: pd.DataFrame, family: Family, columns: list[Column]) -> str:
    """A heading per operation, its cases below it."""
    several = frame["n"].nunique() > 1
    header = ["operation, implementation", *(["n"] if several else [])]
    header += [f"{family.heading} [95% CI]", *(column.heading for column in columns)]
    rows: list[list[str]] = []
    for operation, block in frame.groupby("operation", sort=False):
        rows.append([f"{operation}{_unit(block['metric'].iloc[0], family)}"])
        for _, row in block.iterrows():
            name = f"  {row['implementation']} {row['params']}".rstrip()
            counts = [str(row["n"])] if several else []
            ratios = [column.cell(row) for column in columns]
            rows.append([name, *counts, _cell(row, "mid"), *ratios])
        rows.append([])
    return layout(header, rows)


def _unit(metric: str, family: Family) -> str:
    """What a heading says of its operation's metric, where they differ."""
    if len(family.all_metrics) == 1:
        return ""
    higher = metric in HIGHER_IS_BETTER and direction(family.all_metrics) is None
    return f" ({metric}, higher is better)" if higher else f" ({metric})"


def ratio_table(frame: pd.DataFrame, family: Family, width: int | None) -> str:
    """The ratios of all cases. What would exceed `width` is left out, first the interval of a
    column, then the column; without a width all is there."""
    if frame.empty:
        return "no case was measured"
    shown: list[Column] = []
    left_out: list[str] = []
    text = _layout(frame, family, shown)
    for column in _columns(frame, family):
        for form in (column, replace(column, interval=False)):
            wider = _layout(frame, family, [*shown, form])
            if width is None or max(map(len, wider.splitlines())) <= width:
                shown, text = [*shown, form], wider
                break
        else:
            left_out.append(column.title)
    notes = _notes(frame, family, shown)
    if "*" in text:
        notes.append("* the rival has no case with these parameters: its plain form is meant.")
    if left_out:
        notes.append(f"Left out: {', '.join(left_out)}.")
    if left_out or not all(column.interval for column in shown):
        notes.append("--wide shows everything, and so does the report.")
    return "\n".join([text, "", *(textwrap.fill(note, width or WIDTH) for note in notes)])


def _notes(frame: pd.DataFrame, family: Family, shown: list[Column]) -> list[str]:
    notes = []
    if frame["n"].nunique() == 1:
        notes.append(f"n = {frame['n'].iloc[0]} processes.")
    if any(column.rival == BEST for column in shown):
        notes.append(_best_note(frame, family))
    there = set(frame["implementation"])
    pairs = [(ours, form) for ours, _, form in family.counterparts if {ours, form} <= there]
    if shown and pairs:
        words = ", ".join(f"{form} beside {ours}" for ours, form in pairs)
        notes.append(f"Like beside like: {words}.")
    return notes


def _best_note(frame: pd.DataFrame, family: Family) -> str:
    """Which rivals the best one is chosen from: those that were measured."""
    there = set(frame["implementation"])
    *names, last = [name for name in family.best_of if name in there]
    if not names:
        return f"The best rival is {last}: no other one was measured."
    time = len(family.all_metrics) == 1
    two, more = ("faster", "fastest") if time else ("better", "best")
    which = two if len(names) == 1 else more
    return f"The best rival is the {which} one of {', '.join(names)} and {last}."
