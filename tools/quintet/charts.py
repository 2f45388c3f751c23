# SPDX-License-Identifier: MIT
"""The report's interactive charts as Vega-Lite specifications, and the data that they show."""

import math
from typing import Any

import pandas as pd

from quintet.families import HIGHER_IS_BETTER, Family
from quintet.load import Run
from quintet.style import Look, rank
from quintet.summary import ratio_key

Rows = list[dict[str, Any]]
Keys = tuple[str, str, str, str]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# The figures' markers as SVG paths in the square from -1 to 1.
_SHAPES = {
    "o": "M-1,0A1,1,0,1,0,1,0A1,1,0,1,0,-1,0Z",
    "s": "M-0.9,-0.9H0.9V0.9H-0.9Z",
    "^": "M0,-1L1,0.8H-1Z",
    "v": "M0,1L1,-0.8H-1Z",
    "<": "M-1,0L0.8,-1V1Z",
    ">": "M1,0L-0.8,-1V1Z",
    "D": "M0,-1L1,0L0,1L-1,0Z",
    "d": "M0,-1L0.6,0L0,1L-0.6,0Z",
    "P": "M-0.35,-1H0.35V-0.35H1V0.35H0.35V1H-0.35V0.35H-1V-0.35H-0.35Z",
    "X": "M-1,-0.5L-0.5,-1L0,-0.5L0.5,-1L1,-0.5L0.5,0L1,0.5L0.5,1L0,0.5L-0.5,1L-1,0.5L-0.5,0Z",
    "x": "M-1,-0.75L-0.75,-1L0,-0.25L0.75,-1L1,-0.75L0.25,0L1,0.75L0.75,1L0,0.25L-0.75,1L-1,0.75L-0.25,0Z",
    "h": "M0,-1L0.87,-0.5V0.5L0,1L-0.87,0.5V-0.5Z",
    "H": "M-1,0L-0.5,-0.87H0.5L1,0L0.5,0.87H-0.5Z",
    "p": "M0,-1L0.95,-0.31L0.59,0.81H-0.59L-0.95,-0.31Z",
    "8": "M-0.41,-1H0.41L1,-0.41V0.41L0.41,1H-0.41L-1,0.41V-0.41Z",
    "*": (
        "M0.00,-1.00L0.25,-0.34L0.95,-0.31L0.40,0.13L0.59,0.81L0"
        ".00,0.42L-0.59,0.81L-0.40,0.13L-0.95,-0.31L-0.25,-0.34Z"
    ),
}


def shape(look: Look) -> str:
    """The marker of a look as an SVG path."""
    return _SHAPES[look.marker]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _words(what: str, mid: float, low: float, high: float, n: int) -> str:
    text = f"{mid:.3g} {what}"
    if math.isfinite(low):
        text += f", 95% CI {low:.3g} to {high:.3g}"
    return f"{text}, n {n}"


def chart_rows(run: Run, index: int, family: Family, frame: pd.DataFrame) -> Rows:
    """One entry per case; `index` is the run's position in the report."""
    ratio = ratio_key(family.baseline)
    rows = []
    for _, row in frame.iterrows():
        who = f"{row['label']}, {row['implementation']}, {run.name}"
        absolute = _words(row["metric"], row["mid"], row["mid_lo"], row["mid_hi"], row["n"])
        entry: dict[str, Any] = {
            "run": index,
            "where": run.name,
            "label": row["label"],
            "metric": row["metric"],
            "implementation": row["implementation"],
            "mid": _number(row["mid"]),
            "low": _number(row["mid_lo"]),
            "high": _number(row["mid_hi"]),
            "text": f"{who}: {absolute}",
        }
        if ratio in row and math.isfinite(row[ratio]):  # not of a family without rivals
            words = (row[ratio], row[f"{ratio}_lo"], row[f"{ratio}_hi"], row["n"])
            entry |= {
                "ratio": _number(row[ratio]),
                "ratio_low": _number(row[f"{ratio}_lo"]),
                "ratio_high": _number(row[f"{ratio}_hi"]),
                "ratio_text": f"{who}: {_words(f'times {family.baseline}', *words)}",
            }
        rows.append(entry)
    return rows


def _encodings(looks: dict[str, Look], labels: list[str]) -> dict[str, Any]:
    """Row and colour of a mark; the same in both layers."""
    colours = {"domain": [*looks], "range": [look.colour for look in looks.values()]}
    axis = {"grid": True, "domain": False, "ticks": False, "labelLimit": 260}
    return {
        "y": {"field": "label", "type": "nominal", "sort": labels, "title": None, "axis": axis},
        "color": {
            "field": "implementation",
            "type": "nominal",
            "scale": colours,
            "legend": None,
        },
    }


def _layers(rows: Rows, keys: Keys, title: str, looks: dict[str, Look]) -> list[Any]:
    """Whiskers, and over them the marks that speak: tooltip and aria-label tell the values."""
    mid, low, high, text = keys
    names = sorted({row["implementation"] for row in rows}, key=rank)
    looks = {name: looks[name] for name in names}
    common = _encodings(looks, list(dict.fromkeys(row["label"] for row in rows)))
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 12},
    }
    axis: dict[str, Any] = {"tickCount": 6, "format": "~g", "labelOverlap": True}
    shapes: dict[str, Any] = {"domain": names, "range": [shape(look) for look in looks.values()]}
    said: dict[str, Any] = {"field": text, "type": "nominal"}
    whisker = {
        "transform": [{"filter": f"isValid(datum.{low}) && datum.{low} > 0"}],
        "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55, "aria": False},
        "encoding": {**common, "x": {**x, "field": low}, "x2": {"field": high}},
    }
    point = {
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": {
            **common,
            "x": {**x, "field": mid, "title": title, "axis": axis},
            "shape": {**common["color"], "scale": shapes},
            "description": said,
            "tooltip": said,
        },
    }
    return [whisker, point]


def _spec(rows: Rows, keys: Keys, title: str, looks: dict[str, Look]) -> dict[str, Any]:
    """A dot plot: a row per operation, a mark per implementation, a facet per run."""
    width = max(380, 840 // len({row["run"] for row in rows}))
    layers = _layers(rows, keys, title, looks)
    return {
        "$schema": SCHEMA,
        "data": {"values": []},
        "transform": [{"filter": f"isValid(datum.{keys[0]}) && datum.{keys[0]} > 0"}],
        "facet": {"column": {"field": "where", "type": "nominal", "title": None}},
        "spec": {"width": width, "height": {"step": 24}, "layer": layers},
        "config": {
            "view": {"stroke": None},
            "font": "system-ui, sans-serif",
            "axis": {"gridColor": "#e6e6e6", "labelFontSize": 12, "titleFontSize": 12},
            "header": {"labelFontSize": 12, "labelFontWeight": "bold"},
        },
    }


def chart_specs(family: Family, rows: Rows, looks: dict[str, Look]) -> dict[str, dict[str, Any]]:
    """Heading -> specification; the page fills in the rows that its switches leave. `looks` has
    an entry for every implementation on the page, so that all charts agree."""
    absolute = ("mid", "low", "high", "text")
    relative = ("ratio", "ratio_low", "ratio_high", "ratio_text")
    specs = {}
    for metric in dict.fromkeys(row["metric"] for row in rows):
        chosen = [row for row in rows if row["metric"] == metric]
        spec = _spec(chosen, absolute, f"{metric} (log scale, {_better([metric])})", looks)
        if len(family.all_metrics) > 1:
            spec["transform"].insert(0, {"filter": f"datum.metric === '{metric}'"})
        specs["Absolute" if len(family.all_metrics) == 1 else f"Absolute: {metric}"] = spec
    parts = _by_direction(rows)
    for metrics, chosen in parts:
        times = f"times {family.baseline} (log scale, {_better(metrics)})"
        spec = _spec(chosen, relative, times, looks)
        title = f"Relative to {family.baseline}"
        if len(parts) > 1:
            spec["transform"].insert(0, {"filter": {"field": "metric", "oneOf": metrics}})
            title += f": {', '.join(metrics)}"
        specs[title] = spec
    return specs


def _better(metrics: list[str]) -> str:
    return "higher is better" if metrics[0] in HIGHER_IS_BETTER else "lower is better"


def _by_direction(rows: Rows) -> list[tuple[list[str], Rows]]:
    """The rows with a ratio, those apart whose ratios are good above 1; and their metrics."""
    parts = []
    having = [row for row in rows if "ratio" in row]
    for higher in (True, False):
        chosen = [row for row in having if (row["metric"] in HIGHER_IS_BETTER) == higher]
        if chosen:
            parts.append((list(dict.fromkeys(row["metric"] for row in chosen)), chosen))
    return parts
