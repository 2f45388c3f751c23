# SPDX-License-Identifier: MIT
"""What figure 12 draws: ratios to mimalloc of the same run, which rows are the paper's, the rows that
means are over, and the growth of memory."""

from typing import Any

import numpy as np
import pandas as pd

from quintet import style
from quintet.load import Run, aligned
from quintet.stats import geometric_mean, median_interval, ratio_interval

BASELINE = "mimalloc"
PAPER_ROWS = (
    *("cfrac:1", "larson_sized:N", "sh6:N", "xmalloc_test:N"),
    *("cache_scratch:1", "cache_scratch:N", "glibc_simple:1", "glibc_thread:N"),
)
"""Workload, and with how many threads: one, or the panel's."""


def measured(run: Run, counter: str) -> pd.DataFrame:
    """A row per case of the suite: implementation, workload, threads, n, and its ratio to the
    baseline by `counter` as mid, mid_lo and mid_hi."""
    samples = run.samples(counter) if counter in run.counters() else {}
    cases = {name: case for name, case in run.cases().items() if case.operation == "suite"}
    by_place = {(c.implementation, c.params): name for name, c in cases.items() if name in samples}
    rows = []
    for (implementation, params), name in by_place.items():
        base = by_place.get((BASELINE, params))
        if base is None or not (samples[base] > 0).all():
            continue
        part = dict(word.split(":", 1) for word in params)
        ratio = ratio_interval(*aligned(samples[name], samples[base]))
        row: dict[str, Any] = {"implementation": implementation, "workload": part["workload"]}
        row |= {"threads": int(part["threads"]), "n": len(samples[name])}
        rows.append(row | {"mid": ratio.mid, "mid_lo": ratio.low, "mid_hi": ratio.high})
    columns = ["implementation", "workload", "threads", "n", "mid", "mid_lo", "mid_hi"]
    return pd.DataFrame(rows, columns=columns)


def paper_places(threads: int) -> dict[str, tuple[str, int]]:
    """Where each of the paper's rows is in a panel of so many threads: workload and threads."""
    split = {row: row.split(":") for row in PAPER_ROWS}
    return {row: (name, 1 if count == "1" else threads) for row, (name, count) in split.items()}


def panel_rows(frame: pd.DataFrame, threads: int) -> list[tuple[str, int]]:
    """The paper's rows in a panel of so many threads: those that were measured."""
    there = set(zip(frame["workload"], frame["threads"]))
    return [row for row in dict.fromkeys(paper_places(threads).values()) if row in there]


def in_panel(frame: pd.DataFrame, threads: int) -> pd.DataFrame:
    """What `frame` has of panel_rows."""
    rows = panel_rows(frame, threads)
    return frame[[row in rows for row in zip(frame["workload"], frame["threads"])]]


def mean_rows(frame: pd.DataFrame, threads: int) -> list[tuple[str, int]]:
    """Those of panel_rows that the means in the panel are over."""
    there = set(complete(in_panel(frame, threads)).index)
    return [row for row in panel_rows(frame, threads) if row in there]


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """A line per row of the suite that all implementations of `frame` have, a column for each."""
    table = frame.pivot_table(index=["workload", "threads"], columns="implementation", values="mid")
    return table.dropna()


def means(frame: pd.DataFrame) -> dict[str, float]:
    """The geometric mean of each implementation over the rows that all of `frame` has."""
    table = complete(frame)
    if table.empty:
        return {}
    names = sorted(table.columns, key=style.rank)
    return {str(name): geometric_mean(table[name].to_numpy()) for name in names}


def growth(run: Run) -> dict[str, tuple[list[float], list[float], list[float]]]:
    """Implementation -> memory in use over live bytes at the end of each phase of the fragmentation
    case: median, and its interval."""
    columns = sorted(
        name for name in run.counters() if name.startswith("rss_") and name[4:].isdigit()
    )
    rows = run.rows[run.rows["operation"] == "fragmentation"]
    found = {}
    for name in sorted(rows["implementation"].unique(), key=style.rank):
        own = rows[rows["implementation"] == name]
        phases = [median_interval((own[c] / own["live_mib"]).dropna().to_numpy()) for c in columns]
        found[str(name)] = (
            [phase.mid for phase in phases],
            [phase.low for phase in phases],
            [phase.high for phase in phases],
        )
    return found


def paper_ratios(points: pd.DataFrame) -> dict[str, float]:
    """The verified allocator's published seconds over those of the mimalloc beside it."""
    values = {(p.series, p.x): float(p.y) for p in points.itertuples()}
    return {x: y / values[BASELINE, x] for (series, x), y in values.items() if series == "verified"}
