# SPDX-License-Identifier: MIT
"""The family of obligations through every tool: run, figure 8, check, compare, report."""

import json
import shutil
from dataclasses import replace

import pytest
from conftest import write_run

from quintet import figure, lines, obligations, obligations_text
from quintet.families import FAMILIES
from quintet.load import load_run

CASE = "verification/page_table/{}/cores:1"


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", families=("verification",))


@pytest.fixture
def both(tmp_path):
    return write_run(tmp_path / "both", families=("page_table", "verification"))


def edit(run, change):
    """Applies `change` to every row; it returns the row, or None to drop it."""
    for path in run.glob("verification.*.json"):
        document = json.loads(path.read_text())
        kept = [change(row) for row in document["benchmarks"]]
        document["benchmarks"] = [row for row in kept if row is not None]
        path.write_text(json.dumps(document))


def system_of(run):
    (system,) = obligations.read(load_run(run)).systems
    return system


def test_verdicts_and_reach_come_from_the_label(run):
    system = system_of(run)
    assert system.kinds() == {"proved": 2, "bounded": 1, "sampled": 1} and not system.open
    assert system.reaches() == ["unbounded", "bounded(3 threads,1 op,views)", "sampled"]
    assert (system.total("queries"), system.total("paths")) == (516, 9109)
    assert system.faults.count("killed") == 15
    assert sorted(system.seconds()) == [1, 2]
    assert system.seconds()[1] == pytest.approx(12.1, rel=0.05)


def test_times_are_read_in_the_unit_of_their_row(run):
    def in_microseconds(row):
        times = {key: row[key] * 1e3 for key in ("real_time", "cpu_time")}
        return {**row, **times, "time_unit": "us"}

    before = system_of(run).seconds()
    edit(run, in_microseconds)
    assert system_of(run).seconds() == pytest.approx(before)


def test_the_sum_stands_in_for_a_case_that_proves_all(run):
    edit(run, lambda row: None if "/all/" in row["name"] else row)
    assert system_of(run).seconds() == {1: pytest.approx(12.1, rel=0.05)}


@pytest.mark.parametrize("label", ["refuted", "unknown:60 s", ""])
def test_what_proves_nothing_is_open_and_not_counted(run, label):
    edit(run, lambda row: {**row, "label": label} if "/unmap/" in row["name"] else row)
    system = system_of(run)
    assert system.open == ["unmap"] and system.kinds()["proved"] == 1
    text = obligations_text.list_text(obligations.read(load_run(run)))
    word = (label.partition(":")[0] or "none").upper()
    assert word in text and "1 proved, 1 bounded, 1 sampled, 1 OPEN" in text


def test_a_failed_case_is_open_and_a_skipped_one_says_so(run):
    error = {"error_occurred": True, "error_message": "SKIP: install libz3-dev"}

    def change(row):
        if "/unmap/" in row["name"]:
            return None
        return {**row, **error} if "/map_4k/" in row["name"] else row

    edit(run, change)
    system = system_of(run)
    assert (system.open, system.skipped) == (["unmap"], ["map_4k"])
    text = obligations_text.list_text(obligations.read(load_run(run)))
    assert "FAILED" in text and "1 OPEN, 1 skipped" in text


def test_lines_are_those_of_the_commit_or_else_of_the_binary(run, monkeypatch):
    found = obligations.read(load_run(run))
    assert found.systems[0].lines == lines.Counts(trusted=75, proof=95, tests=0, exec=44)
    assert "the binary" in found.lines_from and found.kit is None
    tree = {"page_table": lines.Counts(1, 2, 3, 4), "proof": lines.Counts(trusted=200)}
    monkeypatch.setattr(obligations, "_committed", lambda sha: tree)
    found = obligations.read(load_run(run))
    assert found.systems[0].lines == tree["page_table"] and found.lines_from == "commit 0123456"
    rows = obligations_text.system_rows(found)
    assert rows[0][1:6] == ["1", "2", "3", "4", "0.5"] and rows[1][:2] == [
        "kit (trusted tool)",
        "200",
    ]
    text = (run / "run.json").read_text().replace('"git_dirty": false', '"git_dirty": true')
    (run / "run.json").write_text(text)
    assert "the binary" in obligations.read(load_run(run)).lines_from


def test_figure_8_is_a_table_in_five_forms_and_the_same_every_time(run, tmp_path, quintet):
    for name in ("one", "two"):
        status, out, _ = quintet("figure", "8", run, "-o", tmp_path / name)
        assert status == 0
    kinds = ("pdf", "svg", "png", "txt", "md")
    assert sorted(p.suffix[1:] for p in (tmp_path / "two").iterdir()) == sorted(kinds)
    for kind in kinds:
        one, two = ((tmp_path / name / f"fig08.{kind}").read_bytes() for name in ("one", "two"))
        assert len(one) > 1000 and one == two
    text = (tmp_path / "one" / "fig08.txt").read_text()
    assert text in out and "2/1/1" in text and "15/16" in text and "2 cores (s)" in text
    assert "Page table, Verus" in text and "30 (8)" in text
    assert "unbounded and 2 more" in text
    status, out, _ = quintet("figure", "8", run, "-o", tmp_path / "plain", "--no-paper")
    assert "Verus" not in (tmp_path / "plain" / "fig08.txt").read_text() and "Verus" not in out


def test_the_drawing_holds_every_cell_of_the_text(run):
    drawn = figure.draw(figure.known_figures()[8], load_run(run))
    words = {text.get_text() for text in drawn.texts}
    verification = obligations.read(load_run(run))
    for row in obligations_text.system_rows(verification):
        assert set(row) <= words
    grey = [text.get_text() for text in drawn.texts if text.get_color() == "#7F7F7F"]
    assert "IronKV, Verus" in grey and "page table" not in grey


def test_figure_all_skips_what_a_run_does_not_have(run, tmp_path, quintet):
    pages = write_run(tmp_path / "pages")
    status, out, err = quintet("figure", "all", pages, "-o", tmp_path / "out")
    assert status == 0 and "fig11.pdf" in out and "fig08" not in out
    assert err.splitlines() == [
        f"figure 8: not drawn: {pages} has no verification case",
        f"figure 9: not drawn: {pages} has no ironkv case",
        f"figure 10: not drawn: {pages} has no node_replication case",
        f"figure 12: not drawn: {pages} has no allocator case",
        f"figure 13: not drawn: {pages} has no pm_log case",
    ]
    status, out, err = quintet("figure", "all", run, pages, "-o", tmp_path / "out")
    assert status == 0 and len(out.split("out/")) == 9 and err.count("not drawn") == 10
    status, _, err = quintet("figure", "8", pages)
    assert status == 1 and err.count("\n") == 1 and "./quintet run verification" in err


def test_check_compare_and_report_cope(both, tmp_path, quintet):
    assert quintet("check", both)[0] == 0
    slow = {CASE.format("map_4k"): 1.5}
    families = ("page_table", "verification")
    other = write_run(tmp_path / "other", families=families, seed=2, scale=slow)
    status, out, _ = quintet("compare", both, other, "--json")
    document = json.loads(out)
    assert status == 0 and document["metric"] == "ns_per_op or real_time"
    assert document["different"] == [*slow] and len(document["cases"]) == 26
    plain = write_run(tmp_path / "plain", seed=3)
    document = json.loads(quintet("compare", both, plain, "--json")[1])
    assert len(document["cases"]) == 19 and len(document["only_a"]) == 7
    status, _, err = quintet("compare", write_run(tmp_path / "v", families=families[1:]), plain)
    assert status == 1 and "no common case" in err and err.count("\n") == 1
    page = tmp_path / "report.html"
    status, _, _ = quintet("report", both, "-o", page)
    text = page.read_text()
    assert status == 0 and text.count("<h2>") >= 2 and "All obligations" in text
    assert "page_table: map_4k" in text and 'value="map_4k"' not in text


def test_run_measures_obligations_only_when_they_are_named(bench, quintet, tmp_path):
    folder = tmp_path / "run"
    status, _, _ = quintet("run", "--processes", "1", "-o", folder)
    assert status == 0 and not [*folder.glob("verification*")]
    shutil.copy(bench, bench.with_name("verification_bench"))
    arguments = ("verification", "--processes", "2", "-o", tmp_path / "proofs")
    status, out, err = quintet("run", *arguments)
    assert status == 0 and "map_4k" in out and "proved" in out and "faults: 15/16" in out
    assert "fig08.pdf" in out and "ratios" not in out and "all, on 2 cores" in out
    assert quintet("check", tmp_path / "proofs")[0] == 0
    assert quintet("curate", tmp_path / "proofs")[0] == 0


def test_a_failing_obligation_fails_the_run(bench, quintet, tmp_path, monkeypatch):
    shutil.copy(bench, bench.with_name("verification_bench"))
    monkeypatch.setenv("FAKE_FAIL", CASE.format("unmap"))
    status, out, err = quintet("run", "verification", "--processes", "1", "-o", tmp_path / "run")
    assert status == 1 and "unmap" in err and "table is wrong" in err
    assert "FAILED" in out and "1 OPEN" in out


@pytest.mark.parametrize(
    "value, text",
    [(123.4, "123"), (12.34, "12.3"), (0.0123, "0.0123"), (0.0002, "0.0002"), (0, "<0.0001")],
)
def test_times_in_seconds(value, text):
    assert obligations_text.seconds(value) == text


def test_a_family_without_rivals_is_complete():
    family = FAMILIES["verification"]
    assert family.obligations and not family.baseline and not replace(family).rivals
    assert obligations.family_of_obligations() is family
