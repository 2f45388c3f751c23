# SPDX-License-Identifier: MIT
"""Statistics against known answers."""

import math

import numpy as np
import pytest

from quintet import stats


@pytest.mark.parametrize(
    "t, freedom, p",
    [(2.228139, 10, 0.05), (12.7062, 1, 0.05), (2.0, 1e7, 0.0455003), (0.0, 5, 1.0)],
)
def test_student_p_agrees_with_tables(t, freedom, p):
    assert stats.student_p(t, freedom) == pytest.approx(p, rel=1e-4)


def test_incomplete_beta_of_small_integers_is_a_polynomial():
    for x in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert stats.incomplete_beta(2, 2, x) == pytest.approx(3 * x**2 - 2 * x**3)


def test_benjamini_hochberg_on_a_worked_example():
    adjusted = stats.benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    assert adjusted == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_benjamini_hochberg_never_exceeds_one():
    assert (stats.benjamini_hochberg([0.9, 0.95, 1.0]) <= 1).all()


def test_interval_of_the_median_covers_it_nine_times_in_ten():
    """Nominally 95%; the percentile bootstrap of a median is known to fall short of it."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(200):
        interval = stats.median_interval(rng.normal(10, 1, 15))
        hits += interval.low <= 10 <= interval.high
    assert 172 <= hits <= 198


def test_interval_is_the_same_every_time():
    values = [1.0, 1.1, 0.9, 1.3, 1.05]
    assert stats.median_interval(values) == stats.median_interval(values)


def test_one_sample_has_no_interval():
    interval = stats.median_interval([3.0])
    assert interval.mid == 3.0 and math.isnan(interval.low) and not interval.excludes(1.0)


def test_pairing_cancels_a_slow_phase():
    under = np.array([1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 1.0])
    over = 3 * under
    paired = stats.ratio_interval(over, under, paired=True)
    plain = stats.ratio_interval(over, under)
    assert (paired.low, paired.mid, paired.high) == pytest.approx((3, 3, 3))
    assert plain.high - plain.low > 0.5


def test_geometric_mean_of_a_ratio_and_its_inverse_is_one():
    assert stats.geometric_mean([4.0, 0.25]) == pytest.approx(1.0)


def test_hodges_lehmann_ignores_one_outlier():
    first = np.array([1.0, 1.1, 0.9, 1.0, 1.05])
    assert stats.hodges_lehmann(first, first + 0.5) == pytest.approx(0.5)
    outlier = first + 0.5
    outlier[2] = 50.0
    assert stats.hodges_lehmann(first, outlier) == pytest.approx(0.5, abs=0.11)


def test_robust_sigma_of_a_normal_sample():
    values = np.random.default_rng(1).normal(0, 2, 20000)
    assert stats.robust_sigma(values) == pytest.approx(2, rel=0.03)
