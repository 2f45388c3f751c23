# SPDX-License-Identifier: MIT
"""`run` against a fake binary: samples, order, failures, interruption and resumption."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import TOOLS

CASES = ("page_table/map/nros", "page_table/unmap/quintet")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run folder; the drawing after the run has tests of its own."""
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setattr("quintet.figure.known_figures", dict)
    return tmp_path / "run"


def rows(folder, process=0):
    return json.loads((folder / f"page_table.{process}.json").read_text())["benchmarks"]


def status_of(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def test_a_run_has_every_sample_and_no_private_fact(bench, folder, quintet):
    status, out, _ = quintet("run", "--processes", 3, "--reps", 2, "-o", folder, "--pages", "5M")
    assert status == 0 and "vs nros" in out and "geometric mean of quintet / nros" in out
    for process in range(3):
        assert len(rows(folder, process)) == 8
        assert {row["process"] for row in rows(folder, process)} == {process}
    text = "".join(path.read_text() for path in folder.glob("*.json"))
    assert "secret-host" not in text and str(bench.parent) not in text
    assert '"qt_pages": "5M"' in text and status_of(folder) == "complete"
    assert quintet("check", folder)[0] == 0


def test_implementations_of_an_operation_run_next_to_each_other(bench, folder, quintet):
    quintet("run", "--processes", 6, "-o", folder, "--seed", 7)
    orders = []
    for process in range(6):
        ordered = sorted(rows(folder, process), key=lambda row: row["order"])
        names = [row["name"].split("/")[1:3] for row in ordered]
        operations = [name[0] for name in names]
        assert operations in (["map"] * 2 + ["unmap"] * 2, ["unmap"] * 2 + ["map"] * 2)
        orders.append(names)
    assert {order[0][0] for order in orders} == {"map", "unmap"}
    firsts = {next(n[1] for n in order if n[0] == "map") for order in orders}
    assert firsts == {"nros", "quintet"}


def test_the_seed_fixes_the_order(bench, tmp_path, folder, quintet):
    for name in ("x", "y"):
        quintet("run", "--processes", 2, "-o", tmp_path / name, "--seed", 3)
    order = [[r["name"] for r in rows(tmp_path / name, 1)] for name in ("x", "y")]
    assert order[0] == order[1]


def test_only_missing_samples_are_measured_again(bench, folder, quintet):
    quintet("run", "--processes", 3, "-o", folder)
    before = [rows(folder, process) for process in range(3)]
    (folder / "page_table.1.json").unlink()
    document = json.loads((folder / "page_table.2.json").read_text())
    lost = document["benchmarks"].pop()
    (folder / "page_table.2.json").write_text(json.dumps(document))
    status, out, _ = quintet("run", "--processes", 3, "-o", folder)
    assert status == 0 and "7 of 12 samples are there, 5 to go" in out
    assert rows(folder, 0) == before[0] and len(rows(folder, 1)) == 4
    assert rows(folder, 2)[:3] == before[2][:3] and rows(folder, 2)[3]["name"] == lost["name"]


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda bench: ["--processes", "4"], "processes 3 there, 4 now"),
        (lambda bench: ["--reps", "2"], "reps 1 there, 2 now"),
        (lambda bench: ["--filter", "unmap"], "filter None there, unmap now"),
        (lambda bench: ["--pages", "9"], "flags"),
        (lambda bench: ["--seed", "99"], "seed"),
        (lambda bench: bench.write_text(bench.read_text() + "#") and [], "binary of page_table"),
    ],
)
def test_another_run_is_not_continued(bench, folder, quintet, change, message):
    quintet("run", "--processes", 3, "-o", folder, "--seed", 1)
    arguments = change(bench)
    status, _, err = quintet("run", "--processes", 3, *arguments, "-o", folder)
    assert status == 1 and err.strip().count("\n") <= 1
    assert "holds another run" in err and message in err and "give the same settings" in err


def test_interruption_leaves_whole_files_and_resumes(bench, tmp_path):
    folder = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": str(TOOLS), "FAKE_SECONDS": "0.15"}
    command = [sys.executable, "-m", "quintet.cli", "run", "page_table"]
    command += ["--processes", "3", "-o", str(folder)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not (folder / "page_table.0.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.25)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and f"-o {folder}" in err
    assert status_of(folder) == "interrupted"
    done = sum(len(json.loads(p.read_text())["benchmarks"]) for p in folder.glob("page_table.*"))
    assert 0 < done < 12 and not list(folder.glob(".*"))
    result = subprocess.run(
        command, env={**environment, "FAKE_SECONDS": "0"}, capture_output=True, text=True
    )
    assert result.returncode == 0
    assert f"{done} of 12 samples are there, {12 - done} to go" in result.stdout
    assert status_of(folder) == "complete" and (folder / "fig11.pdf").exists()
    assert (folder / "report.html").exists()


def test_resume_finds_the_newest_unfinished_run(bench, folder, quintet, monkeypatch, root):
    monkeypatch.setenv("FAKE_FAIL", CASES[0])
    assert quintet("run", "--processes", 2)[0] == 1
    monkeypatch.delenv("FAKE_FAIL")
    (found,) = (root / "build" / "runs").glob("*/*/run.json")
    assert json.loads(found.read_text())["status"] == "failed"
    status, out, _ = quintet("run", "--processes", 2, "--resume")
    assert status == 0 and "6 of 8 samples are there" in out
    assert json.loads(found.read_text())["status"] == "complete"
    status, _, err = quintet("run", "--processes", 2, "--resume")
    assert status == 1 and "no unfinished run" in err


@pytest.mark.parametrize(
    "variable, reason",
    [
        ("FAKE_FAIL", "table is wrong"),
        ("FAKE_CRASH", "killed by SIGSEGV"),
        ("FAKE_TRUNCATE", "its JSON: is truncated"),
        ("FAKE_HANG", "did not end in 1 s"),
    ],
)
def test_a_bad_case_is_named_and_the_others_are_kept(
    bench, folder, quintet, monkeypatch, variable, reason
):
    monkeypatch.setenv(variable, CASES[0])
    status, out, err = quintet("run", "--processes", 2, "-o", folder, "--timeout", 1)
    assert status == 1 and f"{CASES[0]} failed: " in err and reason in err
    assert {row["name"].split("/iter")[0] for row in rows(folder, 1)} == {
        "page_table/map/quintet",
        "page_table/unmap/nros",
        "page_table/unmap/quintet",
    }
    assert status_of(folder) == "failed"


def test_a_skipped_case_is_not_a_failure(bench, folder, quintet, monkeypatch):
    monkeypatch.setenv("FAKE_SKIP", CASES[1])
    status, out, _ = quintet("run", "--processes", 2, "-o", folder)
    assert status == 0 and f"skipped {CASES[1]}: install libfake-dev" in out
    assert quintet("check", folder)[0] == 0


def test_filter_list_and_flags(bench, folder, quintet):
    status, out, _ = quintet("run", "--list", "--filter", "/map/")
    assert status == 0 and out == "page_table/map/nros\npage_table/map/quintet\n"
    assert quintet("run", "--processes", 1, "-f", "unmap", "-o", folder)[0] == 0
    assert len(rows(folder)) == 2


def test_one_process_is_enough_to_see_numbers(bench, folder, quintet):
    status, out, _ = quintet("run", "--processes", 1, "-o", folder)
    assert status == 0 and "[" not in out.split("-----")[-1].split("geometric")[0]


def test_two_runs_at_once_are_refused(bench, folder, quintet):
    from quintet.run import only_run

    with only_run():
        status, _, err = quintet("run", "-o", folder)
    assert status == 1 and "another ./quintet run is measuring" in err


def test_a_folder_with_other_things_is_left_alone(bench, tmp_path, quintet):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    status, _, err = quintet("run", "-o", tmp_path / "mine")
    assert status == 1 and "is not empty" in err
