# SPDX-License-Identifier: MIT
"""Damaged result files: `check` names each, and no other command trusts them."""

import json

import pytest
from conftest import write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", processes=3)


def damage_empty(path):
    path.write_text("")


def damage_truncate(path):
    path.write_text(path.read_text()[:-300])


def damage_nan(path):
    path.write_text(path.read_text().replace('"real_time": ', '"real_time": NaN, "x": ', 1))


def damage_binary(path):
    path.write_bytes(b"\xff\xfe\x00")


def damage_list(path):
    path.write_text("[]")


def damage_duplicate_key(path):
    path.write_text(path.read_text().replace('"context": {', '"context": {}, "context": {', 1))


FATAL = {
    damage_empty: "is empty",
    damage_truncate: "is truncated",
    damage_nan: "NaN is not a number",
    damage_binary: "is not text",
    damage_list: "has no 'benchmarks' list",
    damage_duplicate_key: "key 'context' appears twice",
}


@pytest.mark.parametrize("damage", FATAL, ids=lambda f: f.__name__)
def test_damage_is_one_clear_line_everywhere(run, quintet, damage):
    path = run / "page_table.1.json"
    damage(path)
    status, out, _ = quintet("check", run)
    assert status == 1 and out.count("\n") == 1
    assert str(path) in out and FATAL[damage] in out and ";" in out
    for command in (["compare", run, run], ["report", run], ["figure", "11", run]):
        status, out, err = quintet(*command)
        assert status == 1 and err.count("\n") == 1 and FATAL[damage] in err


def test_the_remedy_for_a_damaged_round_mends_the_run(bench, tmp_path, quintet):
    folder = tmp_path / "run"
    assert quintet("run", "--processes", 2, "-o", folder)[0] == 0
    damage_empty(folder / "page_table.1.json")
    status, out, _ = quintet("check", folder)
    remedy = f"delete it, then measure it again: ./quintet run page_table --processes 2 -o {folder}"
    assert status == 1 and out == f"{folder}/page_table.1.json: is empty; {remedy}\n"
    (folder / "page_table.1.json").unlink()
    assert quintet(*remedy.partition("./quintet ")[2].split())[0] == 0
    assert quintet("check", folder)[0] == 0


@pytest.mark.parametrize(
    "name, remedy",
    [
        (
            "machine.json",
            "write it anew on the machine that measured: ./quintet machine --json -o ",
        ),
        ("run.json", "restore it from git or a copy"),
        ("noise.json", "./quintet compare --aa"),
        ("page_table.0.json", "delete it, and measure again with ./quintet run"),
        ("other.json", "delete it, and measure again with ./quintet run"),
    ],
)
def test_each_empty_file_has_a_remedy_that_helps(tmp_path, quintet, name, remedy):
    (tmp_path / name).write_text("")
    status, out, _ = quintet("check", tmp_path / name)
    assert status == 1 and out.count("\n") == 1 and f"{name}: is empty; " in out
    assert remedy in out and "quintet check" not in out


def test_a_run_without_its_machine_says_how_to_write_that(run, quintet):
    (run / "machine.json").unlink()
    status, out, _ = quintet("check", run)
    assert status == 1 and out.startswith(f"{run}: has no machine.json; write it anew")
    assert quintet("machine", "--json", "-o", run / "machine.json")[0] == 0
    assert quintet("check", run)[0] == 0


def edit(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def drop_row(document):
    del document["benchmarks"][0]


def repeat_row(document):
    document["benchmarks"].append(document["benchmarks"][0])


def error_row(document):
    document["benchmarks"][0] |= {"error_occurred": True, "error_message": "table is wrong"}


def skip_row(document):
    document["benchmarks"][0] |= {"error_occurred": True, "error_message": "SKIP: install x"}


def zero_row(document):
    document["benchmarks"][0]["ns_per_op"] = 0


def infinite_row(document):
    document["benchmarks"][0]["p99_ns"] = 1e999


def no_metric(document):
    del document["benchmarks"][0]["ns_per_op"]


def bad_name(document):
    document["benchmarks"][0]["name"] = "BM_Map"


def host(document):
    document["context"]["host_name"] = "someone"


@pytest.mark.parametrize(
    "change, message",
    [
        (drop_row, "page_table/map/nros is missing"),
        (repeat_row, "appears 2 times"),
        (error_row, "error row (table is wrong)"),
        (zero_row, "not positive"),
        (no_metric, "has no ns_per_op"),
        (bad_name, "case name 'BM_Map'"),
        (host, "names the host"),
    ],
)
def test_check_names_each_problem(run, quintet, change, message):
    edit(run / "page_table.2.json", change)
    status, out, _ = quintet("check", run)
    assert status == 1 and message in out and "page_table.2.json" in out


def test_infinite_value_is_found(run, quintet):
    path = run / "page_table.0.json"
    path.write_text(path.read_text().replace('"ns_per_op": ', '"p99_ns": 1e999, "ns_per_op": ', 1))
    status, out, _ = quintet("check", run)
    assert status == 1 and "p99_ns is not finite" in out


def test_whole_run_and_skipped_case_are_fine(run, quintet):
    assert quintet("check", run)[:2] == (0, "5 files, no problem\n")
    edit(run / "page_table.0.json", skip_row)
    assert quintet("check", run)[0] == 0


def test_missing_file_and_unfinished_run(run, quintet):
    (run / "page_table.1.json").unlink()
    edit(run / "run.json", lambda info: info.update(status="interrupted"))
    status, out, _ = quintet("check", run)
    assert status == 1 and "page_table.1.json: is missing" in out and "run is interrupted" in out


def test_equal_problems_stand_together_and_long_lists_are_cut(run, quintet):
    (run / "page_table.1.json").unlink()
    edit(run / "page_table.0.json", lambda document: document["benchmarks"].clear())
    for _ in range(2):
        edit(run / "page_table.2.json", no_metric)
        edit(run / "page_table.2.json", lambda d: d["benchmarks"].append(d["benchmarks"].pop(0)))
    status, out, _ = quintet("check", run)
    lines = out.splitlines()
    (missing,) = [i for i, line in enumerate(lines) if line.startswith("20 times: is missing; ")]
    assert status == 1 and f"-o {run}" in lines[missing]
    assert lines[missing + 1] == f"  {run}/page_table.0.json: page_table/map/nros"
    assert lines[missing + 11] == "  ... and 10 more (--all shows them)"
    (metric,) = [i for i, line in enumerate(lines) if line.startswith("2 times: has no ns_per_op")]
    assert lines[metric + 1].startswith(f"  {run}/page_table.2.json: page_table/map/nros")
    assert any(line.startswith(f"{run}/page_table.0.json: holds no row; ") for line in lines)
    assert lines[-1] == "23 problems"
    assert len(lines) == 1 + 12 + 3 + 1
    _, out, _ = quintet("check", run, "--all")
    assert "more (--all" not in out and len(out.splitlines()) == 1 + 21 + 3 + 1


def test_check_of_nothing_is_an_error(tmp_path, quintet):
    for path in (tmp_path, tmp_path / "absent"):
        status, _, err = quintet("check", path)
        assert status == 1 and err.count("\n") == 1 and str(path) in err
