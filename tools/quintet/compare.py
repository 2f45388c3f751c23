# SPDX-License-Identifier: MIT
"""`compare A B`: joins two runs by case name and says which cases differ."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quintet.cases import parse_case, reference_case
from quintet.errors import ToolError
from quintet.families import FAMILIES, HIGHER_IS_BETTER, is_ours
from quintet.load import Run, aligned
from quintet.noise import DEFAULT_FLOOR, stored_floor
from quintet.stats import Interval, Samples, geometric_mean
from quintet.summary import layout
from quintet.verdict import FALSE_DISCOVERY_RATE, LEAST_PROCESSES, CaseVerdict, Verdict, judge


@dataclass
class Comparison:
    """Everything that the three output forms need."""

    first: Run
    second: Run
    metric: str
    verdict: Verdict
    floor: float
    floor_source: str
    baseline: str | None
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    no_baseline: list[str] = field(default_factory=list)

    @property
    def higher_is_better(self) -> bool:
        return self.metric in HIGHER_IS_BETTER

    def speed(self, case: CaseVerdict) -> float:
        """How fast B is relative to A: above 1 is better, whatever the metric."""
        return case.ratio.mid if self.higher_is_better else 1 / case.ratio.mid

    def below(self, limit: float) -> list[CaseVerdict]:
        """Cases called different whose speed relative to A is under `limit`."""
        return [case for case in self.verdict.different if self.speed(case) < limit]


def default_metric(first: Run, second: Run) -> str:
    metrics = {FAMILIES[f].metric for f in first.families + second.families if f in FAMILIES}
    if len(metrics) == 1:
        return metrics.pop()
    shared = sorted(set(first.counters()) & set(second.counters()))
    raise ToolError("the runs do not have one default metric", f"use --metric: {', '.join(shared)}")


def _normalised(
    run: Run, samples: dict[str, Samples], metric: str, baseline: str
) -> tuple[dict[str, Samples], set[str]]:
    """Samples divided by the baseline's of the same operation and round; cases without one."""
    series = run.samples(metric)
    cases = {name: parse_case(name) for name in series}
    ratios: dict[str, Samples] = {}
    orphans: set[str] = set()
    for name in samples:
        reference = reference_case(cases[name], baseline, cases.values())
        if reference is None:
            orphans.add(name)
            continue
        if reference.name == name:
            continue
        over, under, paired = aligned(series[name], series[reference.name])
        ratios[name] = over / (under if paired else np.median(under))
    return ratios, orphans


def _positive(run: Run, metric: str) -> dict[str, Samples]:
    """Samples as arrays; the null case may be 0 and is no subject of a ratio then."""
    series = run.samples(metric)
    arrays = {name: series[name].to_numpy() for name in run.cases() if name in series}
    return {name: values for name, values in arrays.items() if (values > 0).all()}


def noise_floor(first: Run, second: Run) -> tuple[float, str]:
    """The larger floor of the two machines, and where it comes from."""
    floors = [(stored_floor(run.machine_id), run.machine_id) for run in (first, second)]
    known = [(floor, machine) for floor, machine in floors if floor is not None]
    if not known:
        return DEFAULT_FLOOR, "default: this machine has no A/A run yet, see --aa"
    floor, machine = max(known)
    return floor, f"A/A run of {machine}"


def compare(first: Run, second: Run, metric: str | None, baseline: str | None) -> Comparison:
    """Compares B = `second` with A = `first`.

    On two machines absolute values mean little: the samples are divided by those of `baseline`
    (an implementation) in the same run. Raises ToolError without a common case or baseline.
    """
    metric = metric or default_metric(first, second)
    if first.machine_id != second.machine_id and baseline is None:
        raise ToolError(
            f"the runs are from two machines ({first.machine_id}, {second.machine_id})",
            "name the implementation to normalise to, for example --baseline nros",
        )
    sides = [_positive(first, metric), _positive(second, metric)]
    names = [set(side) for side in sides]
    orphans: set[str] = set()
    if baseline is not None:
        for index, run in enumerate((first, second)):
            sides[index], without = _normalised(run, sides[index], metric, baseline)
            orphans |= without & names[0] & names[1]
    common = [name for name in sides[0] if name in sides[1]]
    if not common:
        what = f" with a '{baseline}' of the same operation" if baseline else ""
        raise ToolError(
            f"{first.path} and {second.path} have no common case{what}",
            "compare two runs of the same family",
        )
    floor, source = noise_floor(first, second)
    joined = [{name: side[name] for name in common} for side in sides]
    verdict = judge(joined[0], joined[1], floor, remove_drift=baseline is None)
    comparison = Comparison(first, second, metric, verdict, floor, source, baseline)
    comparison.only_first = sorted(names[0] - names[1])
    comparison.only_second = sorted(names[1] - names[0])
    comparison.no_baseline = sorted(orphans)
    return comparison


def _range(interval: Interval) -> str:
    if not math.isfinite(interval.low):
        return f"{interval.mid:.4g}"
    return f"{interval.mid:.4g} [{interval.low:.4g}, {interval.high:.4g}]"


def _word(comparison: Comparison, case: CaseVerdict) -> str:
    if not case.different:
        return "same"
    speed = comparison.speed(case)
    return f"{'faster' if speed > 1 else 'SLOWER'} {abs(case.ratio.mid - 1):.1%}"


def _rows(comparison: Comparison) -> list[list[str]]:
    return [
        [
            case.case,
            f"{case.first.mid:.4g}",
            f"{case.second.mid:.4g}",
            _range(case.ratio),
            _word(comparison, case),
        ]
        for case in comparison.verdict.cases
    ]


def _geomeans(comparison: Comparison) -> str:
    cases = comparison.verdict.cases
    ours = [c.ratio.mid for c in cases if is_ours(parse_case(c.case).implementation)]
    text = f"geometric mean B / A: {geometric_mean([c.ratio.mid for c in cases]):.4g}"
    if ours and len(ours) < len(cases):
        text += f" over all {len(cases)} cases, {geometric_mean(ours):.4g} over our {len(ours)}"
    return text


def settings_differences(first: Run, second: Run) -> list[str]:
    """Settings of the benchmark binary, and its build, in which two runs differ: `key: A | B`."""
    keys = sorted(
        key
        for key in {*first.context, *second.context}
        if key.startswith("qt_flag_")
        or key in ("qt_compiler", "qt_compiler_flags", "qt_build_type")
    )
    return [
        f"{key.removeprefix('qt_').removeprefix('flag_')}: {a} | {b}"
        for key in keys
        if (a := first.context.get(key, "none")) != (b := second.context.get(key, "none"))
    ]


def notes(comparison: Comparison) -> list[str]:
    """What was done, in sentences: the reader must be able to disagree with it."""
    c, verdict = comparison, comparison.verdict
    better = "higher" if c.higher_is_better else "lower"
    lines = [f"ratio = B / A of {c.metric} ({better} is better), medians over processes, 95% CI"]
    if differences := settings_differences(c.first, c.second):
        lines.insert(
            0,
            "WARNING: the runs were not measured alike, so a difference may be one of settings: "
            + "; ".join(differences),
        )
    if c.baseline:
        lines.append(
            f"every sample is divided by '{c.baseline}' of the same operation in the same run and "
            "round; a change of that implementation would show in all its rows"
        )
    elif verdict.pooled:
        lines.append(
            f"common drift B / A = {verdict.drift:.4g} (median over cases) is taken out of the "
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
            lines.append(f"only in {side} ({len(names)}): {', '.join(names)}")
    if c.no_baseline:
        lines.append(
            f"no '{c.baseline}' to normalise to ({len(c.no_baseline)}): " + ", ".join(c.no_baseline)
        )
    return lines


def conclusion(comparison: Comparison) -> str:
    different = comparison.verdict.different
    total = len(comparison.verdict.cases)
    if not different:
        return f"no case is different ({total} compared)"
    named = ", ".join(f"{case.case} ({_word(comparison, case)})" for case in different)
    return f"{len(different)} of {total} cases different: {named}"


_HEADER = ["case", "A", "B", "B / A [95% CI]", "verdict"]


def as_text(comparison: Comparison) -> str:
    c = comparison
    head = [f"{side}: {_title(run)}" for side, run in (("A", c.first), ("B", c.second))]
    body = layout(_HEADER, _rows(c))
    return "\n".join([*head, "", body, "", *notes(c), "", conclusion(c)])


def _title(run: Run) -> str:
    processes = max((run.processes(family) for family in run.families), default=0)
    return f"{run.path}  ({run.machine_id}, {run.sha}, {processes} processes)"


def as_markdown(comparison: Comparison) -> str:
    c = comparison
    lines = [f"- {side}: {_title(run)}" for side, run in (("A", c.first), ("B", c.second))]
    lines += ["", f"**{conclusion(c)}**", "", "| " + " | ".join(_HEADER) + " |", "|---" * 5 + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in _rows(c)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes(c))])


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
                "a": interval(case.first),
                "b": interval(case.second),
                "ratio": interval(case.ratio),
                "p_adjusted": case.p_adjusted,
                "different": case.different,
            }
            for case in verdict.cases
        ],
    }
