# SPDX-License-Identifier: MIT
"""Figure 9: throughput of the key-value store, Get and Set by size of the value.

Bars, with the paper's points in grey over those two that have a counterpart there: its IronFleet
over our re-creation of that host, its verified port over ours. Left: absolute, where the paper's
machine, TLS and .NET have nothing in common with ours. Right: relative to each side's own IronFleet
host, which compares across machines.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quintet import style
from quintet.summary import ratio_key

FAMILY = "ironkv"
NUMBER = 9
TITLE = "IronKV: throughput of Get and Set, 10 clients with one request each"
SIZE = (7.2, 3.4)
GRID = {"left": 0.07, "right": 0.99, "top": 0.72, "bottom": 0.205, "wspace": 0.14}
BASELINE = "ironfleet"
IMPLEMENTATIONS = (
    *("ironfleet", "redis", "memcached", "quintet_tls", "quintet_library", "quintet"),
)
LIMIT = "echo"
PAPER_BAR = {"ironfleet": "ironfleet", "verified": "quintet"}
"""The paper's series, and the bar that each stands over."""
OPERATIONS = ("get", "set")
CLIENTS = "clients:10"
_GROUP = 0.84
_BETWEEN = 0.35
_WIDE = 8.0
"""Ratios that span more than this are drawn on a logarithmic axis."""


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """The figure's rows of the family's summary, with operation and value as `group`."""
    if frame.empty:
        return frame
    shown = frame["implementation"].isin((*IMPLEMENTATIONS, LIMIT))
    params = frame["params"].str.extract(rf"^value:(\d+) {CLIENTS}$")[0]
    rows = frame[frame["operation"].isin(OPERATIONS) & shown & params.notna()].copy()
    rows["value"] = params[rows.index].astype(int)
    rows["group"] = rows["operation"] + " " + rows["value"].astype(str)
    rows["_rank"] = rows["implementation"].map((*IMPLEMENTATIONS, LIMIT).index)
    rows = rows.sort_values(["operation", "value", "_rank"])
    return rows.drop(columns="_rank").reset_index(drop=True)


def settings(context: dict[str, Any]) -> str:
    """What the caption says of the load."""
    text = f", {CLIENTS.partition(':')[2]} clients"
    if seconds := int(context.get("qt_flag_load_ms", 0)) / 1000:
        text += f" for {seconds:g} s"
    keys = context.get("qt_flag_keys")
    return f"{text}, {keys} keys" if keys else text


def draw(axes: Any, frame: pd.DataFrame, paper: pd.DataFrame) -> None:
    """Draws both panels; `frame` comes from select(), `paper` may be empty."""
    absolute, relative = axes
    points = {(str(p.series), str(p.x)): float(p.y) for p in paper.itertuples()}
    _panel(absolute, frame, "mid", points)
    _limit(absolute, frame)
    absolute.set_ylabel("kop/s (higher is better)")
    absolute.set_title("Throughput")
    title = "Relative to each side's own IronFleet host"
    if np.isfinite(frame[ratio_key(BASELINE)]).any():
        ratios = {key: y / points[BASELINE, key[1]] for key, y in points.items()}
        far = _far_apart(frame)
        _panel(relative, frame, ratio_key(BASELINE), ratios, 1 if far else 0)
        _ratio_axis(relative, far)
        relative.set_title(title)
    else:
        _not_measured(relative, title)
    figure = absolute.figure
    figure.text(0.008, 0.945, TITLE, fontsize=10, fontweight="bold")
    _legend(figure, frame, bool(points))


def _groups(frame: pd.DataFrame) -> dict[str, float]:
    """Where each group stands, in order; with a gap between the operations."""
    places = {}
    operations = list(dict.fromkeys(frame["operation"]))
    for index, (group, rows) in enumerate(frame.groupby("group", sort=False)):
        places[str(group)] = index + _BETWEEN * operations.index(rows["operation"].iloc[0])
    return places


def _offsets(frame: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Where the bar of each implementation stands in a group, and how wide it is: only those that
    were measured take room."""
    there = [name for name in IMPLEMENTATIONS if (frame["implementation"] == name).any()]
    width = min(_GROUP / max(len(there), 1), 0.2)
    middle = (len(there) - 1) / 2
    return {name: (bar - middle) * width for bar, name in enumerate(there)}, width


def _panel(
    axis: Any,
    frame: pd.DataFrame,
    key: str,
    paper: dict[tuple[str, str], float],
    bottom: float = 0,
) -> None:
    groups = _groups(frame)
    offsets, width = _offsets(frame)
    for name, offset in offsets.items():
        rows = frame[(frame["implementation"] == name) & np.isfinite(frame[key])]
        at = [groups[group] + offset for group in rows["group"]]
        look = style.look(name)
        bars = {"color": look.colour, "hatch": look.hatch, "edgecolor": "white", "linewidth": 0.3}
        axis.bar(at, rows[key] - bottom, width, bottom, zorder=2, **bars)
        low, high = rows[key] - rows[f"{key}_lo"], rows[f"{key}_hi"] - rows[key]
        whisker = {"fmt": "none", "ecolor": "black", "elinewidth": 0.6, "capsize": 1.2}
        if name != BASELINE or key == "mid":
            axis.errorbar(at, rows[key], yerr=[low, high], zorder=3, **whisker)
    hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "markeredgewidth": 0.8}
    for (series, group), value in paper.items():
        bar = PAPER_BAR.get(series, "")
        if group in groups and bar in offsets:
            marker = style.look(series).marker
            x = groups[group] + offsets[bar]
            axis.plot(x, value, marker, markersize=3.6, linestyle="none", zorder=5, **hollow)
    _group_names(axis, frame, groups)


def _group_names(axis: Any, frame: pd.DataFrame, groups: dict[str, float]) -> None:
    """The values below the groups, and below those the operations."""
    axis.set_xticks([*groups.values()], [group.split()[1] for group in groups])
    axis.set_xlim(min(groups.values()) - 0.55, max(groups.values()) + 0.55)
    axis.set_xlabel("bytes of the value", labelpad=9)
    axis.grid(axis="y")
    axis.tick_params(axis="x", length=0, labelsize=7)
    for operation in dict.fromkeys(frame["operation"]):
        at = [x for group, x in groups.items() if group.split()[0] == operation]
        words: dict[str, Any] = {"ha": "center", "va": "top", "fontweight": "bold"}
        place = axis.get_xaxis_transform()
        axis.text(np.mean(at), -0.085, operation.capitalize(), transform=place, **words)


def _far_apart(frame: pd.DataFrame) -> bool:
    bars = frame.loc[frame["implementation"] != LIMIT, ratio_key(BASELINE)].dropna()
    return bool(bars.max() / min(bars.min(), 1) > _WIDE)


def _ratio_axis(axis: Any, far_apart: bool) -> None:
    """A line at 1, from which bars stand on a logarithmic axis."""
    axis.axhline(1, color="black", linewidth=0.8, zorder=4)
    if far_apart:
        low, high = axis.dataLim.intervaly
        axis.set_yscale("log")
        axis.set_ylim(min(low, 1) / 1.25, high * 1.25)
        axis.yaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("bytes of the value (ratios on a log scale)", labelpad=9)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))


def _not_measured(axis: Any, title: str) -> None:
    axis.set_title(title)
    axis.set_xticks([])
    axis.set_yticks([])
    words: dict[str, Any] = {"ha": "center", "va": "center", "color": style.GREY}
    label = style.look(BASELINE).label
    axis.text(0.5, 0.5, f"{label}: not measured", transform=axis.transAxes, **words)


def _limit(axis: Any, frame: pd.DataFrame) -> None:
    """A short line over each group: a server that only sends back what it gets."""
    rows = frame[frame["implementation"] == LIMIT]
    groups = _groups(frame)
    at = np.array([groups[group] for group in rows["group"]])
    axis.hlines(rows["mid"], at - _GROUP / 2, at + _GROUP / 2, color=style.BLACK, linewidth=1)


def _legend(figure: Any, frame: pd.DataFrame, paper: bool) -> None:
    offsets, _ = _offsets(frame)
    handles: list[Any] = []
    for name in offsets:
        look = style.look(name)
        face = {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": "white"}
        handles.append(Patch(label=look.label, **face))
    if (frame["implementation"] == LIMIT).any():
        label = style.look(LIMIT).label
        handles.append(Line2D([], [], color=style.BLACK, linewidth=1, label=label))
    hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "linestyle": "none"}
    names = {"ironfleet": "its IronFleet", "verified": "its Verus port"}
    for series, bar in PAPER_BAR.items():
        if paper and bar in offsets:
            label = f"{style.PAPER_LABEL}: {names[series]}"
            marker = style.look(series).marker
            handles.append(Line2D([], [], marker=marker, markersize=4, label=label, **hollow))
    place = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.935), "ncol": 3}
    figure.legend(handles=handles, columnspacing=1.4, handlelength=1.6, **place)
