# SPDX-License-Identifier: MIT
"""The store's family: rates beside times in one table, figure 9, and the artifact's raw data."""

import json
import re

import numpy as np
import pytest
from conftest import write_run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from quintet import curate, figure, style
from quintet.charts import chart_rows, chart_specs
from quintet.families import FAMILIES, direction, how_to_read
from quintet.load import load_run
from quintet.report import report_html
from quintet.summary import geomean_line, summarise, what_values_are
from quintet.table import ratio_table

FAMILY = FAMILIES["ironkv"]
BARS = ("ironfleet", "redis", "memcached", "quintet_tls", "quintet_library", "quintet")
GET = "ironkv/get/{}/value:128/clients:10"
OPEN = "ironkv/open_loop/{}/rate:1000"
HOST = "ironkv/host_get/quintet/value:128"


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", families=("ironkv",))


@pytest.fixture
def module():
    return figure.known_figures()[9]


def without(run, pattern):
    """Takes the cases that match out of a run."""
    for path in run.glob("ironkv.*.json"):
        document = json.loads(path.read_text())
        rows = [row for row in document["benchmarks"] if not re.search(pattern, row["name"])]
        path.write_text(json.dumps({**document, "benchmarks": rows}))


def hollow(axis):
    """The paper's points of a panel: marker and value."""
    lines = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    return [(line.get_marker(), float(line.get_ydata()[0])) for line in lines]


def test_each_operation_has_its_metric_and_ratios_are_of_it(run):
    rows = summarise(load_run(run), FAMILY).set_index("case")
    metric = rows.groupby("operation")["metric"].unique().map(list).to_dict()
    assert metric["get"] == metric["reshard"] == ["kops"] and metric["host_get"] == ["ns_per_op"]
    assert metric["open_loop"] == ["p99_us"] and metric["null"] == ["ns_per_op"]
    # More operations a second, and less time to wait, both by 1.3.
    ours = GET.format("quintet")
    assert rows.loc[ours, "ratio_redis"] == pytest.approx(1.3, rel=0.05)
    assert rows.loc[OPEN.format("quintet"), "ratio_redis"] == pytest.approx(1 / 1.3, rel=0.05)
    assert np.isnan(rows.loc[HOST, "ratio_redis"])


def test_the_best_rival_is_the_one_with_the_most_operations_or_the_least_time(run):
    rows = summarise(load_run(run), FAMILY).set_index("case")
    assert rows.loc[GET.format("quintet"), "reference_best"] == GET.format("memcached")
    # echo does more, but stores nothing.
    assert rows.loc[GET.format("quintet"), "ratio_echo"] < 1
    time = FAMILIES["page_table"]
    pages = write_run(run.parent / "pages")
    frame = summarise(load_run(pages), time).set_index("case")
    assert frame.loc["page_table/map/quintet", "reference_best"] == "page_table/map/nros"


def test_what_is_durable_is_held_against_what_is_as_durable(run):
    case = "ironkv/durable_set/{}/value:128/clients:10"
    rows = summarise(load_run(run), FAMILY).set_index("case")
    for ours, form, ratio in (
        *(("quintet", "redis", 1.2), ("quintet_always", "redis_always", 2.0)),
        *(("quintet_periodic", "redis_everysec", 1.25), ("redis_always", "redis", 0.2)),
    ):
        assert rows.loc[case.format(ours), "reference_redis"] == case.format(form)
        assert rows.loc[case.format(ours), "ratio_redis"] == pytest.approx(ratio, rel=0.05)
    without(run, "/redis_always/")
    rows = summarise(load_run(run), FAMILY).set_index("case")
    assert rows.loc[case.format("quintet_always"), "reference_redis"] == ""


def test_the_table_and_the_mean_say_what_is_better(run):
    frame = summarise(load_run(run), FAMILY)
    text = ratio_table(frame, FAMILY, None)
    for title in ("get (kops, higher is better)", "open_loop (p99_us)", "host_get (ns_per_op)"):
        assert f"\n{title}" in text
    words = " ".join(text.split())
    assert "The best rival is the best one of redis, memcached and ironfleet." in words
    assert "redis_everysec beside quintet_periodic, redis_always beside quintet_always." in words
    columns = ["vs redis", "vs best rival", "vs memcached", "vs echo", "vs ironfleet"]
    assert [text.index(column) for column in columns] == sorted(map(text.index, columns))
    line = geomean_line(frame, FAMILY)
    assert re.fullmatch(
        r"geometric mean of quintet / redis: 1\.\d+ over 6 cases \(above 1 is faster\)", line
    )


def test_the_heading_speaks_of_what_has_ratios(run, tmp_path):
    frame = summarise(load_run(run), FAMILY)
    words = "ratios of medians, of kops above 1 is better, of p99_us below 1; paired by round"
    assert what_values_are(frame, FAMILY) == words
    without(run, "/(get|set|durable_set|open_loop)/")
    frame = summarise(load_run(run), FAMILY)
    assert what_values_are(frame, FAMILY) == "medians over processes"
    pages = FAMILIES["page_table"]
    frame = summarise(load_run(write_run(tmp_path / "pages")), pages)
    words = "ratios of medians, below 1 is faster; paired by round"
    assert what_values_are(frame, pages) == words


@pytest.mark.parametrize(
    ("metrics", "way", "words"),
    [
        (["kops"], True, "above 1 is faster"),
        (["ns_per_op", "rss_mib"], False, "below 1 is faster"),
        (
            ["kops", "ns_per_op", "p99_us"],
            None,
            "of kops above 1 is better, of ns_per_op and p99_us below 1",
        ),
    ],
)
def test_words_for_the_direction_of_metrics(metrics, way, words):
    assert direction(metrics) is way and how_to_read(metrics) == words


def test_compare_calls_a_lower_rate_and_a_longer_time_slower(run, tmp_path, quintet):
    slow = {GET.format("quintet"): 0.7, OPEN.format("quintet"): 1.4, HOST: 1.4}
    fast = {GET.format("redis"): 1.4}
    other = write_run(tmp_path / "b", families=("ironkv",), seed=2, scale=slow | fast)
    status, out, _ = quintet("compare", run, other, "--json")
    result = json.loads(out)
    assert status == 0 and sorted(result["different"]) == sorted(slow | fast)
    assert result["metric"] == "kops or ns_per_op or p99_us" and result["higher_is_better"] is None
    higher = {case["case"]: case["higher_is_better"] for case in result["cases"]}
    assert higher[GET.format("quintet")] and not higher[HOST] and not higher[OPEN.format("redis")]
    status, out, err = quintet("compare", run, other, "--fail-below", "0.9")
    assert status == 1 and err.count("\n") == 3
    assert all(f"{case} runs at 0.7" in err for case in slow)
    assert "kops (higher is better) or ns_per_op (lower is better) or p99_us" in out
    assert out.count("  SLOWER") == 3 and "geometric mean of B's speed / A's: 0.98" in out


def test_a_slower_host_is_drift_for_rates_and_times_alike(run, tmp_path, quintet):
    cases = json.loads((run / "run.json").read_text())["families"]["ironkv"]["cases"]
    rate = {case: FAMILY.metric_of(case.split("/")[1]) == "kops" for case in cases}
    scale = {case: 1 / 1.5 if rate[case] else 1.5 for case in cases}
    other = write_run(tmp_path / "b", families=("ironkv",), seed=2, scale=scale)
    _, out, _ = quintet("compare", run, other, "--json")
    result = json.loads(out)
    assert result["drift"] == pytest.approx(1.5, rel=0.02) and not result["different"]
    assert all(case["ratio"][0] == pytest.approx(1, rel=0.05) for case in result["cases"])
    _, out, _ = quintet("compare", run, other)
    assert "(its inverse where higher is better)" in out


def test_runs_of_a_rate_only_are_compared_as_before(run, tmp_path, quintet):
    other = write_run(tmp_path / "b", families=("ironkv",), scale={GET.format("redis"): 0.5})
    _, out, _ = quintet("compare", run, other, "--metric", "kops", "--json")
    result = json.loads(out)
    assert result["higher_is_better"] is True and result["different"] == [GET.format("redis")]
    _, out, _ = quintet("compare", run, other, "--metric", "kops")
    assert "ratio = B / A of kops (higher is better)" in out and "inverse" not in out


def test_charts_say_which_way_is_better_and_never_mix_the_ways(run):
    loaded = load_run(run)
    rows = chart_rows(loaded, 0, FAMILY, summarise(loaded, FAMILY))
    specs = chart_specs(FAMILY, rows, style.looks(row["implementation"] for row in rows))
    better = {
        title: re.findall(r"(\w+) is better", json.dumps(spec)) for title, spec in specs.items()
    }
    assert better == {
        **{"Absolute: kops": ["higher"], "Absolute: ns_per_op": ["lower"]},
        **{"Absolute: p99_us": ["lower"], "Relative to redis: kops": ["higher"]},
        "Relative to redis: p99_us": ["lower"],
    }
    assert specs["Relative to redis: kops"]["transform"][0] == {
        "filter": {"field": "metric", "oneOf": ["kops"]}
    }


def test_report_run_and_index_have_the_ratios(run, monkeypatch):
    loaded = load_run(run)
    monkeypatch.setattr("quintet.report.chart_scripts", lambda: [])
    page = report_html([loaded])
    assert "Figure 9" in page and "vs ironfleet" in page and "open_loop rate:1000 (p99_us)" in page
    assert re.fullmatch(r"1\.\d+ of redis's kops \(6\)", curate._geomean(loaded))


def test_figure_9_has_a_bar_for_each_that_was_measured_and_the_papers_points(run, module):
    drawn = figure.draw(module, load_run(run))
    rows = module.select(summarise(load_run(run), FAMILY))
    assert len(rows) == 42 and list(dict.fromkeys(rows["group"])) == [
        *("get 128", "get 256", "get 512", "set 128", "set 256", "set 512")
    ]
    for axis, key in zip(drawn.axes, ("mid", "ratio_ironfleet")):
        for name in BARS:
            colour = style.look(name).colour.lower()
            bars = [p for p in axis.patches if to_hex(p.get_facecolor()) == colour]
            heights = [bar.get_height() for bar in bars]
            assert heights == pytest.approx(list(rows.loc[rows["implementation"] == name, key]))
            assert len(heights) == 6
    absolute, relative = (hollow(axis) for axis in drawn.axes)
    theirs, port = (style.look(name).marker for name in ("ironfleet", "verified"))
    assert theirs != port
    assert [y for marker, y in absolute if marker == theirs] == [
        *(18.248, 18.245, 18.101, 17.352, 16.941, 16.774)
    ]
    assert [y for marker, y in relative if marker == theirs] == [1] * 6
    assert [y for marker, y in relative if marker == port] == pytest.approx(
        [0.975, 0.973, 0.979, 1.028, 1.047, 1.043], abs=0.001
    )
    for series, bar in (("ironfleet", "ironfleet"), ("verified", "quintet")):
        colour, marker = style.look(bar).colour.lower(), style.look(series).marker
        for axis in drawn.axes:
            bars = [p for p in axis.patches if to_hex(p.get_facecolor()) == colour]
            middles = [patch.get_x() + patch.get_width() / 2 for patch in bars]
            points = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
            places = [float(p.get_xdata()[0]) for p in points if p.get_marker() == marker]
            assert places == pytest.approx(middles)
    words = " ".join(text.get_text() for text in drawn.texts)
    assert "n = 5 processes, 10 clients for 2 s, 1000 keys;" in words
    plain = figure.draw(module, load_run(run), paper=False)
    assert [hollow(axis) for axis in plain.axes] == [[], []]


@pytest.mark.parametrize("gone", ["redis", "memcached", "echo", "ironfleet", "quintet"])
def test_what_is_not_installed_takes_no_room_in_the_figure(run, module, gone):
    without(run, f"/{gone}/")
    drawn = figure.draw(module, load_run(run))
    absolute, relative = drawn.axes
    assert len(absolute.patches) == (36 if gone == "echo" else 30)
    labels = [text.get_text() for legend in drawn.legends for text in legend.get_texts()]
    assert style.look(gone).label not in labels
    assert len(hollow(absolute)) == (6 if gone in ("ironfleet", "quintet") else 12)
    words = [text.get_text() for text in relative.texts]
    assert ("IronFleet, made again: not measured" in words) == (gone == "ironfleet")


def test_one_operation_and_one_value_are_a_figure_too(run, module):
    without(run, "/set/|value:(256|512)")
    drawn = figure.draw(module, load_run(run))
    assert len(drawn.axes[0].patches) == 6 and len(hollow(drawn.axes[1])) == 2


@pytest.mark.parametrize(("factor", "scale"), [(1.0, "linear"), (0.05, "log")])
def test_ratios_far_apart_are_on_a_logarithmic_axis(tmp_path, module, factor, scale):
    slow = {
        f"ironkv/{o}/ironfleet/value:{v}/clients:10": factor
        for o in ("get", "set")
        for v in (128, 256, 512)
    }
    run = load_run(write_run(tmp_path / "r", families=("ironkv",), scale=slow))
    absolute, relative = figure.draw(module, run).axes
    assert absolute.get_yscale() == "linear" and relative.get_yscale() == scale
    low, high = relative.get_ylim()
    ends = [bar.get_y() + bar.get_height() for bar in relative.patches]
    assert low < 0.97 and high > max(ends)
    assert max(ends) == pytest.approx(2.6 / factor, rel=0.1)
    assert ("log scale" in relative.get_xlabel()) == (scale == "log")


def test_nothing_in_the_figure_overlaps(run, module):
    drawn = figure.draw(module, load_run(run))
    renderer = FigureCanvasAgg(drawn).get_renderer()
    boxes = [axis.get_tightbbox(renderer) for axis in drawn.axes]
    assert boxes[0].x1 < boxes[1].x0
    note = drawn.texts[-1].get_window_extent(renderer)
    (legend,) = (legend.get_window_extent(renderer) for legend in drawn.legends)
    for box in boxes:
        assert note.y1 < box.y0 and box.y1 <= legend.y0 + 1 and 0 <= box.x0 and box.x1 <= 720


def test_a_run_without_get_and_set_is_one_line(run, quintet, tmp_path):
    without(run, "/(get|set)/")
    status, _, err = quintet("figure", "9", run, "-o", tmp_path / "out")
    assert status == 1 and err.count("\n") == 1 and "none of the cases of figure 9" in err


def test_the_artifacts_raw_data_has_its_columns_and_a_row_per_process(run, tmp_path, quintet):
    folder = tmp_path / "results"
    status, out, _ = quintet("figure", "9", run, "-o", tmp_path, "--artifact", folder)
    assert status == 0 and str(folder / "raw-data.txt") in out
    head, *lines = [line.split("\t") for line in (folder / "raw-data.txt").read_text().splitlines()]
    assert head[:4] == ["Language", "Threads", "Seconds", "Workload"]
    assert head[4:7] == ["Number of keys", "Value size", "Requests completed"]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert len(rows) == 5 * 42 and [row["Iteration"] for row in rows[::42]] == list("12345")
    names = {(row["System"], row["Language"]) for row in rows}
    assert {("ironfleet", "dafny"), ("quintet", "verus"), ("redis", "redis")} <= names
    assert len({language for _, language in names}) == len(names) == 7
    own = [
        r for r in rows if (r["System"], r["Workload"], r["Value size"]) == ("quintet", "s", "512")
    ]
    assert all((r["Threads"], r["Number of keys"]) == ("10", "1000") for r in own)
    samples = load_run(run).samples("kops")["ironkv/set/quintet/value:512/clients:10"]
    measured = [int(r["Requests completed"]) * 0.001 / int(r["Seconds"]) for r in own]
    assert measured == pytest.approx(list(samples), rel=1e-4)
    assert [float(r["kop/s"]) for r in own] == pytest.approx(list(samples), rel=1e-4)


def test_all_figures_with_such_a_format_are_written_at_once(tmp_path, quintet):
    run = write_run(tmp_path / "run", families=("ironkv", "pm_log"))
    folder = tmp_path / "results"
    assert quintet("figure", "all", run, "-o", tmp_path, "--artifact", folder)[0] == 0
    assert {"raw-data.txt", "results_128.csv"} <= {path.name for path in folder.iterdir()}
    status, _, err = quintet("figure", "9", write_run(tmp_path / "p"), "--artifact", folder)
    assert status == 1 and "has no get or set of ironkv; measure it" in err


def test_full_is_a_longer_load(quintet, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr("quintet.campaign.open_campaign", lambda *a: kept.append(a[2]) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quintet("run", "ironkv", "--full", "-o", tmp_path / "run")
    assert kept[0].flags == {"ironkv": ("--load_ms=10000",)}
