# SPDX-License-Identifier: MIT
"""`compare A B`: joins two runs by case name and says which cases differ."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from quintet.cases import parse_case, reference_case
from quintet.errors import ToolError
from quintet.families import FAMILIES, HIGHER_IS_BETTER, OR, direction
from quintet.files import shown
from quintet.load import UNKNOWN, Run, aligned
from quintet.noise import DEFAULT_FLOOR, stored_floor
from quintet.stats import Samples
from quintet.verdict import CaseVerdict, Verdict, judge


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
    def metrics(self) -> list[str]:
        return self.metric.split(OR)

    @property
    def higher_is_better(self) -> bool | None:
        """Of every case; None where the metrics differ in that."""
        return direction(self.metrics)

    def is_rate(self, case: CaseVerdict) -> bool:
        """Whether more is better in this case."""
        return _metric(case.case, self.metrics) in HIGHER_IS_BETTER

    def speed(self, case: CaseVerdict) -> float:
        """How fast B is relative to A: above 1 is better, whatever the metric."""
        return case.ratio.mid if self.is_rate(case) else 1 / case.ratio.mid

    def below(self, limit: float) -> list[CaseVerdict]:
        """Cases called different whose speed relative to A is under `limit`."""
        return [case for case in self.verdict.different if self.speed(case) < limit]


def _metric(name: str, metrics: list[str]) -> str:
    """The metric that a case is compared by; several are those of the families."""
    if len(metrics) == 1:
        return metrics[0]
    case = parse_case(name)
    return FAMILIES[case.system].metric_of(case.operation) if case.system in FAMILIES else ""


def default_metric(first: Run, second: Run) -> str:
    """The metrics of the families and of their operations, all of them."""
    names = dict.fromkeys(first.families + second.families)
    known = [FAMILIES[name] for name in names if name in FAMILIES]
    metrics = list(dict.fromkeys(metric for family in known for metric in family.all_metrics))
    if metrics:
        return OR.join(metrics)
    shared = sorted(set(first.counters()) & set(second.counters()))
    raise ToolError("the runs do not have one default metric", f"use --metric: {', '.join(shared)}")


def _series(run: Run, metric: str) -> "dict[str, pd.Series[float]]":
    """The samples of every case by `metric`, or by its operation's among several."""
    metrics = metric.split(OR)
    if len(metrics) == 1:
        return run.samples(metric)
    found: dict[str, pd.Series[float]] = {}
    for each in metrics:
        if each not in run.rows.columns:
            continue
        own = run.samples(each).items()
        found |= {name: series for name, series in own if _metric(name, metrics) == each}
    return found


def _normalised(
    run: Run, samples: dict[str, Samples], metric: str, baseline: str
) -> tuple[dict[str, Samples], set[str]]:
    """Samples divided by the baseline's of the same operation and round; cases without one."""
    series = _series(run, metric)
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
    series = _series(run, metric)
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


def _unknown_machine(run: Run) -> tuple[str, str]:
    """Message and remedy."""
    message = f"{run.path} does not say which machine it is from"
    if run.path.is_dir():
        file = shown(run.path / "machine.json")
        remedy = f"write that on the machine: ./quintet machine --json -o {file}"
    else:
        remedy = "give its run folder"
    return message, f"{remedy}; or compare ratios, for example --baseline nros"


def _check_baseline(first: Run, second: Run, baseline: str) -> None:
    """Raises with the known ones if a run does not have the implementation."""
    sides = [
        dict.fromkeys(case.implementation for case in run.cases().values())
        for run in (first, second)
    ]
    both = [name for name in sides[0] if name in sides[1]]
    for run, names in zip((first, second), sides):
        if baseline not in names:
            raise ToolError(
                f"{run.path} has no implementation '{baseline}'",
                f"both runs have: {', '.join(both) or 'none in common'}",
            )


def compare(first: Run, second: Run, metric: str | None, baseline: str | None) -> Comparison:
    """Compares B = `second` with A = `first`.

    On two machines absolute values mean little: the samples are divided by those of `baseline`
    (an implementation) in the same run. Raises ToolError without a common case or baseline.
    """
    metric = metric or default_metric(first, second)
    if first.machine_id != second.machine_id and baseline is None:
        for run in (first, second):
            if run.machine_id == UNKNOWN:
                raise ToolError(*_unknown_machine(run))
        raise ToolError(
            f"the runs are from two machines ({first.machine_id}, {second.machine_id})",
            "name the implementation to normalise to, for example --baseline nros",
        )
    if baseline is not None:
        _check_baseline(first, second, baseline)
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
    rates: set[str] = set()
    if direction(metrics := metric.split(OR)) is None:  # so that drift is one of time for all
        rates = {name for name in common if _metric(name, metrics) in HIGHER_IS_BETTER}
    verdict = judge(joined[0], joined[1], floor, remove_drift=baseline is None, rates=rates)
    comparison = Comparison(first, second, metric, verdict, floor, source, baseline)
    comparison.only_first = sorted(names[0] - names[1])
    comparison.only_second = sorted(names[1] - names[0])
    comparison.no_baseline = sorted(orphans)
    return comparison


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
