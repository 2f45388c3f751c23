# SPDX-License-Identifier: MIT
"""Which cases differ between two runs: the decision, apart from files and printing.

Model, on logarithms: sample = case + drift of the run + run-to-run noise of the case + noise of
the process. The first three steps use all cases together, because 5 to 10 processes alone say
little about the noise of one case:

1. drift: the median shift over all cases is common to the two runs (a slower host, say) and is
   taken out; it is reported, never hidden;
2. spread: each case's process-to-process variance is pulled towards the typical one;
3. calibration: what the typical case moved beyond its spread is run-to-run noise and is added to
   every case; if it moved less, the spreads were too pessimistic and are scaled down;
4. Student's t per case on the Hodges-Lehmann shift, then Benjamini-Hochberg over the cases.

A case is *different* only if the 95% interval of its ratio excludes 1, the change is larger than
the noise floor, and the adjusted p-value is at most FALSE_DISCOVERY_RATE.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from quintet.stats import (
    Interval,
    Samples,
    benjamini_hochberg,
    hodges_lehmann,
    median_interval,
    ratio_interval,
    student_p,
)

FALSE_DISCOVERY_RATE = 0.01
# Chosen by simulation (tools/test/test_verdict.py): few false alarms, most power at 5-10 processes.
_PRIOR_FREEDOM = 4.0
_CLIP = 3.0
_MAD_TO_SIGMA = 1.4826
_HODGES_LEHMANN_ERROR = 1.05
_CAUTION = 5.0
_TINY = 1e-12  # so that samples without any spread divide
POOL = 8
"""Fewer common cases say nothing about drift and run-to-run noise: both are taken as 0."""
LEAST_PROCESSES = 3


@dataclass(frozen=True)
class CaseVerdict:
    """One case in both runs. `ratio` is B / A without the common drift."""

    case: str
    first: Interval
    second: Interval
    ratio: Interval
    p_adjusted: float
    different: bool


@dataclass(frozen=True)
class Verdict:
    """All cases, and what was assumed about the noise."""

    cases: list[CaseVerdict]
    drift: float
    """Common factor B / A that was taken out, of rates among others its inverse; 1 where it was
    not estimated."""
    pooled: bool
    """True if drift and run-to-run noise were estimated from the cases."""
    between_runs: float
    """Run-to-run noise of a case, as a relative standard deviation."""
    resolution: float
    """The smallest relative change that the typical case could have shown."""

    @property
    def different(self) -> list[CaseVerdict]:
        return [case for case in self.cases if case.different]


def _variances(residuals: list[tuple[Samples, Samples]]) -> tuple[Samples, Samples]:
    """Moderated variance of one process, and degrees of freedom, per case.

    Outliers are clipped at 3 sigma first, where sigma comes from the median absolute deviation,
    itself pulled towards the typical one.
    """
    joined = [np.concatenate(pair) for pair in residuals]
    freedom = np.array([len(r) - 2 for r in joined], dtype=np.float64)
    small = 1 + 1.6 / np.array([len(r) for r in joined])
    mad = _MAD_TO_SIGMA * small * np.array([np.median(np.abs(r)) for r in joined])
    sigma = np.sqrt(_towards_typical(mad**2, freedom / 2))
    clipped = [
        [np.clip(half, -_CLIP * s, _CLIP * s) for half in pair] for pair, s in zip(residuals, sigma)
    ]
    sums = [sum(float(((half - half.mean()) ** 2).sum()) for half in pair) for pair in clipped]
    variance = np.array(sums) / freedom
    return _towards_typical(variance, freedom), freedom + _PRIOR_FREEDOM


def _towards_typical(variance: Samples, freedom: Samples) -> Samples:
    typical = float(np.median(variance))
    pulled = (_PRIOR_FREEDOM * typical + freedom * variance) / (_PRIOR_FREEDOM + freedom)
    return np.asarray(pulled, dtype=np.float64)


def _calibrated(shifts: Samples, errors: Samples) -> tuple[Samples, float]:
    """Errors that fit how far the typical case moved, and the run-to-run noise in them.

    Most cases are unchanged, so the typical |shift| / error should be what chance gives. If it is
    larger, run-to-run noise is added to all errors; if it is smaller, the errors are scaled down,
    carefully where cases are few.
    """

    def typical(extra: float) -> float:
        return _MAD_TO_SIGMA * float(np.median(np.abs(shifts) / np.hypot(errors, extra)))

    observed, count = typical(0.0), len(shifts)
    if observed <= 1:
        scale = math.sqrt((count * observed**2 + _CAUTION) / (count + _CAUTION))
        return errors * scale, 0.0
    low, high = 0.0, 2 * float(np.abs(shifts).max())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if typical(middle) > 1 else (low, middle)
    return np.hypot(errors, high), high


def _significance(
    logs: list[tuple[Samples, Samples]], shifts: Samples, pooled: bool
) -> tuple[Samples, float, float]:
    """Adjusted p-value per case, run-to-run noise, and the smallest typical shift that is seen."""
    adjusted = np.ones(len(logs))
    judged = np.array([min(len(a), len(b)) >= LEAST_PROCESSES for a, b in logs])
    if not judged.any():
        return adjusted, 0.0, math.nan
    kept = [logs[index] for index in np.flatnonzero(judged)]
    variance, freedom = _variances([(a - np.median(a), b - np.median(b)) for a, b in kept])
    counts = np.array([1 / len(a) + 1 / len(b) for a, b in kept])
    errors = _HODGES_LEHMANN_ERROR * np.sqrt(variance * counts) + _TINY
    total, between = _calibrated(shifts[judged], errors) if pooled else (errors, 0.0)
    scores = np.abs(shifts[judged]) / total
    p = [student_p(float(score), float(f)) for score, f in zip(scores, freedom)]
    adjusted[judged] = benjamini_hochberg(p)
    needed = _least_score(float(np.median(freedom)), FALSE_DISCOVERY_RATE / len(p))
    return adjusted, between, needed * float(np.median(total))


def judge(
    first: Mapping[str, Samples],
    second: Mapping[str, Samples],
    floor: float,
    remove_drift: bool = True,
    rates: Collection[str] = (),
) -> Verdict:
    """Compares two runs, given as case -> samples (one per process, positive), case by case.

    `first` and `second` have the same keys; `floor` is a relative change, for example 0.03. Cases
    with fewer than LEAST_PROCESSES samples on a side are reported but never called different.
    The cases in `rates` fall where the others rise, on a slower host for example: they drift the
    other way.
    """
    signs = [-1.0 if name in rates else 1.0 for name in first]
    logs = [(s * np.log(first[name]), s * np.log(second[name])) for s, name in zip(signs, first)]
    shifts = np.array([hodges_lehmann(a, b) for a, b in logs])
    pooled = len(logs) >= POOL
    drift = 0.0
    if pooled and remove_drift:
        drift = float(np.median([np.median(b) - np.median(a) for a, b in logs]))
        shifts -= np.median(shifts)
    adjusted, between, seen = _significance(logs, shifts, pooled)

    cases = []
    for name, sign, q in zip(first, signs, adjusted):
        paired = len(first[name]) == len(second[name])
        ratio = ratio_interval(second[name], first[name], paired)
        ratio = ratio.scaled(math.exp(-sign * drift))
        beyond = abs(math.log(ratio.mid)) > math.log1p(floor)
        cases.append(
            CaseVerdict(
                case=name,
                first=median_interval(first[name]),
                second=median_interval(second[name]),
                ratio=ratio,
                p_adjusted=float(q),
                different=bool(q <= FALSE_DISCOVERY_RATE and ratio.excludes(1.0) and beyond),
            )
        )
    resolution = max(floor, math.expm1(seen)) if math.isfinite(seen) else math.nan
    return Verdict(cases, math.exp(drift), pooled, between, resolution)


def _least_score(freedom: float, p: float) -> float:
    """The t value whose two-sided p-value is `p`."""
    low, high = 0.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, freedom) > p else (low, middle)
    return high
