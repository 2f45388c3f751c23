# SPDX-License-Identifier: MIT
"""The allocator's family: figure 12, and operations that are compared by different counters."""

import json
import re

import pytest
from conftest import add_binary, write_run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from quintet import figure, style
from quintet.charts import chart_rows, chart_specs
from quintet.families import FAMILIES
from quintet.load import load_run
from quintet.stats import geometric_mean
from quintet.summary import geomean_line, summarise
from quintet.table import ratio_table

FAMILY = FAMILIES["allocator"]
SUITE = "allocator/suite/{}/workload:{}/threads:{}"
PAPER = [2.1087, 2.9268, 14.2857, 2.1471, 1, 1, 5.5, 3.2727]


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", families=("allocator",))


@pytest.fixture
def module():
    return figure.known_figures()[12]


def mean_in(text):
    """The geometric mean that a text tells, and over how many cases."""
    found = re.search(r"mean of quintet / mimalloc: ([\d.]+) over (\d+) cases", text)
    return float(found[1]), int(found[2])


def rewrite(run, change):
    """Gives every row of a run to `change`; what it returns stays."""
    for path in run.glob("allocator.*.json"):
        document = json.loads(path.read_text())
        rows = [change(row) for row in document["benchmarks"]]
        document["benchmarks"] = [row for row in rows if row is not None]
        path.write_text(json.dumps(document))


def test_each_operation_is_summarised_by_its_own_counter(run):
    frame = summarise(load_run(run), FAMILY)
    metric = frame.groupby("operation")["metric"].unique().map(list).to_dict()
    assert metric["suite"] == ["cpu_seconds"] and metric["pair"] == ["ns_per_op"]
    assert metric["startup"] == ["rss_mib"] and metric["fragmentation"] == ["rss_over_live"]
    rows = frame.set_index("case")
    assert rows.loc["allocator/startup/glibc", "mid"] == pytest.approx(1.2, rel=0.1)
    case = SUITE.format("glibc", "cfrac", 1)
    assert rows.loc[case, "mid"] == pytest.approx(3.2, rel=0.1)
    assert rows.loc[case, "ratio_mimalloc"] == pytest.approx(1.6, rel=0.1)
    assert rows.loc[case, "reference_best"] == SUITE.format("mimalloc", "cfrac", 1)
    assert len(frame) == len(load_run(run).cases())


def test_the_mean_is_over_programs_only(run):
    frame = summarise(load_run(run), FAMILY)
    frame.loc[frame["operation"] != "suite", "ratio_mimalloc"] = 100
    assert mean_in(geomean_line(frame, FAMILY)) == pytest.approx((0.8, 21), rel=0.02)


def test_the_table_says_which_counter_an_operation_has(run):
    text = ratio_table(summarise(load_run(run), FAMILY), FAMILY, None)
    for title in ("suite (cpu_seconds)", "pair (ns_per_op)", "fragmentation (rss_over_live)"):
        assert f"\n{title}" in text
    assert "value [95% CI]" in text and "best one of mimalloc, glibc and jemalloc." in " ".join(
        text.split()
    )


@pytest.mark.parametrize(
    ("gone", "note"),
    [
        ("/jemalloc/", "The best rival is the better one of mimalloc and glibc."),
        ("/(jemalloc|glibc)/", "The best rival is mimalloc: no other one was measured."),
    ],
)
def test_the_table_names_only_rivals_that_were_run(run, gone, note):
    rewrite(run, lambda row: None if re.search(gone, f"{row['name']}/") else row)
    text = ratio_table(summarise(load_run(run), FAMILY), FAMILY, None)
    assert note in " ".join(text.split())


def test_other_families_are_shown_as_before(tmp_path):
    pages = FAMILIES["page_table"]
    text = ratio_table(summarise(load_run(write_run(tmp_path / "p")), pages), pages, None)
    assert "ns_per_op [95% CI]" in text and "\nmap \n" in text + "\n" or "\nmap\n" in text
    assert "the faster one of" in text


@pytest.mark.parametrize(
    ("operation", "counter"),
    [("suite", "cpu_seconds"), ("fragmentation", "rss_over_live"), ("pair", "ns_per_op")],
)
def test_check_misses_the_counter_of_each_operation(run, quintet, operation, counter):
    assert quintet("check", run)[0] == 0

    def without(row):
        if f"/{operation}/" in row["name"]:
            row.pop(counter)
        return row

    rewrite(run, without)
    status, out, err = quintet("check", run)
    assert status == 1 and f"has no {counter}" in out + err


def test_compare_names_a_slow_program_and_a_large_one(run, tmp_path, quintet):
    slow = {SUITE.format("quintet", "sh6", 2): 1.3, "allocator/startup/glibc": 1.5}
    other = write_run(tmp_path / "other", families=("allocator",), seed=2, scale=slow)
    status, out, _ = quintet("compare", run, other, "--json")
    document = json.loads(out)
    assert status == 0 and sorted(document["different"]) == sorted(slow)
    assert document["metric"] == "ns_per_op or cpu_seconds or rss_mib or rss_over_live"
    _, out, _ = quintet("compare", run, other, "--metric", "rss_mib", "--json")
    assert [case["case"] for case in json.loads(out)["cases"]].count("allocator/startup/glibc") == 1


def test_figure_12_has_bars_for_the_papers_rows_and_marks_for_the_rest(run, module):
    drawn = figure.draw(module, load_run(run))
    few, many, rest, rss, growth = drawn.axes
    for axis, threads in ((few, 2), (many, 8)):
        assert f"{threads} threads" in axis.get_title(loc="left")
        labels = [label.get_text() for label in axis.get_xticklabels()]
        assert len(labels) == 9 and labels[0] == "cfrac\n1 thread"
        assert labels[1] == f"larson_sized\n{threads} threads"
        for name, factor in (("quintet", 0.8), ("glibc", 1.6), ("mine", 2.0)):
            colour = style.looks(["mine", name])[name].colour.lower()
            bars = [p for p in axis.patches if to_hex(p.get_facecolor()) == colour]
            ends = [bar.get_y() + bar.get_height() for bar in bars]
            assert ends == [pytest.approx(factor, rel=0.05)] * 9  # eight rows and their mean
        hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
        marks = [float(line.get_ydata()[0]) for line in hollow]
        assert marks == pytest.approx([*PAPER, 2.76], abs=0.01)
        numbers = [text.get_text() for text in axis.texts]
        assert len(numbers) == 5 and all(number.count(".") == 1 for number in numbers)
    rows = [label.get_text() for label in rest.get_yticklabels()]
    assert rows[:2] == ["espresso, 1", "larson, 1"] and "sh6, 1" in rows and "sh6, 2" not in rows
    assert rows[-1] == "geometric mean" and len(rows) == 9
    assert [text.get_text() for text in rss.texts] == ["0.70", "0.80", "0.60", "0.90", "2.00"]
    assert len(growth.lines) == 7  # six implementations and the line of the live bytes


def test_the_figure_without_the_paper_and_its_caption(run, module):
    plain = figure.draw(module, load_run(run), paper=False)
    for axis in plain.axes[:2]:
        assert not [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    words = " ".join(text.get_text() for text in plain.texts)
    assert "workloads at 50%" in words and "n = 5" in words
    (legend,) = plain.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert "mimalloc = 1" in labels and "Quintet (0.80)" in labels
    assert not any("paper" in label for label in labels)


def test_ratios_are_of_rounds_and_means_are_over_rows_that_all_have(run, module):
    frame = module.measured(load_run(run), "cpu_seconds")
    assert len(frame) == 21 * 6
    gone = (frame["implementation"] == "glibc") & (frame["workload"] == "sh6")
    frame.loc[frame["workload"] == "sh6", "mid"] = 1000
    mean = module.means(frame[~gone])
    assert mean["mimalloc"] == pytest.approx(1) and mean["glibc"] == pytest.approx(1.6, rel=0.05)
    assert geometric_mean([*module.paper_ratios(figure.paper_points(12)).values()]) == (
        pytest.approx(2.76, abs=0.005)
    )


def test_a_run_without_programs_or_without_the_baseline_is_one_line(run, quintet, tmp_path):
    for what in ("/mimalloc/", "/suite/"):
        rewrite(run, lambda row: None if what in row["name"] else row)
        status, _, err = quintet("figure", "12", run, "-o", tmp_path / "out")
        assert status == 1 and err.count("\n") == 1 and "./quintet run allocator" in err


def only(run, *workloads):
    """Leaves these workloads of the run, and nothing that is no program."""

    def some(row):
        there = any(f"/workload:{name}/" in row["name"] for name in workloads)
        return row if "/suite/" in row["name"] and there else None

    rewrite(run, some)


def test_the_papers_mean_is_over_the_rows_of_the_bars_beside_it(run, module):
    only(run, "cfrac", "larson_sized", "espresso")
    drawn = figure.draw(module, load_run(run))
    for axis in drawn.axes[:2]:
        hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
        marks = [float(line.get_ydata()[0]) for line in hollow]
        assert marks == pytest.approx([PAPER[0], PAPER[1], geometric_mean(PAPER[:2])], abs=0.01)
    words = (
        "\nmeans on the left{} are over the 2 of the paper's 8 rows that every allocator here has"
    )
    note = drawn.texts[-1].get_text()
    assert note.endswith(words.format(", the paper's too,"))
    plain = figure.draw(module, load_run(run), paper=False)
    assert plain.texts[-1].get_text().endswith(words.format(""))


def test_a_row_that_one_allocator_lacks_is_in_no_mean(run, module):
    rewrite(run, lambda row: None if "/suite/mine/workload:sh6/" in row["name"] else row)
    drawn = figure.draw(module, load_run(run))
    for axis in drawn.axes[:2]:
        hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
        marks = [float(line.get_ydata()[0]) for line in hollow]
        means = geometric_mean([*PAPER[:2], *PAPER[3:]])
        assert marks == pytest.approx([*PAPER, means], abs=0.01)
    assert "over the 7 of the paper's 8 rows" in drawn.texts[-1].get_text()


def test_a_whole_run_says_nothing_of_missing_rows(run, module):
    assert "rows" not in figure.draw(module, load_run(run)).texts[-1].get_text()


def test_on_a_machine_of_one_thread_the_paper_stands_over_its_rows(run, module):
    def with_one_and_four(row):
        row["name"] = row["name"].replace("/threads:2/", "/threads:4/")
        return None if "/threads:8/" in row["name"] else row

    rewrite(run, with_one_and_four)
    few = figure.draw(module, load_run(run)).axes[0]
    hollow = {
        float(line.get_xdata()[0]): float(line.get_ydata()[0])
        for line in few.lines
        if line.get_markerfacecolor() == "white"
    }
    rows = [label.get_text().split("\n")[0] for label in few.get_xticklabels()][:-1]
    assert rows == [row.split(":")[0] for row in module.PAPER_ROWS if row != "cache_scratch:N"]
    assert [hollow[x] for x in range(7)] == pytest.approx([*PAPER[:5], *PAPER[6:]], abs=0.01)


def test_a_panel_that_was_not_measured_says_so(run, module):
    only(run, "espresso")
    few, many, rest, rss, growth = figure.draw(module, load_run(run)).axes
    for axis in (few, many, growth):
        assert [text.get_text() for text in axis.texts] == ["not measured"]
        assert not axis.lines and not len(axis.get_xticks()) and not len(axis.get_yticks())
    assert "2 threads" not in few.get_title("left") and growth.get_title("left") == "Fragmentation"
    for axis in (rest, rss):
        assert "not measured" not in [text.get_text() for text in axis.texts]
        low, high = axis.get_xlim()
        assert [tick for tick in axis.get_xticks() if low < tick < high] == [0.5, 1, 2]


def test_only_the_papers_rows_leave_the_other_panel_not_measured(run, module):
    only(run, "cfrac")
    few, many, rest, *_ = figure.draw(module, load_run(run)).axes
    assert [text.get_text() for text in rest.texts] == ["not measured"] and not few.texts == []


def test_the_caption_stands_clear_of_everything_else(run, module):
    only(run, "cfrac", "larson_sized", "espresso")
    drawn = figure.draw(module, load_run(run))
    canvas = FigureCanvasAgg(drawn)
    note = drawn.texts[-1].get_window_extent(canvas.get_renderer())
    assert note.y0 > 0 and note.x1 < drawn.bbox.x1
    for axis in drawn.axes:
        assert axis.get_tightbbox(canvas.get_renderer()).y0 > note.y1 + 8


def test_charts_never_mix_counters_on_one_axis(run):
    loaded = load_run(run)
    rows = chart_rows(loaded, 0, FAMILY, summarise(loaded, FAMILY))
    specs = chart_specs(FAMILY, rows, style.looks(row["implementation"] for row in rows))
    titles = [f"Absolute: {metric}" for metric in ("cpu_seconds", "ns_per_op")]
    assert [title for title in specs if title in titles] == titles
    assert "Relative to mimalloc" in specs and "Absolute" not in specs
    for title in titles:
        metric = title.split(": ")[1]
        assert specs[title]["transform"][0] == {"filter": f"datum.metric === '{metric}'"}
        text = json.dumps(specs[title]["spec"])
        assert metric in text and ("pair size:64" in text) == (metric == "ns_per_op")


def test_the_report_says_what_is_memory_and_what_is_time(run, tmp_path, quintet):
    status, _, _ = quintet("report", run, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert status == 0 and "fragmentation (rss_over_live)" in page
    assert "memory of glibc" in page and "Figure 12" in page


def test_all_processes_of_a_run_share_what_glibc_printed(tmp_path, quintet, monkeypatch):
    add_binary(tmp_path, monkeypatch, "allocator_bench")
    monkeypatch.setattr("quintet.report.write_report", lambda runs, path: path)
    monkeypatch.setenv("FAKE_ARGUMENTS", str(tmp_path / "arguments"))
    words = ("--processes", 1, "-o", tmp_path / "run", "-f", "cfrac")
    status, out, _ = quintet("run", "allocator", *words)
    assert status == 0 and mean_in(out) == pytest.approx((0.8, 1), rel=0.1)
    lines = (tmp_path / "arguments").read_text().splitlines()
    assert len(lines) == 6 and all(line.endswith("--keep_outputs") for line in lines)
    assert len({line.split("--work_dir=")[1].split()[0] for line in lines}) == 1
