# SPDX-License-Identifier: MIT
"""Case names."""

import re

import pytest

from quintet.cases import exact_filter, matches, parse_case, reference_case
from quintet.errors import ToolError


def test_constant_suffixes_are_no_part_of_the_name():
    case = parse_case("page_table/map_range/quintet/pages:512/iterations:1/manual_time")
    assert case.name == "page_table/map_range/quintet/pages:512"
    assert case.params == ("pages:512",) and case.label == "map_range pages:512"


@pytest.mark.parametrize("name", ["", "map", "page_table/map", "a/b/c/novalue", "a//c", "a/b c/d"])
def test_other_names_are_refused(name):
    with pytest.raises(ToolError, match="is not <system>"):
        parse_case(name)


def test_exact_filter_matches_one_case_only():
    raw = "page_table/map/quintet/iterations:1/manual_time"
    pattern = exact_filter(raw)
    assert re.search(pattern, raw)
    assert not re.search(pattern, raw.replace("quintet", "quintet_nocache"))
    assert exact_filter("a/b/v1.5+x") == r"^a/b/v1\.5\+x$"


def test_filters_search_and_a_dash_inverts():
    assert matches(None, "page_table/map/nros") and matches("map/", "page_table/map/nros")
    assert not matches("-nros", "page_table/map/nros") and matches("-nros", "page_table/map/x")


def test_reference_prefers_equal_parameters_then_a_subset():
    known = [
        parse_case(f"p/op/{name}")
        for name in ("nros", "nros/batch:16", "nros/batch:16/n:1", "other/batch:16")
    ]
    assert reference_case(parse_case("p/op/q/batch:16"), "nros", known) == known[1]
    assert reference_case(parse_case("p/op/q/batch:8"), "nros", known) == known[0]
    assert reference_case(parse_case("p/else/q"), "nros", known) is None
