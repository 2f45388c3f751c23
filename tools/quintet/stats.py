# SPDX-License-Identifier: MIT
"""Statistics on processes: bootstrap intervals, moderated t, false-discovery control. numpy only.

A sample is the median over the repetitions of one process. All functions are deterministic: the
bootstrap draws from a fixed seed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
SEED = 20241104
RESAMPLES = 4000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval; the ends are NaN below two samples."""

    mid: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        return bool(self.low > value or self.high < value)

    def scaled(self, factor: float) -> "Interval":
        return Interval(self.mid * factor, self.low * factor, self.high * factor)


def _ends(draws: Samples) -> tuple[float, float]:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(low), float(high)


def median_interval(samples: Sequence[float] | Samples) -> Interval:
    """Median of the samples with a bootstrap interval."""
    values = np.asarray(samples, dtype=np.float64)
    mid = float(np.median(values))
    if len(values) < 2:
        return Interval(mid, math.nan, math.nan)
    rng = np.random.default_rng(SEED)
    draws = np.median(values[rng.integers(0, len(values), (RESAMPLES, len(values)))], axis=1)
    return Interval(mid, *_ends(draws))


def ratio_interval(
    top: Sequence[float] | Samples, bottom: Sequence[float] | Samples, paired: bool = False
) -> Interval:
    """median(top) / median(bottom) with a bootstrap interval of that ratio.

    `paired`: top[k] and bottom[k] ran next to each other in round k, so rounds are resampled and
    a slow phase of the machine cancels. Requires equal lengths.
    """
    over, under = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    mid = float(np.median(over) / np.median(under))
    if min(len(over), len(under)) < 2:
        return Interval(mid, math.nan, math.nan)
    rng = np.random.default_rng(SEED)
    pick = rng.integers(0, len(over), (RESAMPLES, len(over)))
    other = pick if paired else rng.integers(0, len(under), (RESAMPLES, len(under)))
    draws = np.median(over[pick], axis=1) / np.median(under[other], axis=1)
    return Interval(mid, *_ends(draws))


def geometric_mean(ratios: Sequence[float] | Samples) -> float:
    """The only mean that does not depend on which side is the denominator."""
    return float(np.exp(np.mean(np.log(np.asarray(ratios, dtype=np.float64)))))


def robust_sigma(values: Sequence[float] | Samples) -> float:
    """Standard deviation of a normal distribution with the same median absolute deviation."""
    data = np.asarray(values, dtype=np.float64)
    return float(1.4826 * np.median(np.abs(data - np.median(data))))


def hodges_lehmann(first: Samples, second: Samples) -> float:
    """Shift from `first` to `second`: the median of all pairwise differences."""
    return float(np.median(second[:, None] - first[None, :]))


def benjamini_hochberg(p_values: Sequence[float] | Samples) -> Samples:
    """Adjusted p-values: calling those <= q keeps the false discovery rate at q."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]
    rank = len(p) - np.arange(len(p))
    adjusted = np.minimum.accumulate(p[order] * len(p) / rank)
    result = np.empty_like(p)
    result[order] = np.minimum(adjusted, 1.0)
    return result


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (Lentz's method)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 300):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + step / c
            c = c if abs(c) > tiny else tiny
            result *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return result


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def student_p(t: float, freedom: float) -> float:
    """Two-sided p-value of Student's t."""
    if not math.isfinite(t):
        return 0.0
    return incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
