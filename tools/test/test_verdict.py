# SPDX-License-Identifier: MIT
"""The decision by simulation: how often A/A is called different, how often 10% is found."""

import math

import numpy as np
import pytest

from quintet import stats
from quintet.verdict import judge

CASES = 40
SLOW = "case7"


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(stats, "RESAMPLES", 200)


def run(rng, sigma, processes, shift=0.0, heavy=False, between=0.0):
    """Log-normal samples; `heavy` makes one process in ten lose up to a third of its time."""
    result = {}
    for index in range(CASES):
        noise = rng.normal(0, sigma[index], processes) + rng.normal(0, between)
        if heavy:
            noise += (rng.random(processes) < 0.1) * rng.exponential(0.3, processes)
        result[f"case{index}"] = np.exp(math.log(5.0 + index) + shift + noise)
    return result


def trial(rng, processes, slow=False, heavy=False, between=0.0, sigmas=(0.005, 0.01, 0.02, 0.03)):
    """The cases called different between two runs that also drift apart by some per cent."""
    sigma = rng.choice(sigmas, CASES)
    first = run(rng, sigma, processes, 0.0, heavy, between)
    second = run(rng, sigma, processes, rng.normal(0, 0.05), heavy, between)
    if slow:
        second[SLOW] = second[SLOW] * 1.1
    return [case.case for case in judge(first, second, floor=0.03).different]


@pytest.mark.parametrize("processes", [5, 10])
@pytest.mark.parametrize("heavy, between", [(False, 0.0), (True, 0.0), (False, 0.02)])
def test_same_binary_is_rarely_called_different(processes, heavy, between):
    rng = np.random.default_rng(11)
    alarms = sum(bool(trial(rng, processes, False, heavy, between)) for _ in range(60))
    assert alarms <= 4


@pytest.mark.parametrize("processes, share", [(5, 0.8), (10, 0.95)])
def test_ten_per_cent_in_one_case_is_found_and_only_there(processes, share):
    rng = np.random.default_rng(12)
    found = [trial(rng, processes, slow=True) for _ in range(40)]
    assert sum(names == [SLOW] for names in found) >= share * len(found)


@pytest.mark.parametrize("processes", [5, 10])
def test_the_same_samples_with_one_case_scaled_are_told_apart(processes):
    """Other cases did not move at all, which says more than their spread of 5%."""
    rng = np.random.default_rng(17)
    first = run(rng, [0.05] * CASES, processes, heavy=True)
    second = {name: values * (1.1 if name == SLOW else 1.0) for name, values in first.items()}
    assert [case.case for case in judge(first, second, 0.03).different] == [SLOW]


def test_ten_processes_find_it_among_outliers_too():
    rng = np.random.default_rng(13)
    found = [trial(rng, 10, slow=True, heavy=True) for _ in range(40)]
    assert sum(SLOW in names for names in found) >= 0.75 * len(found)


def test_drift_is_reported_and_taken_out():
    rng = np.random.default_rng(14)
    sigma = [0.005] * CASES
    verdict = judge(run(rng, sigma, 6), run(rng, sigma, 6, shift=math.log(1.2)), 0.03)
    assert verdict.drift == pytest.approx(1.2, rel=0.01) and not verdict.different


def test_with_few_cases_nothing_is_taken_out():
    rng = np.random.default_rng(15)
    first = {"only": rng.normal(10, 0.05, 8)}
    verdict = judge(first, {"only": rng.normal(12, 0.05, 8)}, 0.03)
    assert verdict.drift == 1 and not verdict.pooled
    assert [case.case for case in verdict.different] == ["only"]


def test_a_change_below_the_floor_is_not_called():
    rng = np.random.default_rng(16)
    first = run(rng, [0.001] * CASES, 10)
    second = {name: values.copy() for name, values in first.items()}
    second[SLOW] = second[SLOW] * 1.05
    assert [c.case for c in judge(first, second, 0.03).different] == [SLOW]
    assert not judge(first, second, 0.06).different


def test_two_processes_allow_no_verdict():
    first = {f"case{i}": np.array([1.0, 1.001]) for i in range(10)}
    second = {name: values * (3 if name == "case3" else 1) for name, values in first.items()}
    verdict = judge(first, second, 0.03)
    assert not verdict.different and math.isnan(verdict.resolution)


def test_identical_samples_are_the_same():
    first = {f"case{i}": np.full(5, 2.0) for i in range(10)}
    assert not judge(first, first, 0.03).different
