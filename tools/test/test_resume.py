# SPDX-License-Identifier: MIT
"""Runs that are not whole: every reader says so, and how to finish them."""

import json
import shlex

import pytest
from conftest import write_run

from quintet import cli
from quintet.load import load_run
from quintet.resume import incomplete, resume_command


@pytest.fixture
def cut(tmp_path):
    """A run that was interrupted in its third of three rounds."""
    run = write_run(tmp_path / "cut", processes=3)
    info = json.loads((run / "run.json").read_text())
    info["settings"]["flags"] = {"page_table": []}
    (run / "run.json").write_text(json.dumps(info | {"status": "interrupted"}))
    last = json.loads((run / "page_table.2.json").read_text())
    del last["benchmarks"][4:]
    (run / "page_table.2.json").write_text(json.dumps(last))
    return run


COMMANDS = {
    "figure": lambda run, out: ["figure", "11", run, "-o", out],
    "report": lambda run, out: ["report", run, "-o", out / "report.html"],
    "compare": lambda run, out: ["compare", run, run],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_reader_warns_of_an_unfinished_run(cut, tmp_path, quintet, command):
    status, out, err = quintet(*COMMANDS[command](cut, tmp_path / "out"))
    assert status == 0
    lines = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert len(lines) == (2 if command == "compare" else 1)
    assert f"{cut} is incomplete (interrupted): 15 of 57 samples are missing, in 15" in lines[0]
    assert f"finish it with: ./quintet run page_table --processes 3 -o {cut}" in lines[0]
    if command == "report":
        assert "15 of 57 samples are missing" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_whole_run_gives_no_warning(tmp_path, quintet, command):
    run = write_run(tmp_path / "whole", processes=3)
    assert "incomplete" not in quintet(*COMMANDS[command](run, tmp_path / "out"))[2]


def test_a_bare_file_has_no_plan_and_a_skip_is_not_missing(tmp_path):
    run = write_run(tmp_path / "run", processes=3)
    assert not incomplete(load_run(run / "page_table.0.json"))
    for path in run.glob("page_table.*.json"):
        document = json.loads(path.read_text())
        document["benchmarks"][0] |= {"error_occurred": True, "error_message": "SKIP: no rival"}
        path.write_text(json.dumps(document))
    assert not incomplete(load_run(run))


def test_too_few_repetitions_are_missing(tmp_path):
    run = write_run(tmp_path / "run", processes=3, reps=2)
    document = json.loads((run / "page_table.1.json").read_text())
    del document["benchmarks"][0]
    (run / "page_table.1.json").write_text(json.dumps(document))
    assert "1 of 57 samples are missing, in 1 case;" in incomplete(load_run(run))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--full"],
        ["--full", "--pages", "7M"],
        ["--quick", "--pages", "3K"],
        ["--processes", "2", "--reps", "3", "--filter=-/(un)?map/nros", "--pages", "5M"],
        ["page_table", "--full", "--processes", "2", "--", "--pages=7M", "--quick"],
    ],
)
def test_the_named_command_finishes_the_run(bench, tmp_path, quintet, monkeypatch, arguments):
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setattr("quintet.figure.known_figures", dict)
    monkeypatch.setenv("FAKE_FAIL", "page_table/unmap/quintet")
    folder = tmp_path / "a run"
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    status, _, err = quintet("run", *arguments[:cut], "-o", folder, *arguments[cut:])
    command = err.splitlines()[-1].partition("finish it with: ")[2]
    info = json.loads((folder / "run.json").read_text())
    assert status == 1 and command == resume_command(folder, info)
    monkeypatch.delenv("FAKE_FAIL")
    words = shlex.split(command)
    assert words[:2] == ["./quintet", "run"] and cli.main(words[1:]) == 0
    assert not incomplete(load_run(folder)) and quintet("check", folder)[0] == 0


def test_when_nothing_was_measured_the_command_is_named_too(bench, tmp_path, quintet, monkeypatch):
    monkeypatch.setenv("FAKE_FAIL", "page_table/unmap/quintet")
    folder = tmp_path / "run"
    status, _, err = quintet("run", "-f", "unmap/quintet", "-o", folder)
    assert status == 1 and "fix it, then: ./quintet run page_table --filter=unmap/quintet" in err
