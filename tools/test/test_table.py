# SPDX-License-Identifier: MIT
"""The table at the end of a run: as wide as there is room for, and never silently less."""

import os

import pytest
from conftest import write_run

from quintet import table
from quintet.families import FAMILIES
from quintet.load import load_run
from quintet.summary import summarise

FAMILY = FAMILIES["page_table"]
ALL = ["vs nros", "vs best rival", "vs verified", "vs verified_noreclaim"]


@pytest.fixture
def frame(tmp_path):
    return summarise(load_run(write_run(tmp_path / "run")), FAMILY)


def widest(text):
    return max(len(line) for line in text.splitlines())


def heads(text):
    """The ratio columns, with a mark for those that have an interval."""
    _, *columns = text.splitlines()[0].split("ns_per_op [95% CI]")[1].split("vs ")
    return ["vs " + column.strip() for column in columns]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_the_table_fits_its_width_and_names_what_is_left_out(frame, width):
    text = table.ratio_table(frame, FAMILY, width)
    assert widest(text) <= width
    shown = [head.removesuffix(" [95% CI]") for head in heads(text)]
    assert shown == ALL[: len(shown)]
    flat = " ".join(text.split())
    if len(shown) < len(ALL):
        assert f"Left out: {', '.join(ALL[len(shown):])}." in flat and "--wide" in flat


def test_at_the_usual_width_the_baseline_has_its_interval_and_the_best_rival_is_there(frame):
    found = heads(table.ratio_table(frame, FAMILY, table.WIDTH))
    assert found[0] == "vs nros [95% CI]" and found[1].startswith("vs best rival")


def test_wide_has_every_column_with_its_interval(frame):
    text = table.ratio_table(frame, FAMILY, None)
    assert heads(text) == [f"{head} [95% CI]" for head in ALL]
    assert widest(text) > table.WIDTH and "Left out" not in text and "--wide" not in text


def test_every_case_is_below_its_operation(frame):
    lines = table.ratio_table(frame, FAMILY, 80).splitlines()
    start = lines.index("map_random")
    assert [line.split("  ")[1] for line in lines[start + 1 : start + 4]] == [
        *("nros", "quintet", "quintet batch:16")
    ]
    assert lines[start + 4] == "" and "n = 5 processes." in lines


def test_different_numbers_of_processes_are_a_column(frame):
    frame.loc[0, "n"] = 4
    text = table.ratio_table(frame, FAMILY, 100)
    assert text.splitlines()[0].split()[2] == "n" and "n = 5 processes" not in text
    assert widest(text) <= 100


def test_the_terminal_is_asked_for_its_width(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    monkeypatch.setenv("COLUMNS", "77")
    assert table.terminal_width() == table.WIDTH
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert table.terminal_width() == 77
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("os.get_terminal_size", lambda fd: os.terminal_size((140, 50)))
    assert table.terminal_width() == 140


def test_run_prints_the_narrow_table_and_with_wide_the_whole(bench, tmp_path, quintet, monkeypatch):
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setattr("quintet.figure.known_figures", dict)
    monkeypatch.delenv("FAKE_CASES")
    folder = tmp_path / "run"
    status, out, _ = quintet("run", "--processes", 3, "-o", folder)
    lines = [line for line in out.splitlines() if str(tmp_path) not in line]
    assert status == 0 and max(map(len, lines)) <= 100
    status, out, _ = quintet("run", "--processes", 3, "-o", folder, "--wide")
    assert status == 0 and "0 to go" in out and "vs verified_noreclaim [95% CI]" in out
