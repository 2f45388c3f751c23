# SPDX-License-Identifier: MIT
"""Looks: no two implementations of a chart can be mixed up."""

import re
from pathlib import Path

import pytest

from quintet.charts import shape
from quintet.style import LOOKS, look, looks

BENCH = Path(__file__).resolve().parents[2] / "bench"


RIVALS = (
    *("limit", "verified", "nros", "libpmemlog", "initial", "upstream", "ironsync", "std"),
    *("flat_combining", "slots_rwlock", "urcu", "tbb", "lockfree"),
    *("mimalloc", "jemalloc", "tcmalloc"),
    *("redis", "memcached", "ironfleet", "echo"),
)
IMPLEMENTATION = rf"""["/]((?:quintet|{"|".join(RIVALS)})(?:_\w+)?|glibc)["/]"""


def named_in(pattern):
    """The implementations that the sources of a family name."""
    text = "".join(path.read_text() for path in sorted(BENCH.rglob(pattern)))
    return set(re.findall(IMPLEMENTATION, text))


def different(found):
    for part in ("colour", "marker"):
        values = [getattr(one, part) for one in found.values()]
        assert len(set(values)) == len(values), part


@pytest.mark.parametrize("family", ["allocator", "node_replication", "page_table", "pm_log"])
def test_every_implementation_of_a_family_has_a_colour_and_a_marker_of_its_own(family):
    names = named_in(f"{family}_cases/*.cpp") | {"harness"}
    assert len(names) > 8 and names <= set(LOOKS)
    found = {name: LOOKS[name] for name in names}
    different(found)
    assert len({shape(one) for one in found.values()}) == len(names)


def test_every_implementation_of_the_store_has_a_colour_and_a_marker_of_its_own():
    rivals = ("redis", "memcached", "ironfleet", "echo")
    busy = ("quintet_busy", "quintet_library_busy", "redis_busy")
    durable = ("quintet_periodic", "quintet_always", "redis_everysec", "redis_always")
    names = {"quintet", "quintet_library", "quintet_tls", "harness", *rivals, *busy, *durable}
    names |= named_in("ironkv_cases/*.cpp")
    assert names <= set(LOOKS)
    different({name: LOOKS[name] for name in names})


def test_no_two_known_implementations_have_one_colour():
    assert len({one.colour for one in LOOKS.values()}) == len(LOOKS)


def test_every_implementation_of_the_benchmarks_is_known():
    names = named_in("*_cases.cpp")
    assert {"quintet_beside", "quintet_la57", "verified_noreclaim", "quintet_fast"} <= names
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
