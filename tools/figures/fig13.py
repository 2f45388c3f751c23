# SPDX-License-Identifier: MIT
"""Figure 13: throughput of durable appends by size (the paper's figure of the persistent-memory
log).

Bars as in the paper, with its points in grey over them; those of its newest log stand over our
strict one, which guarantees the same. Left: absolute, where the paper's Optane and our memory have
nothing in common. Right: relative to each side's own libpmemlog, which compares across machines.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from quintet import style
from quintet.summary import ratio_key

FAMILY = "pm_log"
NUMBER = 13
TITLE = "Persistent-memory log: durable appends"
SIZE = (7.2, 3.2)
GRID = {"left": 0.09, "right": 0.99, "top": 0.755, "bottom": 0.2, "wspace": 0.16}
BASELINE = "libpmemlog"
IMPLEMENTATIONS = ("libpmemlog", "initial", "quintet_strict", "quintet_fast")
LIMIT = "limit_stream"
PAPER_BAR = {"libpmemlog": "libpmemlog", "initial": "initial", "verified": "quintet_strict"}
"""The paper's series, and the bar that each stands over."""
_WIDTH = 0.2
_MIB = 2**20


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """The figure's rows of the family's summary by size, with throughput and its ratio as y and
    relative_y: the summary has times, whose bounds change places."""
    shown = frame["implementation"].isin((*IMPLEMENTATIONS, LIMIT))
    rows = frame[(frame["operation"] == "append") & shown].copy()
    rows["size"] = rows["params"].str.removeprefix("size:").astype(int)
    # Bytes in a nanosecond, to MiB in a second.
    _invert(rows, "y", "mid", rows["size"] * 1e9 / _MIB)
    _invert(rows, "relative_y", ratio_key(BASELINE), pd.Series(1.0, index=rows.index))
    rows["_rank"] = rows["implementation"].map((*IMPLEMENTATIONS, LIMIT).index)
    return rows.sort_values(["size", "_rank"]).drop(columns="_rank").reset_index(drop=True)


def _invert(rows: pd.DataFrame, name: str, time: str, scale: "pd.Series[float]") -> None:
    rows[name] = scale / rows[time]
    rows[f"{name}_lo"] = scale / rows[f"{time}_hi"]
    rows[f"{name}_hi"] = scale / rows[f"{time}_lo"]


def settings(context: dict[str, Any]) -> str:
    """What the caption says of the log, and of the memory that stands for persistent memory."""
    mib = int(context.get("qt_flag_log_mib", 0))
    log = f"{mib // 1024} GiB" if mib and mib % 1024 == 0 else f"{mib} MiB"
    dax = " (DAX)" if context.get("qt_pm_dax") == "yes" else ""
    return f", log of {log} on {context.get('qt_pm_filesystem', 'unknown')}{dax}"


def draw(axes: Any, frame: pd.DataFrame, paper: pd.DataFrame) -> None:
    """Draws both panels; `frame` comes from select(), `paper` may be empty."""
    absolute, relative = axes
    sizes = sorted(frame["size"].unique())
    points = {(str(p.series), int(p.x)): float(p.y) for p in paper.itertuples()}
    _panel(absolute, frame, "y", sizes, points)
    ratios = {key: y / points[BASELINE, key[1]] for key, y in points.items()}
    _panel(relative, frame, "relative_y", sizes, ratios)
    _limit(absolute, frame[frame["implementation"] == LIMIT], sizes)
    relative.axhline(1, color="black", linewidth=0.8, zorder=2)
    absolute.set_ylabel("MiB/s (higher is better)")
    absolute.set_title("Throughput")
    relative.set_title("Relative to each side's own libpmemlog")
    figure = absolute.figure
    figure.text(0.008, 0.945, TITLE, fontsize=10, fontweight="bold")
    _legend(figure, frame, bool(points))


def _panel(
    axis: Any,
    frame: pd.DataFrame,
    key: str,
    sizes: list[int],
    paper: dict[tuple[str, int], float],
) -> None:
    for index, name in enumerate(IMPLEMENTATIONS):
        rows = frame[(frame["implementation"] == name) & np.isfinite(frame[key])]
        at = [_at(sizes.index(size), index) for size in rows["size"]]
        look = style.look(name)
        bars = {"color": look.colour, "hatch": look.hatch, "edgecolor": "white", "linewidth": 0.3}
        axis.bar(at, rows[key], _WIDTH, zorder=2, **bars)
        low, high = rows[key] - rows[f"{key}_lo"], rows[f"{key}_hi"] - rows[key]
        whisker = {"fmt": "none", "ecolor": "black", "elinewidth": 0.6, "capsize": 1.2}
        if np.isfinite(low).all():
            axis.errorbar(at, rows[key], yerr=[low, high], zorder=3, **whisker)
    hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "markeredgewidth": 0.8}
    for (series, size), value in paper.items():
        if size in sizes and series in PAPER_BAR:
            x = _at(sizes.index(size), IMPLEMENTATIONS.index(PAPER_BAR[series]))
            marker = style.look(series).marker
            axis.plot(x, value, marker, markersize=3.6, linestyle="none", zorder=5, **hollow)
    axis.set_xticks(range(len(sizes)), [f"{size / 1024:g}" for size in sizes])
    axis.set_xlabel("KiB in one append")
    axis.grid(axis="y")
    axis.tick_params(axis="x", length=0, labelsize=7)


def _at(group: int, bar: int) -> float:
    return group + (bar - (len(IMPLEMENTATIONS) - 1) / 2) * _WIDTH


def _limit(axis: Any, rows: pd.DataFrame, sizes: list[int]) -> None:
    """A short line over each group: what the memory takes without any log."""
    half = len(IMPLEMENTATIONS) * _WIDTH / 2
    at = np.array([sizes.index(size) for size in rows["size"]])
    axis.hlines(rows["y"], at - half, at + half, color=style.BLACK, linewidth=1, zorder=4)


def _legend(figure: Any, frame: pd.DataFrame, paper: bool) -> None:
    handles: list[Any] = []
    for name in IMPLEMENTATIONS:
        look = style.look(name)
        face = {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": "white"}
        handles.append(Patch(label=look.label, **face))
    if (frame["implementation"] == LIMIT).any():
        label = style.look(LIMIT).label
        handles.append(Line2D([], [], color=style.BLACK, linewidth=1, label=label))
    if paper:
        hollow = {"markerfacecolor": "white", "markeredgecolor": style.GREY, "linestyle": "none"}
        label = f"{style.PAPER_LABEL}; its newest log over our strict"
        handles.append(Line2D([], [], marker="^", markersize=4, label=label, **hollow))
    place = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.935), "ncol": 3}
    figure.legend(handles=handles, columnspacing=1.4, handlelength=1.6, **place)
