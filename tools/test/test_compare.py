# SPDX-License-Identifier: MIT
"""`compare` from files to words."""

import json
from pathlib import Path

import fake_bench
from conftest import write_run
from quintet.compare import settings_differences
from quintet.load import Run

SLOW = "page_table/unmap/quintet"


def test_same_binary_has_no_difference(tmp_path, quintet):
    first, second = write_run(tmp_path / "a", seed=1), write_run(tmp_path / "b", seed=2)
    status, out, _ = quintet("compare", first, second)
    assert status == 0 and "no case is different (19 compared)" in out
    assert "default: this machine has no A/A run yet" in out


def test_one_slow_case_is_named_and_no_other(tmp_path, quintet):
    first = write_run(tmp_path / "a", seed=1)
    second = write_run(tmp_path / "b", seed=2, scale={SLOW: 1.1})
    status, out, _ = quintet("compare", first, second, "--json")
    result = json.loads(out)
    assert status == 0 and result["different"] == [SLOW]
    assert result["higher_is_better"] is False and result["schema"] == 1
    _, text, _ = quintet("compare", first, second)
    assert f"1 of 19 cases different: {SLOW} (SLOWER" in text
    _, markdown, _ = quintet("compare", first, second, "--md")
    assert f"| {SLOW} |" in markdown and f"**1 of 19 cases different: {SLOW}" in markdown


def test_a_long_comparison_shows_the_most_telling_cases_and_counts_the_rest(tmp_path, quintet):
    first = write_run(tmp_path / "a", seed=1)
    second = write_run(tmp_path / "b", seed=2, scale={SLOW: 1.1})
    _, out, _ = quintet("compare", first, second)
    rows = [line for line in out.splitlines() if line.startswith("page_table/")]
    assert len(rows) == 10 and sum("SLOWER" in row for row in rows) == 1
    assert "\n... and 9 more: 9 the same (--all shows them)\n" in out
    _, out, _ = quintet("compare", first, second, "--all")
    rows = [line.split()[0] for line in out.splitlines() if line.startswith("page_table/")]
    assert rows == [case for case in fake_bench.CASES] and "more" not in out.split("ratio =")[0]
    _, markdown, _ = quintet("compare", first, second, "--md")
    assert markdown.count("\n| page_table/") == 10 and "... and 9 more: 9 the same" in markdown
    _, text, _ = quintet("compare", first, second, "--json")
    assert len(json.loads(text)["cases"]) == 19


def test_long_lists_of_a_comparison_are_cut(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    for path in second.glob("page_table.*.json"):
        document = json.loads(path.read_text())
        for row in document["benchmarks"][:12]:
            row["name"] = row["name"].replace("/iterations", "/new:1/iterations")
        path.write_text(json.dumps(document))
    _, out, _ = quintet("compare", first, second)
    line = next(line for line in out.splitlines() if line.startswith("only in A (12): "))
    assert line.count("page_table/") == 10 and line.endswith("... and 2 more (--all shows them)")


def test_many_differences_are_cut_too(tmp_path, quintet, monkeypatch):
    for module in ("lists", "compare_text"):
        monkeypatch.setattr(f"quintet.{module}.LIMIT", 2)
    slow = {f"page_table/{operation}/quintet": 1.2 for operation in ("map", "unmap", "resolve")}
    first = write_run(tmp_path / "a", seed=1)
    second = write_run(tmp_path / "b", seed=2, scale=slow)
    arguments = ("compare", first, second, "--fail-below", "0.9")
    status, out, err = quintet(*arguments)
    assert status == 1 and err.count("\n") == 3 and "... and 1 more (--all shows them)" in err
    assert "3 of 19 cases different: " in out and out.count("SLOWER") == 4
    assert "... and 17 more: 1 different, 16 the same (--all shows them)" in out
    status, out, err = quintet(*arguments, "--all")
    assert err.count("\n") == 3 and "... and" not in err and out.count("SLOWER") == 6


def test_fail_below_fails_only_for_a_real_slowdown(tmp_path, quintet):
    first = write_run(tmp_path / "a", seed=1)
    second = write_run(tmp_path / "b", seed=2, scale={SLOW: 1.1})
    status, _, err = quintet("compare", first, second, "--fail-below", "0.95")
    assert status == 1 and SLOW in err and err.count("\n") == 1
    assert quintet("compare", first, second, "--fail-below", "0.8")[0] == 0
    assert quintet("compare", second, first, "--fail-below", "0.95")[0] == 0
    same = write_run(tmp_path / "c", seed=3)
    assert quintet("compare", first, same, "--fail-below", "1.5")[0] == 0


def test_cases_on_one_side_are_listed(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    for path in second.glob("page_table.*.json"):
        path.write_text(path.read_text().replace("resolve/quintet/", "resolve/quintet_new/"))
    _, out, _ = quintet("compare", first, second)
    assert "only in A (1): page_table/resolve/quintet\n" in out
    assert "only in B (1): page_table/resolve/quintet_new\n" in out
    assert "18 compared" in out


def test_no_common_case_is_one_line(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b")
    for path in second.glob("page_table.*.json"):
        path.write_text(path.read_text().replace("page_table/", "other_table/"))
    status, out, err = quintet("compare", first, second, "--metric", "ns_per_op")
    assert status == 1 and not out and err.count("\n") == 1 and "no common case" in err


def test_unknown_metric_lists_the_known_ones(tmp_path, quintet):
    run = write_run(tmp_path / "a")
    status, _, err = quintet("compare", run, run, "--metric", "mops")
    assert status == 1 and "ns_per_op" in err and err.count("\n") == 1


def test_two_machines_need_a_baseline(tmp_path, quintet):
    first = write_run(tmp_path / "a", machine="first-cpu-2c2t-1n-000001")
    twice = {name: 2.0 * (1.1 if name == SLOW else 1.0) for name in __import__("fake_bench").CASES}
    second = write_run(tmp_path / "b", machine="second-cpu-4c4t-1n-000002", scale=twice, seed=2)
    status, _, err = quintet("compare", first, second)
    assert status == 1 and "--baseline" in err and err.count("\n") == 1
    status, out, _ = quintet("compare", first, second, "--baseline", "nros", "--json")
    result = json.loads(out)
    assert status == 0 and result["different"] == [SLOW] and result["drift"] == 1
    names = [case["case"] for case in result["cases"]]
    assert "page_table/map/nros" not in names and "page_table/map_random/quintet/batch:16" in names
    status, _, err = quintet("compare", first, second, "--baseline", "absent")
    assert status == 1 and "'absent'" in err


def test_an_unknown_baseline_lists_those_of_both_runs(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    for path in second.glob("page_table.*.json"):
        path.write_text(path.read_text().replace("/verified/", "/proved/"))
    both = "both runs have: nros, quintet, quintet_noreclaim, verified_noreclaim, harness\n"
    for baseline, place in (("foo", first), ("proved", first), ("verified", second)):
        status, out, err = quintet("compare", first, second, "--baseline", baseline)
        assert status == 1 and not out
        assert err == f"quintet: {place} has no implementation '{baseline}'; {both}"


def test_the_machine_is_known_from_run_json_too(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    (second / "machine.json").unlink()
    assert quintet("compare", first, second)[0] == 0


def test_an_unknown_machine_is_named_with_the_remedy(tmp_path, quintet):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    for name in ("machine.json", "run.json"):
        (second / name).unlink()
    status, out, err = quintet("compare", first, second)
    assert status == 1 and not out and err.count("\n") == 1
    assert err.startswith(f"quintet: {second} does not say which machine it is from; ")
    assert f"./quintet machine --json -o {second}/machine.json" in err and "--baseline nros" in err
    status, _, err = quintet("compare", first, second / "page_table.0.json")
    assert status == 1 and "page_table.0.json does not say" in err and "its run folder" in err
    status, out, err = quintet("compare", second, second, "--aa")
    assert status == 2 and not out and err.startswith(f"quintet: --aa: {second} does not say")
    assert quintet("compare", first, second, "--baseline", "nros")[0] == 0


def test_a_folder_of_runs_is_no_run_and_one_is_proposed(tmp_path, quintet):
    for name in ("20240101T000000Z-a", "20240102T000000Z-b"):
        write_run(tmp_path / "machine" / name)
    for folder in (tmp_path, tmp_path / "machine"):
        status, _, err = quintet("compare", folder, folder)
        assert status == 1 and err.count("\n") == 1
        assert f"one of the 2 runs below it, for example {tmp_path}/machine/20240102T" in err


def test_aa_keeps_the_floor_and_later_compares_use_it(tmp_path, quintet, root):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)
    status, _, err = quintet("compare", first, second, "--aa")
    noise = root / "results" / "test-cpu-2c2t-1n-abcdef" / "noise.json"
    assert status == 0 and "noise.json" in err
    kept = json.loads(noise.read_text())
    assert 0.01 <= kept["floor"] < 0.05 and kept["runs"] == ["a", "b"]
    assert quintet("check", noise)[0] == 0
    _, out, _ = quintet("compare", first, second)
    assert "A/A run of test-cpu" in out


def test_bare_benchmark_files_compare(tmp_path, quintet):
    run = write_run(tmp_path / "a")
    status, out, _ = quintet("compare", run / "page_table.0.json", run / "page_table.1.json")
    assert status == 0 and "no verdict is possible" in out


def test_runs_with_other_settings_are_called_out() -> None:
    first = Run(Path("a"), "m", context={"qt_flag_pages": "100000", "qt_kernel": "1"})
    second = Run(Path("b"), "m", context={"qt_flag_pages": "10000000", "qt_kernel": "2"})
    assert settings_differences(first, second) == ["pages: 100000 | 10000000"]
    assert settings_differences(first, first) == []
