# SPDX-License-Identifier: MIT
"""Figure 11: cost of map, unmap and resolve, ours beside the rivals (printed in the paper as 12).

A row per implementation, points on a logarithmic axis: the values span a factor of 300, so bars
from zero would hide all but one of them. Left: absolute. Right: relative to NrOS' VSpace of the
same operation, the paper's points relative to the paper's own baseline; only these compare across
machines.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quintet import style

FAMILY = "page_table"
NUMBER = 11
TITLE = "Page table: cost of one operation"
SIZE = (7.2, 3.5)
GRID = {"left": 0.215, "right": 0.985, "top": 0.83, "bottom": 0.175, "wspace": 0.07}
BASELINE = "nros"
OPERATIONS = ("map", "unmap", "resolve")
IMPLEMENTATIONS = (
    *("nros", "verified", "verified_noreclaim", "quintet", "quintet_noreclaim"),
    *("limit_first_touch", "limit_load"),
)
_GAP = 0.7
_VALUE_COLUMN = 0.18
"""Share of a panel's width, on the right, that holds the values as text."""


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """The figure's rows of the family's summary, in drawing order."""
    known = frame["implementation"].isin(IMPLEMENTATIONS)
    rows = frame[frame["operation"].isin(OPERATIONS) & (frame["params"] == "") & known].copy()
    rows["_operation"] = rows["operation"].map(OPERATIONS.index)
    rows["_rank"] = rows["implementation"].map(IMPLEMENTATIONS.index)
    rows = rows.sort_values(["_operation", "_rank"]).drop(columns=["_operation", "_rank"])
    return rows.reset_index(drop=True)


def draw(axes: Any, frame: pd.DataFrame, paper: pd.DataFrame) -> None:
    """Draws both panels; `frame` comes from select(), `paper` may be empty."""
    absolute, relative = axes
    at = _positions(frame)
    _panel(absolute, frame, "mid", at, _paper_values(frame, paper, relative=False), "")
    _panel(relative, frame, f"ratio_{BASELINE}", at, _paper_values(frame, paper, True), "×")
    relative.axvline(1, color="black", linewidth=0.8, zorder=2)
    _row_names(absolute, frame, at)
    relative.set_yticks([])
    absolute.set_xlabel("ns per operation (log scale, lower is better)")
    relative.set_xlabel("times NrOS (log scale, lower is better)")
    absolute.set_title("Absolute")
    relative.set_title("Relative to each side's own NrOS")
    absolute.figure.text(0.008, 0.945, TITLE, fontsize=10, fontweight="bold")
    _legend(absolute.figure, bool(len(paper)))


def _positions(frame: pd.DataFrame) -> list[float]:
    """Rows from the top, with a gap between operations."""
    groups = frame["operation"].map({op: i for i, op in enumerate(frame["operation"].unique())})
    return [-(index + _GAP * group) for index, group in enumerate(groups)]


def _paper_values(frame: pd.DataFrame, paper: pd.DataFrame, relative: bool) -> list[float]:
    """The paper's value for each row, NaN where it has none."""
    values = {(point.x, point.series): float(point.y) for point in paper.itertuples()}
    result = []
    for operation, implementation in zip(frame["operation"], frame["implementation"]):
        base = values.get((operation, BASELINE), float("nan")) if relative else 1.0
        result.append(values.get((operation, implementation), float("nan")) / base)
    return result


def _panel(
    axis: Any, frame: pd.DataFrame, key: str, at: list[float], paper: list[float], unit: str
) -> None:
    _axis(axis, [*frame[key], *frame[f"{key}_lo"], *frame[f"{key}_hi"], *paper])
    axis.set_ylim(min(at) - 0.7, 0.6)
    for y, (_, row), point in zip(at, frame.iterrows(), paper):
        value, low, high = (row[name] for name in (key, f"{key}_lo", f"{key}_hi"))
        look = style.look(row["implementation"])
        if np.isfinite(point):
            hollow = {"markerfacecolor": "none", "markeredgecolor": style.GREY}
            axis.plot(point, y, look.marker, markersize=8.5, zorder=5, **hollow)
        if not np.isfinite(value):
            continue
        axis.plot([axis.get_xlim()[0], value], [y, y], color="#D8D8D8", linewidth=0.8, zorder=1)
        if np.isfinite(low):
            error = [[value - low], [high - value]]
            axis.errorbar(value, y, xerr=error, color=look.colour, capsize=2.5, lw=1, zorder=3)
        axis.plot(value, y, look.marker, color=look.colour, markersize=5, zorder=4)
        bold = "bold" if row["implementation"] == "quintet" else "normal"
        text = (f"{value:.3g}" if value < 100 else f"{value:.0f}") + unit
        options: dict[str, Any] = {"ha": "right", "va": "center", "fontweight": bold, "zorder": 2}
        box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"}
        axis.text(0.995, y, text, transform=axis.get_yaxis_transform(), bbox=box, **options)


def _axis(axis: Any, values: list[float]) -> None:
    """A log axis that leaves the value column free."""
    finite = [value for value in values if np.isfinite(value) and value > 0]
    low, high = np.log10(min(finite) / 1.5), np.log10(max(finite) * 1.35)
    axis.set_xscale("log")
    axis.set_xlim(10**low, 10 ** (low + (high - low) / (1 - _VALUE_COLUMN)))
    axis.xaxis.set_major_locator(LogLocator(10))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="x", which="major")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _row_names(axis: Any, frame: pd.DataFrame, at: list[float]) -> None:
    axis.set_yticks(at, [style.look(name).label for name in frame["implementation"]])
    for label, name in zip(axis.get_yticklabels(), frame["implementation"]):
        label.set_fontweight("bold" if name == "quintet" else "normal")
    for operation in frame["operation"].unique():
        rows = [y for y, name in zip(at, frame["operation"]) if name == operation]
        where = axis.get_yaxis_transform()
        options: dict[str, Any] = {
            "va": "center",
            "ha": "center",
            "rotation": 90,
            "fontweight": "bold",
        }
        middle = (rows[0] + rows[-1]) / 2
        axis.text(-0.52, middle, operation, transform=where, fontsize=9, **options)


def _legend(figure: Any, paper: bool) -> None:
    mark: dict[str, Any] = {
        "color": "black",
        "marker": "o",
        "markersize": 4,
        "linestyle": "-",
        "linewidth": 1,
    }
    handles = [Line2D([], [], label="measured, with 95% CI", **mark)]
    if paper:
        hollow = {"markerfacecolor": "none", "markeredgecolor": style.GREY, "linestyle": "none"}
        handles.append(Line2D([], [], marker="o", markersize=7, label=style.PAPER_LABEL, **hollow))
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.995, 1.005), ncol=2)
