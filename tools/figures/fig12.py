# SPDX-License-Identifier: MIT
"""Figure 12: CPU time of whole programs under each allocator, relative to mimalloc in the same run
(printed in the paper as 13).

Left: the paper's eight rows, with as many threads as the machine has and with four times as many;
grey is the paper's verified allocator, relative to its own mimalloc. Right: all other rows of the
suite. Below: the peak memory of every row, and how memory grows for the same live bytes while
sizes change. Logarithmic axes, on which twice and half as much are equally far from 1.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from figures.fig12_rows import (
    BASELINE,
    PAPER_ROWS,
    growth,
    in_panel,
    mean_rows,
    means,
    measured,
    panel_rows,
    paper_places,
    paper_ratios,
)
from quintet import style
from quintet.errors import ToolError
from quintet.figure import caption
from quintet.load import Run
from quintet.stats import geometric_mean

FAMILY = "allocator"
NUMBER = 12
TITLE = "Allocator: whole programs, relative to mimalloc"
ORDER = ("quintet", "quintet_hardened", "glibc", "jemalloc", "tcmalloc")
"""Of bars; rivals that a run has added come after these."""
_SIZE = (7.2, 7.85)
_PANELS = {
    "few": (0.075, 0.693, 0.475, 0.194),
    "many": (0.075, 0.401, 0.475, 0.194),
    "rest": (0.72, 0.359, 0.268, 0.528),
    "rss": (0.175, 0.098, 0.345, 0.179),
    "growth": (0.655, 0.098, 0.333, 0.179),
}
"""Left, bottom, width and height of each, in shares of the figure."""
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def has_cases(run: Run) -> bool:
    """Whether there is a program that was measured beside mimalloc."""
    return not measured(run, "cpu_seconds").empty


def compose(run: Run, points: pd.DataFrame) -> Any:
    """The whole figure; a panel whose cases the run lacks says so."""
    frame = measured(run, "cpu_seconds")
    if frame.empty:
        raise ToolError(
            f"{run.path} has none of the cases of figure {NUMBER}",
            f"measure {FAMILY}/suite/... with {BASELINE} among them: ./quintet run {FAMILY}",
        )
    found = style.looks([*frame["implementation"], *growth(run), BASELINE])
    looks = {name: found[name] for name in sorted(found, key=_place)}
    figure = pyplot.figure(figsize=_SIZE)
    figure.text(0.008, 0.977, TITLE, fontsize=10, fontweight="bold")
    axes = {name: figure.add_axes(place) for name, place in _PANELS.items()}
    counts = sorted(set(frame["threads"]))
    many = counts[-1]
    few = many // 4 if many // 4 in counts else many
    _bars(axes["few"], frame, few, looks, points)
    _bars(axes["many"], frame, many, looks, points)
    left = {*panel_rows(frame, few), *panel_rows(frame, many)}
    places = list(zip(frame["workload"], frame["threads"]))
    _dots(axes["rest"], frame[[place not in left for place in places]], looks)
    _strips(axes["rss"], measured(run, "rss_mib"), looks)
    _growth(axes["growth"], growth(run), looks)
    _legend(figure, looks, means(frame), bool(len(points)))
    note = caption(run, frame, _settings(run)) + _partial(frame, (few, many), bool(len(points)))
    figure.text(0.008, 0.006, note, fontsize=6, color=style.GREY, linespacing=1.3)
    return figure


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _settings(run: Run) -> str:
    scale = run.contexts[FAMILY].get("qt_flag_scale")
    return f", workloads at {scale}%" if scale and str(scale) != "100" else ""


def _partial(frame: pd.DataFrame, counts: tuple[int, ...], paper: bool) -> str:
    """A line that says how many of the paper's rows the means on the left are over, unless all."""
    rows = {count: mean_rows(frame, count) for count in counts}
    if all(len(rows[count]) == len(set(paper_places(count).values())) for count in counts):
        return ""
    parts = " and ".join(dict.fromkeys(str(len(have)) for have in rows.values() if have))
    theirs = ", the paper's too," if paper else ""
    every = f"{len(PAPER_ROWS)} rows that every allocator here has"
    return (
        f"\nmeans on the left{theirs} are over the {parts} of the paper's {every}" if parts else ""
    )


def _bars(
    axis: Any, frame: pd.DataFrame, threads: int, looks: dict[str, style.Look], points: pd.DataFrame
) -> None:
    """A group per row, a bar per implementation from the line of mimalloc, and their means."""
    title = f"The paper's rows, {threads} thread{'s' if threads > 1 else ''} where threaded"
    rows = panel_rows(frame, threads)
    if not rows:
        return _not_measured(axis, title)
    chosen = in_panel(frame, threads)
    names = [name for name in looks if name in set(chosen["implementation"]) and name != BASELINE]
    width = 0.8 / max(len(names), 1)
    average = means(chosen)
    ends = len(rows) + 0.8
    for index, name in enumerate(names):
        own = chosen[chosen["implementation"] == name].set_index(["workload", "threads"])
        shift = (index - (len(names) - 1) / 2) * width
        for place, row in enumerate(rows):
            if row in own.index:
                values = own.loc[row, ["mid", "mid_lo", "mid_hi"]].to_numpy(dtype=float)
                _bar(axis, place + shift, values, width, looks[name])
        if name in average:
            x = ends + 2 * shift
            _bar(axis, x, np.array([average[name], np.nan, np.nan]), 2 * width, looks[name])
            text: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 5.5, "rotation": 90}
            where = axis.get_xaxis_transform()
            axis.text(x, 0.03, f"{average[name]:.2f}", transform=where, zorder=6, **text)
    _grey(axis, rows, threads, points)
    _grey_mean(axis, ends, mean_rows(frame, threads), threads, points)
    axis.axhline(1, color=looks[BASELINE].colour, linewidth=1, zorder=3)
    labels = [f"{name}\n{count} thread{'s' if count > 1 else ''}" for name, count in rows]
    axis.set_xticks([*range(len(rows)), ends], [*labels, "geometric\nmean"], fontsize=5.6)
    axis.tick_params(axis="x", length=0, labelrotation=38, pad=1)
    for label in axis.get_xticklabels():
        label.set_ha("right")
        label.set_rotation_mode("anchor")
    _log(axis.yaxis)
    axis.set_ylim(min(0.35, _clip(chosen["mid"].to_numpy())[0]), 20)
    axis.set_ylabel("times mimalloc's CPU time")
    axis.set_title(title)


def _bar(axis: Any, x: float, values: Any, width: float, look: style.Look) -> None:
    mid, low, high = values
    shape = {"color": look.colour, "hatch": look.hatch, "edgecolor": "white", "linewidth": 0.2}
    axis.bar(x, mid - 1, width, bottom=1, zorder=2, **shape)
    if np.isfinite(low):
        whisker = {"fmt": "none", "ecolor": "black", "elinewidth": 0.5, "capsize": 0.8}
        axis.errorbar(x, mid, yerr=[[mid - low], [high - mid]], zorder=4, **whisker)


def _hollow(axis: Any, x: float, y: float) -> None:
    hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "linestyle": "none"}
    marker = style.look("verified").marker
    axis.plot(x, y, marker, markersize=4, markeredgewidth=0.8, zorder=5, **hollow)


def _grey(axis: Any, rows: list[tuple[str, int]], threads: int, points: pd.DataFrame) -> None:
    """The paper's ratios: a hollow mark over each group."""
    places = paper_places(threads)
    for row, ratio in paper_ratios(points).items():
        if places[row] in rows:
            _hollow(axis, rows.index(places[row]), ratio)


def _grey_mean(
    axis: Any, x: float, rows: list[tuple[str, int]], threads: int, points: pd.DataFrame
) -> None:
    """The mean of the paper's ratios, over the rows that the bars below it are over."""
    places = paper_places(threads)
    ratios = [ratio for row, ratio in paper_ratios(points).items() if places[row] in rows]
    if ratios:
        _hollow(axis, x, geometric_mean(np.array(ratios)))


def _not_measured(axis: Any, title: str, **place: Any) -> None:
    """Nothing but the title, and why."""
    axis.set_title(title, **place)
    axis.set_xticks([])
    axis.set_yticks([])
    words: dict[str, Any] = {"ha": "center", "va": "center", "color": style.GREY}
    axis.text(0.5, 0.5, "not measured", transform=axis.transAxes, **words)


def _log(axis: Any) -> None:
    axis.axes.set_xscale("log") if axis.axis_name == "x" else axis.axes.set_yscale("log")
    axis.set_ticks(_TICKS)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())
    axis.axes.grid(axis=axis.axis_name)


def _clip(values: Any, least: float = 0.48, most: float = 2.1) -> tuple[float, float]:
    """Limits of an axis of ratios: all of them, some room, and at least three ticks."""
    finite = values[np.isfinite(values) & (values > 0)]
    if not len(finite):
        return least, most
    return min(float(finite.min()) / 1.1, least), max(float(finite.max()) * 1.1, most)


def _dots(axis: Any, frame: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A line per row of the suite, a mark per implementation."""
    title = "All other rows (name, threads)"
    if frame.empty:
        return _not_measured(axis, title, x=-0.6)
    rows = list(dict.fromkeys(zip(frame["workload"], frame["threads"])))
    at = {row: -index for index, row in enumerate(rows)}
    average = means(frame)
    for name, look in looks.items():
        own = frame[frame["implementation"] == name]
        if name == BASELINE or own.empty:
            continue
        y = [at[row] for row in zip(own["workload"], own["threads"])]
        mark: dict[str, Any] = {"color": look.colour, "markersize": 2.8, "linestyle": "none"}
        axis.plot(own["mid"], y, look.marker, zorder=5 if name == "quintet" else 4, **mark)
        if name in average:
            below = -len(rows) - 0.6
            axis.plot(average[name], below, look.marker, zorder=5, **{**mark, "markersize": 4.2})
    axis.axvline(1, color=looks[BASELINE].colour, linewidth=1, zorder=3)
    axis.axhline(-len(rows) + 0.2, color="black", linewidth=0.5)
    labels = [f"{name}, {count}" for name, count in rows] + ["geometric mean"]
    axis.set_yticks([*at.values(), -len(rows) - 0.6], labels, fontsize=5.6)
    axis.set_ylim(-len(rows) - 1.3, 0.7)
    axis.tick_params(axis="y", length=0)
    _log(axis.xaxis)
    axis.set_xlim(*_clip(frame["mid"].to_numpy()))
    axis.set_xlabel("times mimalloc's CPU time")
    axis.set_title(title, x=-0.6)


def _strips(axis: Any, frame: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A line per implementation with a mark for every row, and its mean in figures."""
    title = "Peak memory of all rows"
    if frame.empty:
        return _not_measured(axis, title)
    names = [name for name in looks if name in set(frame["implementation"]) and name != BASELINE]
    average = means(frame)
    for index, name in enumerate(names):
        look, own = looks[name], frame[frame["implementation"] == name]
        mark = {"color": look.colour, "markersize": 2.6, "alpha": 0.55, "linestyle": "none"}
        axis.plot(own["mid"], [-index] * len(own), look.marker, zorder=4, **mark)
        if name in average:
            line = {"color": look.colour, "linewidth": 2, "zorder": 5}
            axis.plot([average[name]] * 2, [-index - 0.33, -index + 0.33], **line)
            where = {"transform": axis.get_yaxis_transform(), "ha": "left", "va": "center"}
            axis.text(1.015, -index, f"{average[name]:.2f}", fontsize=6.5, zorder=6, **where)
    axis.axvline(1, color=looks[BASELINE].colour, linewidth=1, zorder=3)
    axis.set_yticks([-i for i in range(len(names))], [looks[n].label for n in names], fontsize=6.5)
    axis.set_ylim(-len(names) + 0.4, 0.6)
    axis.tick_params(axis="y", length=0)
    _log(axis.xaxis)
    axis.set_xlim(*_clip(frame["mid"].to_numpy()))
    axis.set_xlabel("times mimalloc's (line and number: geometric mean)")
    axis.set_title(title)


def _growth(axis: Any, series: dict[str, Any], looks: dict[str, style.Look]) -> None:
    """Memory over live bytes by phase."""
    if not any(mid for mid, _, _ in series.values()):
        return _not_measured(axis, "Fragmentation")
    for name, (mid, low, high) in series.items():
        look, phases = looks[name], range(1, len(mid) + 1)
        mark: dict[str, Any] = {"color": look.colour, "markersize": 2.6, "linewidth": 0.9}
        axis.plot(phases, mid, marker=look.marker, zorder=4, **mark)
        if np.isfinite(low).all():
            axis.fill_between(phases, low, high, color=look.colour, alpha=0.2, linewidth=0)
    axis.axhline(1, color="black", linewidth=0.8, zorder=2)
    axis.set_xticks(range(1, 1 + max((len(mid) for mid, _, _ in series.values()), default=0), 3))
    axis.set_ylim(bottom=0)
    axis.set_xlabel("phase, each with other sizes")
    axis.set_ylabel("memory / live bytes")
    axis.set_title("Fragmentation")
    axis.grid(axis="y")


def _legend(
    figure: Any, looks: dict[str, style.Look], average: dict[str, float], paper: bool
) -> None:
    handles: list[Any] = []
    for name, look in looks.items():
        if name == BASELINE:
            label = f"{look.label} = 1"
            handles.append(Line2D([], [], color=look.colour, linewidth=1, label=label))
            continue
        face = {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": "white"}
        mean = f" ({average[name]:.2f})" if name in average else ""
        handles.append(Patch(label=look.label + mean, **face))
    if paper:
        hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "linestyle": "none"}
        marker = style.look("verified").marker
        label = f"verified, {style.PAPER_LABEL}"
        handles.append(Line2D([], [], marker=marker, markersize=4, label=label, **hollow))
    place = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.972), "ncol": 5}
    figure.legend(handles=handles, columnspacing=1.2, handlelength=1.6, fontsize=7, **place)
    words = "in brackets: geometric mean of CPU times, all rows"
    figure.text(0.988, 0.979, words, fontsize=6.5, color=style.GREY, ha="right")
