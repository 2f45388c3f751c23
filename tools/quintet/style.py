# SPDX-License-Identifier: MIT
"""One look for all figures: fixed colours, markers and hatches, and files that can be diffed."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

# Okabe and Ito's palette: distinct for every common kind of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#7F7F7F"
# Further ones, mostly from Tol's muted scheme: darker or paler than those, and with a marker each.
INDIGO, OLIVE, WINE, BROWN, SLATE = "#332288", "#999933", "#882255", "#8C510A", "#45607D"
TEAL, ROSE, FOREST, LAVENDER, SAND = "#44AA99", "#CC6677", "#117733", "#AA99DD", "#DDCC77"
STEEL, MAROON, DARK_GREY, SILVER = "#6699CC", "#661100", "#444444", "#B5B5B5"
# Neighbours of the first ones, for families in which those do not occur.
AMBER, BRICK, NAVY, AZURE, MINT = "#F28E2B", "#B5403A", "#1F4E8C", "#7DB8DA", "#59A14F"
VIOLET, MOSS, CHARCOAL = "#7A4E9C", "#6B6B1E", "#262626"
CORAL, PINE, PLUM = "#E07A5F", "#2D6A4F", "#5E2750"
RUST, GOLD, JADE, MAGENTA, PETROL = "#A63603", "#B8860B", "#1B7F5C", "#C2185B", "#00838F"
MAUVE, REDIS_RED, AQUA, STRAW, UMBER, ROYAL, CYAN, INDIGO_GREY = (
    *("#B07AA1", "#C8352B", "#2AA7A0", "#D9A441", "#7B5B3A", "#3357C4", "#5CC8D7", "#3D4A6B"),
)
BERRY, OLIVINE, HEATHER, APRICOT = "#8B1E3F", "#7C9A3D", "#8377A8", "#F5B27A"
SEAFOAM, PERIWINKLE = "#6FD3A8", "#8093F1"
GRAPHITE, ASH, INK, LILAC, COBALT, LEAF = (
    *("#5A5A5A", "#9A9A9A", "#111111", "#9C6ADE", "#3F7FE8", "#6AA84F"),
)
TANGERINE, GRAPE, FERN, PEWTER, POWDER, MIDNIGHT, DENIM, SOOT = (
    *("#E8590C", "#8E44AD", "#2F9E44", "#6E6E6E", "#8FBCE6", "#12355B", "#2F6F9F", "#1A1A1A"),
)

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


# Every colour appears once, and in one family every marker: nothing in a chart can be mixed up.
LOOKS: dict[str, Look] = {
    "nros": Look("NrOS", ORANGE, "s", "//"),
    "verified": Look("Verified", VERMILLION, "^", "\\\\"),
    "verified_noreclaim": Look("Verified, no reclaim", PURPLE, "v", "xx"),
    "quintet": Look("Quintet", BLUE, "o", ""),
    "quintet_noreclaim": Look("Quintet, no reclaim", SKY, "D", ".."),
    "quintet_nocache": Look("Quintet, no walk cache", GREEN, "P", "++"),
    "quintet_beside": Look("Quintet, counters beside", INDIGO, "X", "--"),
    "quintet_live": Look("Quintet, live leaves", OLIVE, ">", "||"),
    "quintet_la57": Look("Quintet, 5 levels", WINE, "<", "oo"),
    "quintet_4k": Look("Quintet, 4 KiB backing", BROWN, "h", "**"),
    "limit_first_touch": Look("Limit: first touch", BLACK, "d", ""),
    "limit_store": Look("Limit: store", DARK_GREY, "H", ""),
    "limit_load": Look("Limit: load", SLATE, "*", ""),
    "limit_wait": Look("Limit: a batch waits", SILVER, "8", ""),
    "libpmemlog": Look("PMDK libpmemlog", AMBER, "s", "//"),
    "initial": Look("Initial log", BRICK, "^", ".."),
    "quintet_strict": Look("Quintet, strict", NAVY, "D", ""),
    "quintet_fast": Look("Quintet, fast", AZURE, "v", ""),
    "quintet_locked": Look("Quintet, locked", MINT, "P", "++"),
    "quintet_single": Look("Quintet, one log", VIOLET, "X", "xx"),
    "quintet_view": Look("Quintet, view", MOSS, ">", "||"),
    "quintet_record": Look("Quintet, records", CORAL, "<", "--"),
    "quintet_framed": Look("Quintet, records without sums", PINE, "h", "oo"),
    "quintet_shared": Look("Quintet, shared", PLUM, "d", "**"),
    "limit_stream": Look("Limit: stream and fence", CHARCOAL, "*", ""),
    "upstream": Look("NR, original", RUST, "s", "//"),
    "ironsync": Look("NR, IronSync", LILAC, "X", "xx"),
    "flat_combining": Look("Flat combining", GOLD, "v", "--"),
    "slots_rwlock": Look("Reader-slots lock", JADE, "D", "++"),
    "std_mutex": Look("std::mutex", GRAPHITE, "<", ".."),
    "std_shared_mutex": Look("std::shared_mutex", ASH, ">", "||"),
    "urcu": Look("liburcu rculfhash", MAGENTA, "P", "oo"),
    "tbb": Look("oneTBB hash map", PETROL, "h", "**"),
    "lockfree": Look("Limit: no lock at all", INK, "*", ""),
    "quintet_batch32": Look("Quintet, batches of 32", COBALT, "d", ""),
    "quintet_log": Look("Quintet, the log alone", LEAF, "H", ""),
    "mimalloc": Look("mimalloc", TANGERINE, "s", "//"),
    "jemalloc": Look("jemalloc", GRAPE, "^", ".."),
    "tcmalloc": Look("tcmalloc", FERN, "v", "--"),
    "glibc": Look("glibc", PEWTER, "D", "xx"),
    "quintet_hardened": Look("Quintet, hardened", POWDER, "h", ""),
    "quintet_inline": Look("Quintet, inlined", MIDNIGHT, "P", ""),
    "quintet_inline_sized": Look("Quintet, inlined, sized", DENIM, "X", ""),
    "limit": Look("Limit: the calls alone", SOOT, "*", ""),
    "redis": Look("Redis", REDIS_RED, "s", "//"),
    "redis_busy": Look("Redis, polling client", APRICOT, "<", "--"),
    "redis_everysec": Look("Redis, log each second", HEATHER, ">", "||"),
    "redis_always": Look("Redis, log always", BERRY, "v", "xx"),
    "memcached": Look("memcached", OLIVINE, "D", ".."),
    "ironfleet": Look("IronFleet, made again", STRAW, "8", "\\\\"),
    "echo": Look("Asio echo", UMBER, "*", ""),
    "quintet_library": Look("Quintet, our client", CYAN, "d", ""),
    "quintet_library_busy": Look("Quintet, our client, polling", SEAFOAM, "^", "--"),
    "quintet_tls": Look("Quintet, TLS", INDIGO_GREY, "P", "++"),
    "quintet_epoll": Look("Quintet, epoll", PERIWINKLE, "x", ".."),
    "quintet_busy": Look("Quintet, polling", AQUA, "X", ""),
    "quintet_periodic": Look("Quintet, log periodically", MAUVE, "h", "oo"),
    "quintet_always": Look("Quintet, log always", ROYAL, "H", "**"),
    "harness": Look("Harness alone", GREY, "p", ""),
}
_SPARE_COLOURS = (TEAL, ROSE, FOREST, YELLOW, LAVENDER, SAND, STEEL, MAROON)
_SPARE_MARKERS = ("p", "P", "X", "<", ">", "h", "d", "*")
# Eight that differ in both, then eight more with the markers moved by one, and so on.
_SPARE = [
    (_SPARE_COLOURS[(i + i // 8) % 8], _SPARE_MARKERS[i % 8])
    for i in range(len(_SPARE_COLOURS) * len(_SPARE_MARKERS))
]
PAPER_LABEL = "paper (their machine)"


def looks(implementations: Iterable[str]) -> dict[str, Look]:
    """A look for each name, all different. Names in LOOKS always have theirs; another name starts
    its search for a free spare look at a place that depends on itself only."""
    found: dict[str, Look] = {}
    free = list(range(len(_SPARE)))
    for name in sorted(set(implementations)):
        if name in LOOKS:
            found[name] = LOOKS[name]
            continue
        start = zlib.crc32(name.encode()) % 8
        place = min(free, key=lambda i: (i // 8, (i - start) % 8), default=start)
        free = [index for index in free if index != place]
        colour, marker = _SPARE[place]
        found[name] = Look(name.replace("_", " "), colour, marker, "")
    return found


def look(implementation: str) -> Look:
    """The look of a name where it stands alone; beside others use looks()."""
    return looks([implementation])[implementation]


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
