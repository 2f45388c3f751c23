# SPDX-License-Identifier: MIT
"""One line per case: median with interval, and its ratios to the family's rivals."""

from typing import Any

import numpy as np
import pandas as pd

from quintet.cases import Case, reference_case
from quintet.families import HIGHER_IS_BETTER, Family, direction, how_to_read
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

    Columns: case, operation, implementation, params, label, metric, n, mid, mid_lo, mid_hi; for each rival
    and for 'best' ratio_<rival>, ..._lo, ..._hi and reference_<rival> (the case compared with).
    Ratios are ours / the rival's of the metric itself, of medians, paired by round. 'best' is the
    rival with the better median. The order
    is that of the binary, with all implementations of an operation and its parameters together.
    """
    samples = run.family_samples(family)
    cases = {n: c for n, c in run.cases().items() if n in samples}
    table = []
    for name, case in cases.items():
        row: dict[str, Any] = {
            "case": name,
            "operation": case.operation,
            "implementation": case.implementation,
            "params": " ".join(case.params),
            "label": case.label,
            "metric": family.metric_of(case.operation),
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
    found = {
        rival: reference_case(case, family.counterpart(case.implementation, rival), cases.values())
        for rival in family.rivals
    }
    references = {rival: reference.name for rival, reference in found.items() if reference}
    candidates = [references[rival] for rival in family.best_of if rival in references]
    if candidates:
        better = max if family.metric_of(case.operation) in HIGHER_IS_BETTER else min
        references[BEST] = better(candidates, key=lambda name: float(np.median(samples[name])))
    return references


def _first_seen(labels: "pd.Series[str]") -> "pd.Series[int]":
    order = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    return labels.map(order)


def what_values_are(frame: pd.DataFrame, family: Family) -> str:
    """The heading of a table: how its ratios read, if it has any."""
    ratio = ratio_key(family.baseline)
    metrics = frame.loc[frame[ratio].notna(), "metric"] if ratio in frame else ()
    if not len(metrics):
        return "medians over processes"
    reading = how_to_read(list(dict.fromkeys(metrics)))
    return f"ratios of medians, {reading}; paired by round"


def geomean_line(frame: pd.DataFrame, family: Family) -> str:
    """Geometric mean of our ratios to the baseline, over the operations that have both."""
    ours = frame[
        (frame["implementation"] == family.ours) & frame["operation"].map(family.is_in_mean)
    ]
    ratios = ours[ratio_key(family.baseline)].to_numpy(dtype=float)
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return f"no operation has both {family.ours} and {family.baseline}"
    mean = geometric_mean(ratios)
    better = " (above 1 is faster)" if direction(family.mean_metrics) else ""
    return (
        f"geometric mean of {family.ours} / {family.baseline}: {mean:.3g} "
        f"over {len(ratios)} cases{better}"
    )
