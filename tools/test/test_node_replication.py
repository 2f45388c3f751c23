# SPDX-License-Identifier: MIT
"""Node replication: figure 10, measured beside simulated, and cases that are measured once."""

import json

import matplotlib
import pandas as pd
import pytest
from conftest import add_binary, write_run
from matplotlib.colors import to_hex

from quintet import figure, style
from quintet.families import FAMILIES
from quintet.load import load_run
from quintet.resume import incomplete

FAMILY = FAMILIES["node_replication"]
WRITES = (0, 10, 100)
POINTS = pd.DataFrame(
    [
        (name, writes, threads, 0.05 * threads * factor, "mops", "made up")
        for name, factor in (("upstream", 1.0), ("verified", 0.8), ("ironsync", 1.25))
        for writes in WRITES
        for threads in (4, 48, 96, 192)
    ],
    columns=["series", "writes", "x", "y", "unit", "source"],
)


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", families=("node_replication",))


@pytest.fixture
def module():
    return figure.known_figures()[10]


def without(run, word):
    """The same run as if no case with `word` in its name had been measured."""
    for path in run.glob("node_replication.*.json"):
        document = json.loads(path.read_text())
        rows = [row for row in document["benchmarks"] if word not in row["name"]]
        path.write_text(json.dumps({**document, "benchmarks": rows}))
    return load_run(run)


def composed(module, run, points=POINTS):
    with matplotlib.rc_context(style.SETTINGS):
        return module.compose(run, points)


def titles(drawn):
    return [axis.get_title(loc="left") for axis in drawn.axes]


def words(drawn):
    return " ".join(text.get_text() for text in drawn.texts)


def test_measured_points_are_medians_and_ratios_of_the_same_mix_and_threads(run, module):
    rows = module.measured(load_run(run)).set_index(
        ["implementation", "writes", "replicas", "threads"]
    )
    assert len(rows) == 48 and (rows["n"] == 5).all()
    for writes in WRITES:
        assert rows.loc[("quintet", writes, 2, 2), "y"] == pytest.approx(30, rel=0.05)
        assert rows.loc[("std_mutex", writes, 1, 2), "relative_y"] == 1
        ratio = rows.loc[("quintet", writes, 2, 2), "relative_y"]
        assert ratio == pytest.approx(30 / 8, rel=0.05)
    assert (rows["y_lo"] <= rows["y"]).all() and (rows["y"] <= rows["y_hi"]).all()


def test_simulated_points_are_held_against_the_papers(run, module):
    rows = module.simulated(load_run(run), POINTS).set_index(
        ["implementation", "writes", "threads"]
    )
    assert len(rows) == 48
    assert rows.loc[("upstream", 10, 96), "error"] == pytest.approx(0, abs=1e-9)
    assert rows.loc[("verified", 10, 96), "error"] == pytest.approx(25)
    assert rows.loc[("ironsync", 10, 96), "error"] == pytest.approx(20)
    ours = [error for key, error in rows["error"].items() if key[0] == "quintet"]
    assert len(ours) == 12 and pd.isna(ours).all()


def test_measured_and_simulated_panels_are_apart(run, module):
    drawn = composed(module, load_run(run))
    named = titles(drawn)
    assert named == [
        *("reads only", "10% writes", "100% writes", "", "", ""),
        *("reads only (simulated)", "10% writes (simulated)", "100% writes (simulated)"),
    ]
    assert "Measured on this machine" in words(drawn) and "SIMULATED" in words(drawn)
    for axis in drawn.axes[6:]:
        (note,) = [text.get_text() for text in axis.texts]
        assert note == "error: mean 15.0%, max 25.0%"
        dotted = [line for line in axis.lines if set(line.get_xdata()) == {96}]
        assert len(dotted) == 1 and dotted[0].get_linestyle() == ":"
        assert max(axis.lines[0].get_xdata()) == 192
    for axis in drawn.axes[:6]:
        assert not axis.texts and max(max(line.get_xdata()) for line in axis.lines) <= 2


def test_every_measured_implementation_is_drawn_with_its_look_and_whiskers(run, module):
    drawn = composed(module, load_run(run))
    panel = drawn.axes[0]
    present = ("quintet", "quintet_batch32", "upstream", "verified", "std_mutex", "lockfree")
    for name in present:
        look = style.look(name)
        lines = [line for line in panel.lines if line.get_marker() == look.marker]
        assert lines and {to_hex(line.get_color()) for line in lines} == {look.colour.lower()}
    solid = [line for line in panel.lines if line.get_linestyle() == "--"]
    assert len(solid) == 4  # two replicas: ours in both forms, and the originals
    assert len(panel.containers) == len(present) + 4


def test_grey_points_are_the_papers_and_may_be_left_out(run, module):
    def grey(axis):
        return [line for line in axis.lines if line.get_markeredgecolor() == style.GREY]

    drawn = composed(module, load_run(run))
    points = [line for line in grey(drawn.axes[7]) if len(line.get_xdata())]
    assert len(points) == 3
    assert list(points[0].get_ydata()) == pytest.approx([0.2, 2.4, 4.8, 9.6])
    assert not any(grey(axis) for axis in drawn.axes[:6])
    plain = composed(module, load_run(run), POINTS.iloc[:0])
    assert not any(len(line.get_xdata()) for line in grey(plain.axes[7]))
    assert plain.axes[7].texts[0].get_text() == "not validated: no points of the paper"


def test_without_the_papers_points_the_binarys_own_errors_count(run, module):
    loaded = load_run(run)
    loaded.rows["error_percent"] = -3.0
    assert (module.simulated(loaded, POINTS.iloc[:0])["error"] == 3).all()


@pytest.mark.parametrize(
    "missing, panels, has", [("/mix/", 3, "simulated"), ("/simulated_mix/", 6, "Measured")]
)
def test_one_part_alone_is_drawn(run, module, missing, panels, has):
    drawn = composed(module, without(run, missing))
    assert len(drawn.axes) == panels and has in words(drawn)
    assert ("SIMULATED" in words(drawn)) == (panels == 3)


def test_a_run_with_neither_part_says_so(run, module):
    without(run, "/mix/")
    with pytest.raises(figure.ToolError, match="none of the cases of figure 10"):
        composed(module, without(run, "/simulated_mix/"))


def test_files_of_figure_10_are_identical_between_runs(run, tmp_path, quintet):
    for name in ("one", "two"):
        status, _, err = quintet("figure", "10", run, "-o", tmp_path / name)
        assert status == 0, err
    for kind in ("pdf", "svg", "png"):
        one, two = ((tmp_path / name / f"fig10.{kind}").read_bytes() for name in ("one", "two"))
        assert len(one) > 5000 and one == two


def test_simulated_cases_are_planned_for_the_first_process_only(run, quintet):
    assert incomplete(load_run(run)) == ""
    assert quintet("check", run)[0] == 0
    first = json.loads((run / "node_replication.0.json").read_text())["benchmarks"]
    second = json.loads((run / "node_replication.1.json").read_text())["benchmarks"]
    assert len(first) - len(second) == 48
    without(run, "/simulated_mix/")
    assert "48 of" in incomplete(load_run(run))
    status, out, err = quintet("check", run)
    assert status == 1 and "is missing" in out + err


def test_a_run_measures_simulated_cases_once(tmp_path, quintet, monkeypatch):
    add_binary(tmp_path, monkeypatch, "node_replication_bench")
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setenv("FAKE_ARGUMENTS", str(tmp_path / "arguments"))
    chosen = "writes:10/(threads:96|replicas:1/threads:1)"
    words = ("--processes", 3, "-o", tmp_path / "run", "-f", chosen)
    status, out, err = quintet("run", "node_replication", *words)
    assert status == 0, err
    lines = (tmp_path / "arguments").read_text().splitlines()
    assert sum("simulated_mix" in line for line in lines) == 4
    assert sum("/mix/" in line for line in lines) == 3 * 12
    assert quintet("check", tmp_path / "run")[0] == 0
