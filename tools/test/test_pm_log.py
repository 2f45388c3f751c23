# SPDX-License-Identifier: MIT
"""The log's family: figure 13, the files of the paper's artifact, one folder for all processes."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import write_run
from matplotlib.colors import to_hex

from quintet import figure, style
from quintet.families import FAMILIES
from quintet.load import load_run
from quintet.log_artifact import artifact_files
from quintet.shared_folder import shared_folders
from quintet.summary import summarise

LOG = FAMILIES["pm_log"]
GIB_8 = 8 * 2**30


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", families=("page_table", "pm_log"))


def selected(run):
    return figure.known_figures()[13].select(summarise(load_run(run), LOG))


def hollow(axis):
    """The paper's points of a panel: marker and value."""
    lines = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    return [(line.get_marker(), float(line.get_ydata()[0])) for line in lines]


def test_throughput_is_bytes_over_time_and_its_bounds_change_places(run):
    summary = summarise(load_run(run), LOG).set_index("case")
    rows = selected(run)
    assert len(rows) == 15 and list(rows["size"].unique()) == [128, 4096, 262144]
    for _, row in rows.iterrows():
        times = summary.loc[row["case"]]
        assert row["y"] == pytest.approx(row["size"] / 2**20 / (times["mid"] * 1e-9))
        assert row["relative_y"] == pytest.approx(1 / times["ratio_libpmemlog"])
        assert row["y_lo"] <= row["y"] <= row["y_hi"]
        assert row["relative_y_lo"] <= row["relative_y"] <= row["relative_y_hi"]


def test_figure_13_has_a_bar_per_log_and_size_and_the_papers_points(run):
    module = figure.known_figures()[13]
    drawn = figure.draw(module, load_run(run))
    rows = selected(run)
    for axis, key in zip(drawn.axes, ("y", "relative_y")):
        bars = [
            (to_hex(patch.get_facecolor()), pytest.approx(patch.get_height()))
            for container in axis.containers
            for patch in getattr(container, "patches", ())
        ]
        for name in module.IMPLEMENTATIONS:
            colour = style.look(name).colour.lower()
            heights = [height for bar, height in bars if bar == colour]
            assert heights == list(rows.loc[rows["implementation"] == name, key])
    absolute, relative = (hollow(axis) for axis in drawn.axes)
    assert sorted(y for _, y in absolute) == [108, 172, 187, 780, 878, 905, 910, 1100, 1110]
    assert [y for marker, y in relative if marker == style.look("libpmemlog").marker] == [1, 1, 1]
    caption = " ".join(text.get_text() for text in drawn.texts)
    assert "log of 1 GiB on tmpfs;" in caption and "pages" not in caption and "n = 5" in caption
    plain = figure.draw(module, load_run(run), paper=False)
    assert [hollow(axis) for axis in plain.axes] == [[], []]


def test_the_pages_of_another_family_are_still_in_its_caption(run):
    drawn = figure.draw(figure.known_figures()[11], load_run(run))
    assert any("10M pages" in text.get_text() for text in drawn.texts)


def test_a_log_on_persistent_memory_is_called_so():
    settings = figure.known_figures()[13].settings
    context = {"qt_flag_log_mib": "16", "qt_pm_filesystem": "ext4", "qt_pm_dax": "yes"}
    assert settings(context) == ", log of 16 MiB on ext4 (DAX)"


def test_artifact_files_have_a_line_per_log_and_process_for_8_gib(run, tmp_path, quintet):
    folder = tmp_path / "results"
    status, out, _ = quintet("figure", "13", run, "-o", tmp_path, "--artifact", folder)
    assert status == 0 and str(folder / "results_128.csv") in out
    assert {path.name for path in folder.iterdir()} == {
        *("results_128.csv", "results_4096.csv", "results_262144.csv")
    }
    lines = [line.split(",") for line in (folder / "results_4096.csv").read_text().splitlines()]
    assert [line[0] for line in lines] == ["pmdk", "verif", "old", "strict", "fast"] * 5
    assert all(len(line) == 3 and line[2] == "" for line in lines)
    samples = load_run(run).samples("ns_per_op")
    old = [int(line[1]) for line in lines if line[0] == "old"]
    expected = samples["pm_log/append/initial/size:4096"] * (GIB_8 / 4096) / 1e3
    assert old == [round(value) for value in expected]
    assert [line[1] for line in lines if line[0] == "verif"] == [
        line[1] for line in lines if line[0] == "strict"
    ]


def test_artifact_leaves_out_what_was_not_measured(run):
    for path in run.glob("pm_log.*.json"):
        path.write_text(path.read_text().replace("append/libpmemlog", "other/libpmemlog"))
    assert artifact_files(load_run(run))["results_128.csv"].startswith("verif,")


@pytest.mark.parametrize("which", ["11", "13"])
def test_artifact_is_refused_for_another_figure_or_several_runs(run, tmp_path, quintet, which):
    runs = [run] if which == "11" else [run, write_run(tmp_path / "b", families=("pm_log",))]
    folder = tmp_path / "results"
    status, _, err = quintet("figure", which, *runs, "-o", tmp_path / "o", "--artifact", folder)
    assert (
        status == 2
        and "--artifact is for figure 9 or 13 of one run" in err
        and err.count("\n") == 1
    )
    assert not folder.exists() and not (tmp_path / "o").exists()


def test_artifact_of_a_run_without_appends(tmp_path, quintet):
    run = write_run(tmp_path / "run")
    status, _, err = quintet("figure", "all", run, "-o", tmp_path, "--artifact", tmp_path / "r")
    assert status == 1 and "no get or set of ironkv and no append of pm_log; " in err
    assert "./quintet run ironkv pm_log" in err and not (tmp_path / "r").exists()
    other = write_run(tmp_path / "other", families=("pm_log",))
    for path in other.glob("pm_log.*.json"):
        path.write_text(path.read_text().replace("/append/", "/read/"))
    status, _, err = quintet("figure", "13", other, "-o", tmp_path, "--artifact", tmp_path / "r")
    assert status == 1 and "has no append of pm_log; measure it with ./quintet run pm_log\n" in err


def test_a_shared_folder_is_new_below_the_given_one_and_gone_at_the_end(tmp_path):
    given = {"pm_log": ("--quick", f"--pm_dir={tmp_path}"), "page_table": ("--quick",)}
    with shared_folders([LOG, FAMILIES["page_table"]], given) as flags:
        assert flags["page_table"] == ("--quick",)
        *before, folder, keep = flags["pm_log"]
        assert tuple(before) == given["pm_log"] and keep == "--keep_pool"
        path = Path(folder.removeprefix("--pm_dir="))
        assert path.parent == tmp_path and path.is_dir()
        (path / "file").touch()
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), shared_folders([LOG], given):
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_parent_that_is_no_folder_is_left_to_the_binary(tmp_path):
    given = {"pm_log": (f"--pm_dir={tmp_path}/none",)}
    with shared_folders([LOG], given) as flags:
        assert flags == given


def test_all_processes_of_a_run_get_the_same_folder(log_bench, tmp_path, quintet, monkeypatch):
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setenv("FAKE_ARGUMENTS", str(tmp_path / "arguments"))
    parent = tmp_path / "parent"
    parent.mkdir()
    folder = tmp_path / "run"
    words = ("--processes", 2, "-o", folder, "-f", "append", "--", f"--pm_dir={parent}")
    status, out, _ = quintet("run", "pm_log", *words)
    assert status == 0 and "geometric mean of quintet_strict / libpmemlog: 0." in out
    lines = (tmp_path / "arguments").read_text().splitlines()
    folders = [line.split("--pm_dir=")[-1].split()[0] for line in lines]
    assert len(lines) == 30 and len(set(folders)) == 1 and Path(folders[0]).parent == parent
    assert all(line.endswith("--keep_pool") for line in lines) and not list(parent.iterdir())
    assert "quintet-run-" not in (folder / "run.json").read_text()
    sizes = [re.search(r"size:\d+", line).group() for line in lines]
    assert all(len(set(sizes[i : i + 5])) == 1 for i in range(0, 30, 5))  # side by side


def test_pages_go_to_the_families_that_have_pages(quintet, monkeypatch, tmp_path):
    status, _, err = quintet("run", "pm_log", "--pages", "5M")
    assert status == 2 and "--pages is no size of pm_log" in err and "page_table" in err
    kept = []
    monkeypatch.setattr("quintet.campaign.open_campaign", lambda *a: kept.append(a[2]) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quintet("run", "pm_log", "page_table", "--pages", "5M", "--full", "-o", tmp_path / "run")
    assert kept[0].flags == {"pm_log": ("--exact",), "page_table": ("--pages=5M",)}


def test_ratios_of_the_figure_are_those_of_the_table(run):
    rows = selected(run).set_index(["implementation", "size"])
    assert rows.loc[("libpmemlog", 128), "relative_y"] == 1
    assert np.isclose(rows.loc[("quintet_fast", 4096), "relative_y"], 2, rtol=0.1)
