# SPDX-License-Identifier: MIT
"""One line per case: median with interval, and its ratios to the family's rivals."""

from typing import Any

import numpy as np
import pandas as pd

from quintet.cases import Case, reference_case
from quintet.families import OURS, Family
from quintet.load import Run, aligned
from quintet.stats import Interval, geometric_mean, median_interval, ratio_interval

BEST = "best"


def ratio_key(rival: str) -> str:
    return f"ratio_{rival}"


def _interval_columns(prefix: str, interval: Interval | None) -> dict[str, Any]:
    nan = float("nan")
    mid, low, high = (interval.mid, interval.low, interval.high) if interval else (nan, nan, nan)
    return {prefix: mid, f"{prefix}_lo": low, f"{prefix}_hi": high}


def summarise(run: Run, family: Family) -> pd.DataFrame:
    """All cases of `family` in `run`.

    Columns: case, operation, implementation, params, label, n, mid, mid_lo, mid_hi; for each rival
    and for 'best' ratio_<rival>, ..._lo, ..._hi and reference_<rival> (the case compared with).
    Ratios are of medians, paired by round. 'best' is the rival with the smaller median. The order
    is that of the binary, with all implementations of an operation and its parameters together.
    """
    samples = run.samples(family.metric)
    cases = {n: c for n, c in run.cases().items() if c.system == family.name and n in samples}
    table = []
    for name, case in cases.items():
        row: dict[str, Any] = {
            "case": name,
            "operation": case.operation,
            "implementation": case.implementation,
            "params": " ".join(case.params),
            "label": case.label,
            "n": len(samples[name]),
            **_interval_columns("mid", median_interval(samples[name].to_numpy())),
        }
        references = _references(case, family, cases, samples)
        for rival in (*family.rivals, BEST):
            reference, interval = references.get(rival, ""), None
            if reference:
                over, under, paired = aligned(samples[name], samples[reference])
                interval = ratio_interval(over, under, paired) if np.median(under) > 0 else None
            row.update(_interval_columns(ratio_key(rival), interval))
            row[f"reference_{rival}"] = reference
            row[f"exact_{rival}"] = not reference or cases[reference].params == case.params
        table.append(row)
    if not table:
        return pd.DataFrame()
    order = ["operation", "label"]
    return pd.DataFrame(table).sort_values(order, key=_first_seen, kind="stable", ignore_index=True)


def _references(
    case: Case, family: Family, cases: dict[str, Case], samples: dict[str, "pd.Series[float]"]
) -> dict[str, str]:
    """For each rival that has a comparable case, and for 'best', the name of that case."""
    found = {rival: reference_case(case, rival, cases.values()) for rival in family.rivals}
    references = {rival: reference.name for rival, reference in found.items() if reference}
    candidates = [references[rival] for rival in family.best_of if rival in references]
    if candidates:
        references[BEST] = min(candidates, key=lambda name: float(np.median(samples[name])))
    return references


def _first_seen(labels: "pd.Series[str]") -> "pd.Series[int]":
    order = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    return labels.map(order)


def short(value: float) -> str:
    """Three significant digits, without an exponent from a thousand up to a million."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _cell(row: "pd.Series[Any]", key: str) -> str:
    mid, low, high = row[key], row[f"{key}_lo"], row[f"{key}_hi"]
    if not np.isfinite(mid):
        return "-"
    if not np.isfinite(low):
        return short(mid)
    return f"{short(mid)} [{short(low)}, {short(high)}]"


def _ratio_cell(row: "pd.Series[Any]", key: str) -> str:
    rival = key.removeprefix("ratio_")
    if row[f"reference_{rival}"] == row["case"]:
        return "1"
    return _cell(row, key) + ("" if row[f"exact_{rival}"] else "*")


def _columns(frame: pd.DataFrame, family: Family) -> dict[str, str]:
    """Heading and key of each ratio column that has a value."""
    names = {rival: f"vs {rival}" for rival in family.rivals}
    names[BEST] = f"vs best of {', '.join(family.best_of)}"
    return {
        title: ratio_key(rival)
        for rival, title in names.items()
        if np.isfinite(frame[ratio_key(rival)].to_numpy(dtype=float)).any()
    }


def ratio_table(frame: pd.DataFrame, family: Family) -> str:
    """The table printed at the end of a run: a block per operation, ratios with intervals."""
    if frame.empty:
        return "no case was measured"
    columns = _columns(frame, family)
    header = ["operation", "implementation", "n", f"{family.metric} [95% CI]", *columns]
    rows: list[list[str]] = []
    for _, block in frame.groupby("operation", sort=False):
        for _, row in block.iterrows():
            cells = [row["label"], row["implementation"], str(row["n"]), _cell(row, "mid")]
            rows.append(cells + [_ratio_cell(row, key) for key in columns.values()])
        rows.append([])
    text = layout(header, rows)
    if "*" in text:
        text += "\n* the rival has no case with these parameters: its plain form is the reference"
    return text


def layout(header: list[str], rows: list[list[str]]) -> str:
    """Left-aligned columns; an empty row becomes a blank line."""
    widths = [max(len(r[i]) for r in [header, *rows] if r) for i in range(len(header))]

    def line(cells: list[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) if row else "" for row in rows)]).rstrip()


def geomean_line(frame: pd.DataFrame, family: Family) -> str:
    """Geometric mean of quintet's ratios to the baseline, over the operations that have both."""
    ours = frame[frame["implementation"] == OURS]
    ratios = ours[ratio_key(family.baseline)].to_numpy(dtype=float)
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return f"no operation has both quintet and {family.baseline}"
    mean = geometric_mean(ratios)
    return f"geometric mean of quintet / {family.baseline}: {mean:.3g} over {len(ratios)} cases"
