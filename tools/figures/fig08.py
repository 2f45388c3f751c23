# SPDX-License-Identifier: MIT
"""Figure 8: what is proved of each system, with how many lines, in what time (a table).

Our rows are black, the rows of the paper's artifact grey below them. A column that the paper does
not have says how far a claim reaches.
"""

from typing import Any

import pandas as pd
from matplotlib import pyplot
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from quintet import style
from quintet.load import Run
from quintet.obligations import Verification, read
from quintet.obligations_text import (
    SYSTEM_LEFT,
    as_markdown,
    as_text,
    notes,
    paper_rows,
    system_header,
    system_rows,
)

FAMILY = "verification"
NUMBER = 8
TITLE = "Verification: what is proved, and what it costs"
_POINTS = 6.8
_NOTE_POINTS = 6.0
_LINE = 12.0
_GAP = 11.0
_MARGIN = 7.0
# Headings that may break, so that a column is as wide as its numbers.
_BREAKS = {
    "proof/exec": "proof/\nexec",
    "1 core (s)": "1 core\n(s)",
    "proved/bounded/sampled": "proved/\nbounded/\nsampled",
    "SMT MB": "SMT\nMB",
    "faults refuted": "faults\nrefuted",
}
_HEADING_LINES = 3


def texts(run: Run, points: pd.DataFrame) -> dict[str, str]:
    """The same table in words."""
    verification = read(run)
    return {"txt": as_text(verification, points), "md": as_markdown(verification, points)}


def has_cases(run: Run) -> bool:
    """Whether there is a system to tell of."""
    return bool(read(run).systems)


def compose(run: Run, points: pd.DataFrame) -> Any:
    """The whole figure, as large as its text."""
    verification = read(run)
    ours, theirs = system_rows(verification), paper_rows(points)
    heading = [_heading(title) for title in system_header(verification)]
    remarks = notes(verification, bool(theirs))
    widths = _widths(heading, [*ours, *theirs])
    width = sum(widths) + _GAP * (len(widths) - 1) + 2 * _MARGIN
    width = max(width, *(_width(remark, _NOTE_POINTS) + 2 * _MARGIN for remark in remarks))
    count = len(ours) + len(theirs) + len(remarks) + _HEADING_LINES
    height = _LINE * (count + 3.5) + 2 * _MARGIN
    figure = pyplot.figure(figsize=(width / 72, height / 72))
    page = _Page(figure, width, height, widths)
    page.title(TITLE)
    page.heading(heading)
    for row in ours:
        page.row(row, "black")
    page.rule(style.GREY)
    for row in theirs:
        page.row(row, style.GREY)
    if theirs:
        page.rule("black")
    for remark in remarks:
        page.remark(remark)
    return figure


def _heading(title: str) -> str:
    return _BREAKS.get(title, title.replace(" cores (", " cores\n("))


def _width(text: str, points: float, bold: bool = False) -> float:
    font = FontProperties(family="DejaVu Sans", size=points, weight="bold" if bold else "normal")
    widths = [
        TextToPath().get_text_width_height_descent(line, font, ismath=False)[0]
        for line in text.split("\n")
    ]
    return float(max(widths))


def _widths(heading: list[str], rows: list[list[str]]) -> list[float]:
    return [
        max(_width(title, _POINTS, bold=True), *(_width(row[i], _POINTS) for row in rows))
        for i, title in enumerate(heading)
    ]


class _Page:
    """Lines of text from the top; x and y in points."""

    def __init__(self, figure: Any, width: float, height: float, widths: list[float]) -> None:
        self._figure, self._width, self._height = figure, width, height
        self._widths = widths
        self._y = height - _MARGIN

    def _text(self, x: float, y: float, text: str, size: float, **options: Any) -> None:
        self._figure.text(x / self._width, y / self._height, text, fontsize=size, **options)

    def _cells(self, cells: list[str], **options: Any) -> None:
        x = _MARGIN
        for i, (cell, width) in enumerate(zip(cells, self._widths)):
            left = i in SYSTEM_LEFT
            where = x if left else x + width
            align = "left" if left else "right"
            self._text(where, self._y, cell, _POINTS, ha=align, va="bottom", **options)
            x += width + _GAP

    def title(self, text: str) -> None:
        self._y -= _LINE
        self._text(_MARGIN, self._y, text, 10, fontweight="bold", va="bottom")
        self._y -= 0.5 * _LINE

    def heading(self, cells: list[str]) -> None:
        self._y -= _LINE * _HEADING_LINES
        self._cells(cells, fontweight="bold", linespacing=1.1)
        self.rule("black")

    def row(self, cells: list[str], colour: str) -> None:
        self._y -= _LINE
        self._cells(cells, color=colour)

    def rule(self, colour: str) -> None:
        self._y -= 0.25 * _LINE
        ends = [_MARGIN / self._width, 1 - _MARGIN / self._width]
        line = pyplot.Line2D(
            ends,
            [self._y / self._height] * 2,
            color=colour,
            linewidth=0.6,
            transform=self._figure.transFigure,
        )
        self._figure.add_artist(line)
        self._y -= 0.1 * _LINE

    def remark(self, text: str) -> None:
        self._y -= 0.85 * _LINE
        self._text(_MARGIN, self._y, text, _NOTE_POINTS, color=style.GREY, va="bottom")
