# SPDX-License-Identifier: MIT
"""One look for all figures: fixed colours, markers and hatches, and files that can be diffed."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

# Okabe and Ito's palette: distinct for every common kind of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#7F7F7F"

SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "quintet",
    "savefig.dpi": 200,
    "figure.dpi": 100,
}


@dataclass(frozen=True)
class Look:
    """How one implementation appears in every figure."""

    label: str
    colour: str
    marker: str
    hatch: str


LOOKS: dict[str, Look] = {
    "nros": Look("NrOS", ORANGE, "s", "//"),
    "verified": Look("Verified", VERMILLION, "^", "\\\\"),
    "verified_noreclaim": Look("Verified, no reclaim", PURPLE, "v", "xx"),
    "quintet": Look("Quintet", BLUE, "o", ""),
    "quintet_noreclaim": Look("Quintet, no reclaim", SKY, "D", ".."),
    "quintet_nocache": Look("Quintet, no walk cache", GREEN, "P", "++"),
    "quintet_beside": Look("Quintet, counters beside", GREEN, "X", "--"),
    "quintet_live": Look("Quintet, live leaves", ORANGE, ">", "||"),
    "quintet_la57": Look("Quintet, 5 levels", PURPLE, "<", "oo"),
    "quintet_4k": Look("Quintet, 4 KiB backing", BLACK, "h", "**"),
    "limit_first_touch": Look("Limit: first touch", BLACK, "X", ""),
    "limit_store": Look("Limit: store", BLACK, "X", ""),
    "limit_load": Look("Limit: load", BLACK, "X", ""),
    "harness": Look("Harness alone", GREY, "p", ""),
}
_SPARE = [(SKY, "P", "OO"), (YELLOW, "X", "//"), (VERMILLION, "<", "xx"), (SKY, ">", "++")]
PAPER_LABEL = "paper (their machine)"


def look(implementation: str) -> Look:
    """The fixed look; a name without an entry gets a spare one that depends on the name only."""
    if implementation in LOOKS:
        return LOOKS[implementation]
    colour, marker, hatch = _SPARE[sum(implementation.encode()) % len(_SPARE)]
    return Look(implementation.replace("_", " "), colour, marker, hatch)


def rank(implementation: str) -> tuple[int, str]:
    """Sort key: the order of LOOKS, then by name."""
    names = list(LOOKS)
    return (names.index(implementation) if implementation in LOOKS else len(names), implementation)


def render(figure: Any, kind: str) -> bytes:
    """`figure` as pdf, svg or png without dates or versions: the same bytes for the same data."""
    metadata: dict[str, dict[str, None]] = {
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    buffer = BytesIO()
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(buffer, format=kind, metadata=metadata[kind])
    return buffer.getvalue()
