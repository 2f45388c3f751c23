# SPDX-License-Identifier: MIT
"""Figures: same bytes for the same data, all series, honest errors."""

import pytest
from conftest import write_run

from quintet import figure
from quintet.load import load_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


def test_files_are_identical_between_runs(run, tmp_path, quintet):
    for name in ("one", "two"):
        status, out, _ = quintet("figure", "11", run, "-o", tmp_path / name)
        assert status == 0 and len(out.splitlines()) == 3
    for kind in ("pdf", "svg", "png"):
        one, two = ((tmp_path / name / f"fig11.{kind}").read_bytes() for name in ("one", "two"))
        assert len(one) > 5000 and one == two


def test_figure_11_has_every_implementation_and_the_papers_points(run):
    module = figure.known_figures()[11]
    drawn = figure.draw(module, load_run(run))
    absolute, relative = drawn.axes
    names = [label.get_text() for label in absolute.get_yticklabels()]
    assert names.count("Quintet") == 3 and names.count("NrOS") == 3
    assert "Verified, no reclaim" in names and "Quintet, no reclaim" in names
    hollow = [line for line in absolute.lines if line.get_markerfacecolor() == "none"]
    assert sorted(float(line.get_xdata()[0]) for line in hollow) == [
        *(7.66, 8.37, 23.09, 34.34, 303.27)
    ]
    assert "ns per operation" in absolute.get_xlabel() and "NrOS" in relative.get_xlabel()
    caption = " ".join(text.get_text() for text in drawn.texts)
    assert "test-cpu-2c2t-1n-abcdef" in caption and "0123456" in caption and "n = 5" in caption
    plain = figure.draw(module, load_run(run), paper=False)
    assert not [line for line in plain.axes[0].lines if line.get_markerfacecolor() == "none"]


def test_a_figure_of_a_quick_run_says_so(run):
    module = figure.known_figures()[11]
    loaded = load_run(run)
    for profile, said in (("default", False), ("quick", True)):
        loaded.info["settings"]["profile"] = profile
        loaded.info["settings"]["flags"] = {"page_table": ["--quick"] if said else []}
        texts = " ".join(text.get_text() for text in figure.draw(module, loaded).texts)
        assert ("--quick" in texts) == said


def test_every_figure_has_its_interface():
    for number, module in figure.known_figures().items():
        assert module.NUMBER == number and module.FAMILY in figure.FAMILIES
        assert figure.FAMILIES[module.FAMILY].figure == number
        points = figure.paper_points(number)
        assert len(points) and points["source"].notna().all()


@pytest.mark.parametrize("which", ["99", "map", "-1", "1.1"])
def test_unknown_figure_lists_the_known(quintet, which):
    status, out, err = quintet("figure", which) if which != "-1" else quintet("figure", "--", which)
    assert status == 2 and not out and err.count("\n") == 1
    assert (
        which == "-1"
        or "known figures: 8 (verification), 9 (ironkv), 10 (node_replication), 11 (page_table), 12 (allocator), 13 (pm_log), all"
        in err
    )


def test_figure_without_a_number_says_which_there_are(run, quintet):
    known = "known figures: 8 (verification), 9 (ironkv), 10 (node_replication), 11 (page_table), 12 (allocator), 13 (pm_log), all; for example ./quintet figure 13"
    assert quintet("figure") == (2, "", f"quintet: no figure is named; {known}\n")
    assert quintet("figure", "99") == (2, "", f"quintet: unknown figure '99'; {known}\n")
    assert quintet("figure", run) == (2, "", f"quintet: '{run}' is no figure; {known} {run}\n")


def test_without_any_run_it_says_how_to_get_one(quintet):
    status, _, err = quintet("figure", "11")
    assert status == 1 and "./quintet run" in err and err.count("\n") == 1


def test_newest_finished_run_is_the_default(root, tmp_path, quintet):
    for name in ("20240101T000000Z-aaaaaaa", "20240102T000000Z-bbbbbbb"):
        write_run(root / "build" / "runs" / "m" / name)
    unfinished = root / "build" / "runs" / "m" / "20240103T000000Z-ccccccc"
    write_run(unfinished)
    text = (unfinished / "run.json").read_text().replace('"complete"', '"interrupted"')
    (unfinished / "run.json").write_text(text)
    from quintet.load import newest_run

    assert newest_run().name == "20240102T000000Z-bbbbbbb"
    assert quintet("figure", "all", "-o", tmp_path / "out")[0] == 0


def test_a_figure_takes_the_newest_run_that_has_cases_of_it(root, tmp_path, quintet):
    runs = root / "build" / "runs" / "m"
    families = ("page_table", "pm_log", "allocator", "node_replication", "verification", "ironkv")
    for day, family in enumerate(families, 1):
        write_run(runs / f"2024010{day}T000000Z-aaaaaaa", families=(family,))
    # Newer, and of the family, but without a case that the figure shows.
    other = write_run(runs / "20240109T000000Z-bbbbbbb", families=("allocator",))
    for path in other.glob("allocator.*.json"):
        path.write_text(path.read_text().replace("/suite/", "/other/"))
    for day, number in ((1, 11), (2, 13), (3, 12), (4, 10), (5, 8), (6, 9)):
        status, out, err = quintet("figure", number, "-o", tmp_path / "out")
        assert (status, err) == (0, "")
        assert out.startswith(f"figure {number}: run ")
        assert out.splitlines()[0].endswith(f"2024010{day}T000000Z-aaaaaaa")
    status, out, err = quintet("figure", "all", "-o", tmp_path / "out")
    assert (status, err, out.count(": run ")) == (0, "", 6)


@pytest.mark.parametrize(
    ("number", "family"),
    [(8, "verification"), (9, "ironkv"), (10, "node_replication"), (12, "allocator")],
)
def test_without_a_run_of_the_figure_the_error_names_the_command(root, quintet, number, family):
    write_run(root / "build" / "runs" / "m" / "20240101T000000Z-aaaaaaa")
    what = f"there is no finished run with cases of figure {number}"
    error = f"quintet: {what}; measure one with ./quintet run {family}\n"
    assert quintet("figure", number) == (1, "", error)


def test_several_runs_give_several_files(run, tmp_path, quintet):
    other = write_run(tmp_path / "other", seed=5)
    status, out, _ = quintet("figure", "11", run, other, "-o", tmp_path / "out")
    assert status == 0 and len(list((tmp_path / "out").iterdir())) == 6


@pytest.mark.parametrize("command", [["figure", "11"], ["report"]])
def test_a_run_given_twice_is_refused(run, quintet, command):
    status, _, err = quintet(*command, run, run)
    assert status == 2 and err.count("\n") == 1 and "give each run once" in err


def test_a_run_without_the_cases_of_a_figure(run, quintet):
    for path in run.glob("page_table.*.json"):
        for operation in ("map", "unmap", "resolve"):
            path.write_text(path.read_text().replace(f"/{operation}/", f"/{operation}_x/"))
    status, _, err = quintet("figure", "11", run)
    assert status == 1 and "none of the cases of figure 11" in err
