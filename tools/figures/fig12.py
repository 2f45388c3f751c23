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

from quintet import style
from quintet.errors import ToolError
from quintet.figure import caption
from quintet.load import Run, aligned
from quintet.stats import geometric_mean, median_interval, ratio_interval

FAMILY = "allocator"
NUMBER = 12
TITLE = "Allocator: whole programs, relative to mimalloc"
BASELINE = "mimalloc"
PAPER_ROWS = (
    *("cfrac:1", "larson_sized:N", "sh6:N", "xmalloc_test:N"),
    *("cache_scratch:1", "cache_scratch:N", "glibc_simple:1", "glibc_thread:N"),
)
"""Workload, and with how many threads: one, or the panel's."""
ORDER = ("quintet", "quintet_hardened", "glibc", "jemalloc", "tcmalloc")
"""Of bars; rivals that a run has added come after these."""
_SIZE = (7.2, 7.6)
_PANELS = {
    "few": (0.075, 0.683, 0.475, 0.2),
    "many": (0.075, 0.381, 0.475, 0.2),
    "rest": (0.72, 0.338, 0.268, 0.545),
    "rss": (0.175, 0.068, 0.345, 0.185),
    "growth": (0.655, 0.068, 0.333, 0.185),
}
"""Left, bottom, width and height of each, in shares of the figure."""
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def measured(run: Run, counter: str) -> pd.DataFrame:
    """A row per case of the suite: implementation, workload, threads, n, and its ratio to the
    baseline by `counter` as mid, mid_lo and mid_hi."""
    samples = run.samples(counter) if counter in run.counters() else {}
    cases = {name: case for name, case in run.cases().items() if case.operation == "suite"}
    by_place = {(c.implementation, c.params): name for name, c in cases.items() if name in samples}
    rows = []
    for (implementation, params), name in by_place.items():
        base = by_place.get((BASELINE, params))
        if base is None or not (samples[base] > 0).all():
            continue
        part = dict(word.split(":", 1) for word in params)
        ratio = ratio_interval(*aligned(samples[name], samples[base]))
        row: dict[str, Any] = {"implementation": implementation, "workload": part["workload"]}
        row |= {"threads": int(part["threads"]), "n": len(samples[name])}
        rows.append(row | {"mid": ratio.mid, "mid_lo": ratio.low, "mid_hi": ratio.high})
    columns = ["implementation", "workload", "threads", "n", "mid", "mid_lo", "mid_hi"]
    return pd.DataFrame(rows, columns=columns)


def panel_rows(frame: pd.DataFrame, threads: int) -> list[tuple[str, int]]:
    """The paper's rows in a panel of so many threads: those that were measured."""
    there = set(zip(frame["workload"], frame["threads"]))
    wanted = [row.split(":") for row in PAPER_ROWS]
    rows = [(name, 1 if count == "1" else threads) for name, count in wanted]
    return [row for row in dict.fromkeys(rows) if row in there]


def means(frame: pd.DataFrame) -> dict[str, float]:
    """The geometric mean of each implementation over the rows that all of `frame` has."""
    table = frame.pivot_table(index=["workload", "threads"], columns="implementation", values="mid")
    table = table.dropna()
    if table.empty:
        return {}
    names = sorted(table.columns, key=style.rank)
    return {str(name): geometric_mean(table[name].to_numpy()) for name in names}


def growth(run: Run) -> dict[str, tuple[list[float], list[float], list[float]]]:
    """Implementation -> memory in use over live bytes at the end of each phase of the fragmentation
    case: median, and its interval."""
    columns = sorted(
        name for name in run.counters() if name.startswith("rss_") and name[4:].isdigit()
    )
    rows = run.rows[run.rows["operation"] == "fragmentation"]
    found = {}
    for name in sorted(rows["implementation"].unique(), key=style.rank):
        own = rows[rows["implementation"] == name]
        phases = [median_interval((own[c] / own["live_mib"]).dropna().to_numpy()) for c in columns]
        found[str(name)] = (
            [phase.mid for phase in phases],
            [phase.low for phase in phases],
            [phase.high for phase in phases],
        )
    return found


def compose(run: Run, points: pd.DataFrame) -> Any:
    """The whole figure; a panel whose cases the run lacks stays empty."""
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
    note = caption(run, frame, _settings(run))
    figure.text(0.008, 0.006, note, fontsize=6, color=style.GREY)
    return figure


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _settings(run: Run) -> str:
    scale = run.contexts[FAMILY].get("qt_flag_scale")
    return f", workloads at {scale}%" if scale and str(scale) != "100" else ""


def paper_ratios(points: pd.DataFrame) -> dict[str, float]:
    """The verified allocator's published seconds over those of the mimalloc beside it."""
    values = {(p.series, p.x): float(p.y) for p in points.itertuples()}
    return {x: y / values[BASELINE, x] for (series, x), y in values.items() if series == "verified"}


def _bars(
    axis: Any, frame: pd.DataFrame, threads: int, looks: dict[str, style.Look], points: pd.DataFrame
) -> None:
    """A group per row, a bar per implementation from the line of mimalloc, and their means."""
    rows = panel_rows(frame, threads)
    chosen = frame[[row in rows for row in zip(frame["workload"], frame["threads"])]]
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
    _grey(axis, rows, points, ends)
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
    axis.set_title(f"The paper's rows, {threads} thread{'s' if threads > 1 else ''} where threaded")


def _bar(axis: Any, x: float, values: Any, width: float, look: style.Look) -> None:
    mid, low, high = values
    shape = {"color": look.colour, "hatch": look.hatch, "edgecolor": "white", "linewidth": 0.2}
    axis.bar(x, mid - 1, width, bottom=1, zorder=2, **shape)
    if np.isfinite(low):
        whisker = {"fmt": "none", "ecolor": "black", "elinewidth": 0.5, "capsize": 0.8}
        axis.errorbar(x, mid, yerr=[[mid - low], [high - mid]], zorder=4, **whisker)


def _grey(axis: Any, rows: list[tuple[str, int]], points: pd.DataFrame, ends: float) -> None:
    """The paper's ratios: a hollow mark over each group, and one over the means."""
    ratios = paper_ratios(points)
    hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "linestyle": "none"}
    at = {f"{name}:{'1' if count == 1 else 'N'}": place for place, (name, count) in enumerate(rows)}
    marks: dict[float, float] = {at[row]: ratio for row, ratio in ratios.items() if row in at}
    if len(ratios):
        marks[ends] = geometric_mean(np.array([*ratios.values()]))
    marker = style.look("verified").marker
    for place, ratio in marks.items():
        axis.plot(place, ratio, marker, markersize=4, markeredgewidth=0.8, zorder=5, **hollow)


def _log(axis: Any) -> None:
    axis.axes.set_xscale("log") if axis.axis_name == "x" else axis.axes.set_yscale("log")
    axis.set_ticks(_TICKS)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())
    axis.axes.grid(axis=axis.axis_name)


def _clip(values: Any, least: float = 0.8, most: float = 1.25) -> tuple[float, float]:
    """Limits of an axis of ratios: all of them, and some room."""
    finite = values[np.isfinite(values) & (values > 0)]
    if not len(finite):
        return least, most
    return min(float(finite.min()) / 1.1, least), max(float(finite.max()) * 1.1, most)


def _dots(axis: Any, frame: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A line per row of the suite, a mark per implementation."""
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
    axis.set_title("All other rows (name, threads)", x=-0.6)


def _strips(axis: Any, frame: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A line per implementation with a mark for every row, and its mean in figures."""
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
    axis.set_title("Peak memory of all rows")


def _growth(axis: Any, series: dict[str, Any], looks: dict[str, style.Look]) -> None:
    """Memory over live bytes by phase."""
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
