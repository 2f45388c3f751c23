# SPDX-License-Identifier: MIT
"""A family that is measured beside nothing: values without ratios."""

import dataclasses

import conftest
import fake_bench
import pytest
from conftest import add_binary, write_run

from quintet.families import FAMILIES
from quintet.load import load_run
from quintet.report import write_report
from quintet.summary import summarise
from quintet.table import ratio_table


WORDS = ("--processes", "2", "-f", "/(host_|null)")


@pytest.fixture(autouse=True)
def without_rivals(monkeypatch):
    """The store's family as it is measured beside nothing."""
    nothing = {"baseline": "", "rivals": (), "best_of": (), "counterparts": (), "mean_over": ()}
    alone = dataclasses.replace(FAMILIES["ironkv"], metric="ns_per_op", metrics=(), **nothing)
    monkeypatch.setitem(FAMILIES, "ironkv", alone)
    monkeypatch.setitem(conftest.CASES, "ironkv", fake_bench.IRONKV_HOST)


def test_its_table_has_values_and_no_ratios(tmp_path):
    run = load_run(write_run(tmp_path / "run", families=("ironkv",)))
    text = ratio_table(summarise(run, FAMILIES["ironkv"]), FAMILIES["ironkv"], None)
    assert "host_get" in text and "quintet value:128" in text
    assert " vs " not in text


def test_it_is_measured_and_shown(tmp_path, quintet, monkeypatch):
    add_binary(tmp_path, monkeypatch, "ironkv_bench")
    status, out, _ = quintet("run", "ironkv", *WORDS, "-o", tmp_path / "run")
    assert status == 0 and "IronKV: medians over processes" in out
    assert "geometric mean" not in out


def test_its_report_is_written(tmp_path):
    run = load_run(write_run(tmp_path / "run", families=("ironkv",)))
    write_report([run], tmp_path / "report.html")
    assert "host_set" in (tmp_path / "report.html").read_text()
