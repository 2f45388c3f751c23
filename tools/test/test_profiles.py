# SPDX-License-Identifier: MIT
"""Quick, default and full: what each gives to the binary, and how old runs are read."""

import json

import pytest
from conftest import write_run

from quintet.families import FAMILIES
from quintet.profiles import PROFILES, profile_flags, profile_name

FULL = ["--pages=100000000", "--random_pages=16777216"]


@pytest.mark.parametrize(
    "arguments, profile, processes, flags",
    [
        ([], "default", 5, []),
        (["--quick"], "quick", 3, ["--quick"]),
        (["--quick", "--pages", "3K"], "quick", 3, ["--quick", "--pages=3K"]),
        (["--full"], "full", 10, FULL),
        (["--full", "--processes", "2"], "full", 2, FULL),
        (["--full", "--pages", "1M"], "full", 10, ["--pages=1M"]),
        (["--full", "--", "--random_pages=9"], "full", 10, [*FULL, "--random_pages=9"]),
    ],
)
def test_a_profile_is_processes_and_flags(
    bench, tmp_path, quintet, monkeypatch, arguments, profile, processes, flags
):
    monkeypatch.setattr("quintet.run.measure", lambda campaign: keep(campaign.settings))
    monkeypatch.setattr("quintet.cli._present", lambda *_: 0)
    kept = []
    keep = kept.append
    assert quintet("run", "-o", tmp_path / "run", *arguments)[0] == 0
    (settings,) = kept
    assert (settings.profile, settings.processes) == (profile, processes)
    assert list(settings.flags["page_table"]) == flags


def test_quick_is_what_the_binary_means_by_it():
    for family in FAMILIES.values():
        assert profile_flags("quick", family) == ("--quick",)
        assert profile_flags("default", family) == ()


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"profile": "quick", "flags": {"page_table": []}}, "default"),
        ({"profile": "quick", "flags": {"page_table": ["--pages=5M"]}}, "default"),
        ({"profile": "quick", "flags": {"page_table": ["--quick"]}}, "quick"),
        ({"profile": "full", "flags": {"page_table": FULL}}, "full"),
        ({}, "default"),
    ],
)
def test_runs_from_before_the_default_had_its_name_are_read_right(settings, name):
    assert profile_name(settings) == name and name in PROFILES


def test_a_run_with_the_old_name_is_compared_indexed_and_continued(bench, tmp_path, quintet, root):
    assert quintet("run", "--processes", 2, "-o", tmp_path / "run")[0] == 0
    path = tmp_path / "run" / "run.json"
    info = json.loads(path.read_text())
    info["settings"]["profile"] = "quick"
    path.write_text(json.dumps(info))
    status, out, _ = quintet("run", "--processes", 2, "-o", tmp_path / "run")
    assert status == 0 and "8 of 8 samples are there" in out
    new = write_run(tmp_path / "new")
    assert quintet("compare", tmp_path / "run", new, "--baseline", "nros")[0] == 0
    assert quintet("curate", tmp_path / "run")[0] == 0
    assert "2 x 1 default" in (root / "results" / "README.md").read_text()
