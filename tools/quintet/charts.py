# SPDX-License-Identifier: MIT
"""The report's interactive charts as Vega-Lite specifications, and the data that they show."""

import math
from typing import Any

import pandas as pd

from quintet.families import Family
from quintet.load import Run
from quintet.style import look, rank
from quintet.summary import ratio_key

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SHAPES = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "P": "cross",
    "<": "triangle-left",
    ">": "triangle-right",
    "X": "M-1,-0.5L-0.5,-1L0,-0.5L0.5,-1L1,-0.5L0.5,0L1,0.5L0.5,1L0,0.5L-0.5,1L-1,0.5L-0.5,0Z",
    "h": "M0,-1L0.87,-0.5L0.87,0.5L0,1L-0.87,0.5L-0.87,-0.5Z",
    "p": "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z",
}


def shape(implementation: str) -> str:
    """Vega's name or path for the marker that the figures use."""
    return _SHAPES[look(implementation).marker]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _words(what: str, mid: float, low: float, high: float, n: int) -> str:
    text = f"{mid:.3g} {what}"
    if math.isfinite(low):
        text += f", 95% CI {low:.3g} to {high:.3g}"
    return f"{text}, n {n}"


def chart_rows(run: Run, index: int, family: Family, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per case; `index` is the run's position in the report."""
    ratio = ratio_key(family.baseline)
    rows = []
    for _, row in frame.iterrows():
        who = f"{row['label']}, {row['implementation']}, {run.name}"
        absolute = _words(family.metric, row["mid"], row["mid_lo"], row["mid_hi"], row["n"])
        entry: dict[str, Any] = {
            "run": index,
            "where": run.name,
            "label": row["label"],
            "implementation": row["implementation"],
            "mid": _number(row["mid"]),
            "low": _number(row["mid_lo"]),
            "high": _number(row["mid_hi"]),
            "text": f"{who}: {absolute}",
        }
        if math.isfinite(row[ratio]):
            words = (row[ratio], row[f"{ratio}_lo"], row[f"{ratio}_hi"], row["n"])
            entry |= {
                "ratio": _number(row[ratio]),
                "ratio_low": _number(row[f"{ratio}_lo"]),
                "ratio_high": _number(row[f"{ratio}_hi"]),
                "ratio_text": f"{who}: {_words(f'times {family.baseline}', *words)}",
            }
        rows.append(entry)
    return rows


def _encodings(names: list[str], labels: list[str]) -> dict[str, Any]:
    """Row and look of a mark; the same in both layers."""
    colours = {"domain": names, "range": [look(name).colour for name in names]}
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


def _layers(rows: list[dict[str, Any]], keys: tuple[str, str, str, str], title: str) -> list[Any]:
    """Whiskers, and over them the marks that speak: tooltip and aria-label tell the values."""
    mid, low, high, text = keys
    names = sorted({row["implementation"] for row in rows}, key=rank)
    common = _encodings(names, list(dict.fromkeys(row["label"] for row in rows)))
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 12},
    }
    axis: dict[str, Any] = {"tickCount": 6, "format": "~g", "labelOverlap": True}
    shapes: dict[str, Any] = {"domain": names, "range": [shape(name) for name in names]}
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


def _spec(
    rows: list[dict[str, Any]], keys: tuple[str, str, str, str], title: str
) -> dict[str, Any]:
    """A dot plot: a row per operation, a mark per implementation, a facet per run."""
    width = max(380, 840 // len({row["run"] for row in rows}))
    layers = _layers(rows, keys, title)
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


def chart_specs(family: Family, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Heading -> specification; the page fills in the rows that its switches leave."""
    better = f"{family.metric} (log scale, lower is better)"
    absolute = ("mid", "low", "high", "text")
    relative = ("ratio", "ratio_low", "ratio_high", "ratio_text")
    specs = {"Absolute": _spec(rows, absolute, better)}
    if any("ratio" in row for row in rows):
        times = f"times {family.baseline} (log scale, lower is better)"
        specs[f"Relative to {family.baseline}"] = _spec(rows, relative, times)
    return specs
