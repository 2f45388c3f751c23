# SPDX-License-Identifier: MIT
"""Figure 10: throughput of a replicated page table by threads, for three mixes of reads and writes
(printed in the paper as 11).

Two parts that are never mixed. Measured: this machine, absolute and relative to a std::mutex around
one copy. Simulated: the paper's machine, by the cost model that has to reproduce the paper's points
(grey) before what it says of ours means anything; how well it does is printed on each panel. A run
that has one part only draws that one.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quintet import style
from quintet.errors import ToolError
from quintet.figure import caption
from quintet.load import Run, aligned
from quintet.stats import Interval, median_interval, ratio_interval

FAMILY = "node_replication"
NUMBER = 10
TITLE = "Node replication: a page table shared by all threads"
BASELINE = "std_mutex"
STRUCTURE = "vspace"
WRITES = (0, 10, 100)
MEASURED = (
    *("quintet", "quintet_batch32", "upstream", "verified", "flat_combining"),
    *("slots_rwlock", "std_shared_mutex", "std_mutex", "lockfree"),
)
SIMULATED = ("quintet", "upstream", "verified", "ironsync")
PHYSICAL_CORES = 96
"""Of the paper's machine: above, two threads share a core."""
_WIDTH = 7.2
_ROW, _TOP, _BETWEEN, _BOTTOM = 1.55, 1.2, 0.62, 0.55
"""Inches: a row of panels, the title with the legend, between the parts, below."""


def measured(run: Run) -> pd.DataFrame:
    """A row per measured point: million operations per second, and its ratio to the baseline with as
    many threads, with their intervals. Without rows the run has no such cases."""
    samples = run.samples("mops") if "mops" in run.counters() else {}
    found: dict[tuple[str, int, int, int], Any] = {}
    for name, case in run.cases().items():
        part = dict(word.split(":", 1) for word in case.params)
        if case.operation != "mix" or part.get("structure") != STRUCTURE or name not in samples:
            continue
        key = (int(part["writes"]), int(part["replicas"]), int(part["threads"]))
        found[(case.implementation, *key)] = samples[name]
    rows = []
    for (name, writes, replicas, threads), values in found.items():
        base, ratio = found.get((BASELINE, writes, 1, threads)), None
        if base is not None:
            ratio = ratio_interval(*aligned(values, base))
        row: dict[str, Any] = {"implementation": name, "writes": writes}
        row |= {"replicas": replicas, "threads": threads}
        row["n"] = len(values)
        row |= _columns("y", median_interval(values.to_numpy()))
        rows.append(row | _columns("relative_y", ratio))
    return pd.DataFrame(rows)


def simulated(run: Run, points: pd.DataFrame) -> pd.DataFrame:
    """A row per simulated point, with the paper's y where it has one, and the error against it in
    percent."""
    paper = {(p.series, int(p.writes), int(p.x)): float(p.y) for p in points.itertuples()}
    rows = []
    for _, row in run.rows[run.rows["operation"] == "simulated_mix"].iterrows():
        values = dict(part.split(":", 1) for part in row["params"].split())
        key = (row["implementation"], int(values["writes"]), int(values["threads"]))
        theirs = paper.get(key, np.nan)
        error = 100 * abs(row["mops"] / theirs - 1)
        if not np.isfinite(error):
            error = abs(float(row.get("error_percent", np.nan)))
        rows.append((*key, row["mops"], theirs, error))
    columns = ["implementation", "writes", "threads", "y", "paper", "error"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(columns[:3])


def _columns(prefix: str, interval: Interval | None) -> dict[str, float]:
    nan = float("nan")
    mid, low, high = (interval.mid, interval.low, interval.high) if interval else (nan, nan, nan)
    return {prefix: mid, f"{prefix}_lo": low, f"{prefix}_hi": high}


def has_cases(run: Run) -> bool:
    """Whether one of the two parts can be drawn."""
    nothing = pd.DataFrame(columns=["series", "writes", "x", "y"])
    return bool(len(measured(run)) or len(simulated(run, nothing)))


def compose(run: Run, points: pd.DataFrame) -> Any:
    """The whole figure: two rows of measured panels, one of simulated ones; what there is."""
    real, model = measured(run), simulated(run, points)
    rows = 2 * bool(len(real)) + bool(len(model))
    if rows == 0:
        raise ToolError(
            f"{run.path} has none of the cases of figure {NUMBER}",
            f"measure {FAMILY}/mix/.../structure:{STRUCTURE}/... or {FAMILY}/simulated_mix/...: "
            f"./quintet run {FAMILY}",
        )
    gaps = 2 if rows == 3 else rows - 1
    height = _TOP + rows * _ROW + gaps * _BETWEEN + _BOTTOM
    figure = pyplot.figure(figsize=(_WIDTH, height))
    figure.text(0.008, 1 - 0.2 / height, TITLE, fontsize=10, fontweight="bold", va="center")
    top = height - _TOP
    if len(real):
        top = _draw_measured(figure, real, top, height)
    if len(model):
        _draw_simulated(figure, model, top, height)
    _legend(figure, real, model, height)
    # Simulated cases have no noise, and no processes to count.
    frame = real if len(real) else model.assign(n=1)
    note = caption(run, frame, _settings(run)) if len(real) else f"{run.name}: simulated only"
    figure.text(0.008, 0.012, note, fontsize=6, color=style.GREY)
    return figure


def _settings(run: Run) -> str:
    context = run.contexts[FAMILY]
    gib = context.get("qt_flag_vspace_gib")
    window = str(context.get("qt_flag_team_ms"))
    size = f", {gib} GiB mapped" if gib else ""
    return size + (f", {int(window) / 1000:g} s each" if window.isdigit() else "")


def _panels(figure: Any, top: float, height: float) -> list[Any]:
    """Three panels in a row whose upper edge is `top` inches above the bottom."""
    left, right, gap = 0.55, 0.1, 0.38
    width = (_WIDTH - left - right - 2 * gap) / 3
    return [
        figure.add_axes(
            [
                (left + column * (width + gap)) / _WIDTH,
                (top - _ROW) / height,
                width / _WIDTH,
                _ROW / height,
            ]
        )
        for column in range(3)
    ]


def _mix(writes: int) -> str:
    return "reads only" if writes == 0 else f"{writes}% writes"


def _draw_measured(figure: Any, rows: pd.DataFrame, top: float, height: float) -> float:
    """Both rows; returns where the next part begins."""
    words = "Measured on this machine"
    figure.text(0.008, (top + 0.24) / height, words, fontsize=8.5, va="center", style="italic")
    for key, label in (("y", "Mops/s"), ("relative_y", "times std::mutex")):
        for axis, writes in zip(_panels(figure, top, height), WRITES):
            _measured_panel(axis, rows[rows["writes"] == writes], key)
            if key == "y":
                axis.set_title(_mix(writes))
            else:
                axis.axhline(1, color="black", linewidth=0.8, zorder=2)
                axis.set_xlabel("threads")
            if writes == WRITES[0]:
                axis.set_ylabel(label)
        top -= _ROW + (0.22 if key == "y" else _BETWEEN + 0.4)
    return top


def _measured_panel(axis: Any, rows: pd.DataFrame, key: str) -> None:
    most = max(rows["replicas"], default=1)
    for name in (n for n in MEASURED if n in set(rows["implementation"])):
        look = style.look(name)
        own = rows[(rows["implementation"] == name) & np.isfinite(rows[key])]
        for replicas in sorted({1, most}):
            line = own[own["replicas"] == replicas].sort_values("threads")
            if not len(line):
                continue
            shape = {"color": look.colour, "marker": look.marker, "markersize": 4, "linewidth": 1}
            if replicas > 1:
                shape |= {"linestyle": "--", "markerfacecolor": "white"}
            if name == "lockfree":
                shape |= {"linestyle": ":"}
            axis.plot(line["threads"], line[key], zorder=4, **shape)
            error = [line[key] - line[f"{key}_lo"], line[f"{key}_hi"] - line[key]]
            if np.isfinite(error).all():
                bars: dict[str, Any] = {"fmt": "none", "ecolor": look.colour, "capsize": 1.5}
                axis.errorbar(line["threads"], line[key], yerr=error, elinewidth=0.7, **bars)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    threads = sorted(set(rows["threads"]))
    axis.set_xlim(0.7 * min(threads, default=1), 1.25 * max(threads, default=1))
    axis.set_xscale("log", base=2)
    axis.set_xticks(threads, [str(count) for count in threads])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="y")


def _draw_simulated(figure: Any, rows: pd.DataFrame, top: float, height: float) -> None:
    words = "SIMULATED: the paper's machine (4 x 24 cores, 2 threads each) by a cost model"
    options = {"fontsize": 8.5, "va": "center", "style": "italic", "color": style.VERMILLION}
    figure.text(0.008, (top + 0.24) / height, words, **options)
    for axis, writes in zip(_panels(figure, top, height), WRITES):
        panel = rows[rows["writes"] == writes]
        for name in (n for n in SIMULATED if n in set(panel["implementation"])):
            look = style.look(name)
            line = panel[panel["implementation"] == name].sort_values("threads")
            axis.plot(line["threads"], line["y"], color=look.colour, linewidth=1.2, zorder=3)
            known = line[np.isfinite(line["paper"])]
            grey = {"markerfacecolor": "none", "markeredgecolor": style.GREY, "linestyle": "none"}
            axis.plot(known["threads"], known["paper"], look.marker, markersize=4, zorder=4, **grey)
        axis.axvline(PHYSICAL_CORES, color="black", linewidth=0.7, linestyle=":", zorder=1)
        axis.set_title(f"{_mix(writes)} (simulated)")
        axis.set_xlabel("threads")
        axis.set_xticks([4, 48, 96, 144, 192])
        axis.set_ylim(0, 1.25 * axis.get_ylim()[1])
        axis.grid(axis="y")
        text = error_text(panel)
        box = {"boxstyle": "square,pad=0.2", "facecolor": "white", "edgecolor": "none"}
        place = {"transform": axis.transAxes, "ha": "left", "va": "top", "fontsize": 6.5}
        axis.text(0.02, 0.98, text, bbox=box, zorder=6, **place)
        if writes == WRITES[0]:
            axis.set_ylabel("Mops/s")


def error_text(panel: pd.DataFrame) -> str:
    """How far the simulation is from the paper's points."""
    errors = panel["error"].dropna()
    if not len(errors):
        return "not validated: no points of the paper"
    return f"error: mean {errors.mean():.1f}%, max {errors.max():.1f}%"


def _legend(figure: Any, real: pd.DataFrame, model: pd.DataFrame, height: float) -> None:
    handles = []
    shown = set(real["implementation"]) if len(real) else set()
    names = [name for name in MEASURED if name in shown]
    lines = set(model["implementation"])
    names += [name for name in SIMULATED if name in lines and name not in names]
    for name in names:
        look = style.look(name)
        mark = {"color": look.colour, "marker": look.marker, "markersize": 4, "linewidth": 1}
        handles.append(Line2D([], [], label=look.label, **mark))
    if len(real) and (real["replicas"] > 1).any():
        most = max(real["replicas"])
        words = f"dashed: {most} replicas"
        dashed = {"color": "black", "linestyle": "--", "marker": "o", "markerfacecolor": "white"}
        handles.append(Line2D([], [], label=words, markersize=4, linewidth=1, **dashed))
    if len(model) and model["paper"].notna().any():
        grey = {"markerfacecolor": "none", "markeredgecolor": style.GREY, "linestyle": "none"}
        handles.append(Line2D([], [], marker="^", markersize=4, label=style.PAPER_LABEL, **grey))
    place = {"loc": "upper left", "bbox_to_anchor": (0.0, 1 - 0.3 / height), "ncol": 5}
    figure.legend(handles=handles, columnspacing=1.2, handlelength=2.0, fontsize=6.8, **place)
