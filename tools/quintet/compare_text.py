# SPDX-License-Identifier: MIT
"""A comparison as text, Markdown and JSON."""

import math
from typing import Any

from quintet.cases import parse_case
from quintet.compare import Comparison, settings_differences
from quintet.families import HIGHER_IS_BETTER, OR, is_ours
from quintet.layout import layout
from quintet.lists import LIMIT, capped
from quintet.load import Run
from quintet.stats import Interval, geometric_mean
from quintet.verdict import FALSE_DISCOVERY_RATE, LEAST_PROCESSES, CaseVerdict


def _range(interval: Interval) -> str:
    if not math.isfinite(interval.low):
        return f"{interval.mid:.4g}"
    return f"{interval.mid:.4g} [{interval.low:.4g}, {interval.high:.4g}]"


def _word(comparison: Comparison, case: CaseVerdict) -> str:
    if not case.different:
        return "same"
    speed = comparison.speed(case)
    return f"{'faster' if speed > 1 else 'SLOWER'} {abs(case.ratio.mid - 1):.1%}"


def _chosen(comparison: Comparison, everything: bool) -> tuple[list[CaseVerdict], str]:
    """The cases that a table shows, in the binary's order, and a line about those left out.

    Of many, the first few by how much there is to see: different ones, then larger changes.
    """
    cases = comparison.verdict.cases
    if everything or len(cases) <= LIMIT:
        return cases, ""
    telling = sorted(cases, key=lambda case: (not case.different, -abs(math.log(case.ratio.mid))))
    kept = {case.case for case in telling[:LIMIT]}
    different = sum(case.different for case in telling[LIMIT:])
    left = len(cases) - LIMIT
    what = f"{left - different} the same"
    what = f"{different} different, {what}" if different else what
    shown = [case for case in cases if case.case in kept]
    return shown, f"... and {left} more: {what} (--all shows them)"


def _rows(comparison: Comparison, cases: list[CaseVerdict]) -> list[list[str]]:
    return [
        [
            case.case,
            f"{case.first.mid:.4g}",
            f"{case.second.mid:.4g}",
            _range(case.ratio),
            _word(comparison, case),
        ]
        for case in cases
    ]


def _geomeans(comparison: Comparison) -> str:
    """Of the ratios; where these are good above 1 and below it, of the speeds instead."""
    mixed = comparison.higher_is_better is None
    cases = comparison.verdict.cases
    values = {c.case: comparison.speed(c) if mixed else c.ratio.mid for c in cases}
    ours = [value for name, value in values.items() if is_ours(parse_case(name).implementation)]
    what = "geometric mean of B's speed / A's" if mixed else "geometric mean B / A"
    text = f"{what}: {geometric_mean([*values.values()]):.4g}"
    if ours and len(ours) < len(cases):
        text += f" over all {len(cases)} cases, {geometric_mean(ours):.4g} over our {len(ours)}"
    return text


def _metrics(comparison: Comparison) -> str:
    """The metrics, with what is better."""
    higher = comparison.higher_is_better
    if higher is not None:
        return f"{comparison.metric} ({'higher' if higher else 'lower'} is better)"
    words = {True: "higher is better", False: "lower is better"}
    return OR.join(f"{name} ({words[name in HIGHER_IS_BETTER]})" for name in comparison.metrics)


def notes(comparison: Comparison, everything: bool) -> list[str]:
    """What was done, in sentences: the reader must be able to disagree with it."""
    c, verdict = comparison, comparison.verdict
    lines = [f"ratio = B / A of {_metrics(c)}, medians over processes, 95% CI"]
    if differences := settings_differences(c.first, c.second):
        lines.insert(
            0,
            "WARNING: the runs were not measured alike, so a difference may be one of settings: "
            + "; ".join(differences),
        )
    inverse = " (its inverse where higher is better)" if c.higher_is_better is None else ""
    if c.baseline:
        lines.append(
            f"every sample is divided by '{c.baseline}' of the same operation in the same run and "
            "round; a change of that implementation would show in all its rows"
        )
    elif verdict.pooled:
        lines.append(
            f"common drift B / A = {verdict.drift:.4g}{inverse} (median over cases) is taken out of the "
            "ratios: a change that moves most cases alike shows here, not in the rows"
        )
    else:
        lines.append("too few common cases to tell drift from change: nothing was taken out")
    lines.append(f"noise floor {c.floor:.1%} ({c.floor_source})")
    if verdict.pooled:
        lines.append(f"run-to-run noise of a case, from all cases: {verdict.between_runs:.1%}")
    if math.isfinite(verdict.resolution):
        lines.append(
            f"the smallest change that these samples can show in a typical case: "
            f"about {verdict.resolution:.0%}; more processes show less"
        )
    else:
        lines.append(f"fewer than {LEAST_PROCESSES} processes on a side: no verdict is possible")
    lines.append(
        "different = CI excludes 1, change beyond the floor, false discovery rate "
        f"{FALSE_DISCOVERY_RATE:.0%} over the cases"
    )
    lines.append(_geomeans(c))
    for side, names in (("A", c.only_first), ("B", c.only_second)):
        if names:
            lines.append(f"only in {side} ({len(names)}): {', '.join(capped(names, everything))}")
    if c.no_baseline:
        lines.append(
            f"no '{c.baseline}' to normalise to ({len(c.no_baseline)}): "
            + ", ".join(capped(c.no_baseline, everything))
        )
    return lines


def conclusion(comparison: Comparison, everything: bool) -> str:
    different = comparison.verdict.different
    total = len(comparison.verdict.cases)
    if not different:
        return f"no case is different ({total} compared)"
    named = [f"{case.case} ({_word(comparison, case)})" for case in different]
    words = ", ".join(capped(named, everything))
    return f"{len(different)} of {total} cases different: {words}"


_HEADER = ["case", "A", "B", "B / A [95% CI]", "verdict"]


def as_text(comparison: Comparison, everything: bool = False) -> str:
    """For a terminal. Without `everything` only the first few of each long list."""
    c = comparison
    cases, rest = _chosen(c, everything)
    head = [f"{side}: {_title(run)}" for side, run in (("A", c.first), ("B", c.second))]
    body = [layout(_HEADER, _rows(c, cases)), *([rest] if rest else [])]
    end = [*notes(c, everything), "", conclusion(c, everything)]
    return "\n".join([*head, "", *body, "", *end])


def _title(run: Run) -> str:
    processes = max((run.processes(family) for family in run.families), default=0)
    return f"{run.path}  ({run.machine_id}, {run.sha}, {processes} processes)"


def as_markdown(comparison: Comparison, everything: bool = False) -> str:
    """For a review, cut like as_text."""
    c = comparison
    cases, rest = _chosen(c, everything)
    lines = [f"- {side}: {_title(run)}" for side, run in (("A", c.first), ("B", c.second))]
    lines += ["", f"**{conclusion(c, everything)}**", ""]
    lines += ["| " + " | ".join(_HEADER) + " |", "|---" * 5 + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in _rows(c, cases)]
    lines += ["", rest] if rest else []
    return "\n".join([*lines, "", *(f"- {note}" for note in notes(c, everything))])


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data; NaN becomes null."""
    c, verdict = comparison, comparison.verdict

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    def interval(value: Interval) -> list[float | None]:
        return [number(value.mid), number(value.low), number(value.high)]

    return {
        "schema": 1,
        "a": {"run": c.first.run_id, "machine_id": c.first.machine_id, "sha": c.first.sha},
        "b": {"run": c.second.run_id, "machine_id": c.second.machine_id, "sha": c.second.sha},
        "metric": c.metric,
        "higher_is_better": c.higher_is_better,
        "baseline": c.baseline,
        "drift": verdict.drift,
        "noise_floor": c.floor,
        "noise_floor_source": c.floor_source,
        "between_runs": verdict.between_runs,
        "resolution": number(verdict.resolution),
        "different": [case.case for case in verdict.different],
        "only_a": c.only_first,
        "only_b": c.only_second,
        "no_baseline": c.no_baseline,
        "cases": [
            {
                "case": case.case,
                "higher_is_better": c.is_rate(case),
                "a": interval(case.first),
                "b": interval(case.second),
                "ratio": interval(case.ratio),
                "p_adjusted": case.p_adjusted,
                "different": case.different,
            }
            for case in verdict.cases
        ],
    }
