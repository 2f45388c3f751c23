# SPDX-License-Identifier: MIT
"""Bad input: one line with the remedy and the right status; and the small commands."""

import json
from pathlib import Path

import pytest
from conftest import write_run

from quintet import cli
from quintet.arguments import parse
from quintet.machine import machine_id, slug


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["run", "nothing"], 2, ["unknown family 'nothing'", "page_table"]),
        (["run", "--processes", "0"], 2, ["not a positive number", "--help"]),
        (["run", "--processes", "1.5"], 2, ["'1.5' is not a positive number"]),
        (["run", "--pages", "-3"], 2, ["--pages"]),
        (["run", "--timeout", "nan"], 2, ["not a positive number of seconds"]),
        (["run", "--", "--benchmark_out=x"], 2, ["--benchmark_out cannot follow --"]),
        (["run", "--filter", "("], 2, ["not a regular expression"]),
        (["run", "--quick", "--full"], 2, ["not allowed with"]),
        (
            ["figure", "99"],
            2,
            ["unknown figure '99'", "known figures: 8 (verification), 9 (ironkv), 10"],
        ),
        (["compare", "absent", "absent"], 1, ["absent: no such run", "ls build/runs"]),
        (["compare", "onlyone"], 2, ["required: B", "--help"]),
        (
            ["figure", "8", "run", "--frob"],
            2,
            ["unrecognized", "--frob; see ./quintet figure --help"],
        ),
        (["frobnicate"], 2, ["invalid choice"]),
        ([], 2, ["required: COMMAND"]),
        (["check", "x", "--", "--flag"], 2, ["only run takes flags after --"]),
    ],
)
def test_bad_input_is_one_line(quintet, bench, arguments, status, words):
    code, out, err = quintet(*arguments)
    assert code == status and not out and err.count("\n") == 1 and err.startswith("quintet: ")
    for word in words:
        assert word in err


def test_options_may_stand_between_arguments():
    args = parse(["figure", "8", "-o", "out", "one", "--no-paper", "two"])
    assert (args.command, args.which, args.run) == ("figure", "8", [Path("one"), Path("two")])
    assert args.output == Path("out") and not args.paper


def test_filter_that_matches_nothing(quintet, bench, tmp_path):
    status, _, err = quintet("run", "--filter", "zzz", "-o", tmp_path / "run")
    assert status == 1 and err.count("\n") == 1
    assert "'zzz' matches no case of page_table" in err and "--list" in err
    assert not (tmp_path / "run").exists()


def test_missing_binary(quintet, tmp_path, monkeypatch):
    monkeypatch.setenv("QUINTET_BUILD_DIR", str(tmp_path))
    status, _, err = quintet("run", "page_table")
    assert status == 1 and err.count("\n") == 1 and "./quintet build perf" in err


def test_bad_flag_for_the_binary(quintet, bench, tmp_path):
    bench.write_text("#!/bin/sh\necho 'bench: unknown flag --frob: see --help' >&2\nexit 2\n")
    status, _, err = quintet("run", "-o", tmp_path / "run", "--", "--frob")
    assert status == 1 and "unknown flag --frob" in err and err.count("\n") == 1


def test_unwritable_output_is_one_line(quintet, tmp_path):
    run = write_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    for arguments in (
        ("report", run, "-o", tmp_path / "file" / "report.html"),
        ("figure", "11", run, "-o", tmp_path / "file" / "figures"),
    ):
        status, _, err = quintet(*arguments)
        assert status == 1 and err.count("\n") == 1
        assert "file" in err and "choose another place with -o" in err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "machine", "check", "compare", "figure", "report", "lines", "curate"):
        assert f"\n    {command} " in text


def test_machine_is_named_by_stable_facts_only(quintet, tmp_path):
    status, out, _ = quintet("machine", "--json", "-o", tmp_path / "machine.json")
    facts = json.loads(out)
    assert status == 0 and facts == json.loads((tmp_path / "machine.json").read_text())
    assert facts["machine_id"] == machine_id(facts["stable"])
    assert machine_id({**facts["stable"], "ram_gib": -1}) != facts["machine_id"]
    import platform

    assert platform.node() == "" or f'"{platform.node()}"' not in out
    status, text, _ = quintet("machine")
    assert status == 0 and facts["machine_id"] in text


@pytest.mark.parametrize(
    "cpu, expected",
    [
        ("AMD EPYC 7452 32-Core Processor", "amd-epyc-7452"),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "intel-xeon-e5-2680-v4"),
        ("", "cpu"),
    ],
)
def test_slug(cpu, expected):
    assert slug(cpu) == expected


def test_curate_copies_a_checked_run_and_writes_the_index(quintet, tmp_path, root):
    run = write_run(tmp_path / "20241104T000000Z-0123456")
    status, out, _ = quintet("curate", run)
    target = root / "results" / "test-cpu-2c2t-1n-abcdef" / run.name
    assert status == 0 and (target / "page_table.4.json").exists()
    index = (root / "results" / "README.md").read_text()
    assert f"[{run.name}]" in index and "of nros (6)" in index and "5 x 1 default" in index
    assert quintet("check", root / "results")[0] == 0
    status, _, err = quintet("curate", run)
    assert status == 1 and "is there already" in err
    (run / "page_table.0.json").unlink()
    status, _, err = quintet("curate", run)
    assert status == 1 and "is not fit to keep" in err and err.count("\n") == 1


def test_index_without_runs(quintet, root):
    assert quintet("curate")[0] == 0
    assert "No run is kept yet" in (root / "results" / "README.md").read_text()
