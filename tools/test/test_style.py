# SPDX-License-Identifier: MIT
"""Looks: no two implementations of a chart can be mixed up."""

import re
from pathlib import Path

import pytest

from quintet.charts import shape
from quintet.style import LOOKS, look, looks

BENCH = Path(__file__).resolve().parents[2] / "bench"


def different(found):
    for part in ("colour", "marker"):
        values = [getattr(one, part) for one in found.values()]
        assert len(set(values)) == len(values), part


def test_every_known_implementation_has_a_colour_and_a_marker_of_its_own():
    different(LOOKS)
    assert len({shape(one) for one in LOOKS.values()}) == len(LOOKS)


def test_every_implementation_of_the_benchmarks_is_known():
    text = "".join(path.read_text() for path in sorted(BENCH.rglob("*_cases.cpp")))
    names = set(re.findall(r'["/]((?:quintet|limit|verified|nros)_\w+)"', text))
    assert {"quintet_beside", "quintet_la57", "verified_noreclaim"} <= names
    assert names <= set(LOOKS)


@pytest.mark.parametrize("count", [1, 8, 64])
def test_unknown_implementations_differ_from_each_other_and_from_the_known(count):
    found = looks([*LOOKS, *(f"quintet_new{i}" for i in range(count))])
    pairs = {(one.colour, one.marker) for one in found.values()}
    assert len(pairs) == len(LOOKS) + count
    assert not {found[f"quintet_new{i}"].colour for i in range(count)} & {
        one.colour for one in LOOKS.values()
    }
    if count <= 8:
        assert len({one.colour for one in found.values()}) == len(found)
    for one in found.values():
        assert shape(one)


def test_a_look_stays_when_others_come():
    assert all(look(name) == LOOKS[name] for name in LOOKS)
    assert looks(["rival", "quintet"])["rival"] == look("rival")
