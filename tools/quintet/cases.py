# SPDX-License-Identifier: MIT
"""Case names: `<system>/<operation>/<implementation>[/<key>:<value>]...`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from quintet.errors import ToolError

# What Google Benchmark appends for settings made in code; constant, so no part of the identity.
_SUFFIX = re.compile(
    r"(iterations|repeats|min_time|min_warmup_time):[0-9.]+|manual_time|real_time|process_time"
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_PARAM = re.compile(r"[A-Za-z0-9_]+:[^/:\s]+")


@dataclass(frozen=True)
class Case:
    """One parsed case name."""

    system: str
    operation: str
    implementation: str
    params: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "/".join((self.system, self.operation, self.implementation, *self.params))

    @property
    def label(self) -> str:
        """Operation with parameters: what implementations are compared on."""
        return " ".join((self.operation, *self.params))


def parse_case(name: str) -> Case:
    """Parses a name as the binary prints it; the constant suffixes are dropped."""
    parts = name.split("/")
    while parts and _SUFFIX.fullmatch(parts[-1]):
        parts.pop()
    if (
        len(parts) < 3
        or not all(_WORD.fullmatch(part) for part in parts[:3])
        or not all(_PARAM.fullmatch(part) for part in parts[3:])
    ):
        raise ToolError(
            f"case name '{name}' is not <system>/<operation>/<implementation>[/<key>:<value>]...",
            "fix the name where the case is registered",
        )
    return Case(parts[0], parts[1], parts[2], tuple(parts[3:]))


def reference_case(case: Case, implementation: str, known: Iterable[Case]) -> Case | None:
    """The case of `implementation` to hold `case` against, or None.

    Same system and operation. Same parameters if that exists; otherwise the one whose parameters
    are the largest subset (a rival without a batch form is compared in its single form).
    """
    best: Case | None = None
    for other in known:
        if (other.system, other.operation) != (case.system, case.operation):
            continue
        if other.implementation != implementation or not set(other.params) <= set(case.params):
            continue
        if best is None or len(other.params) > len(best.params):
            best = other
    return best


def exact_filter(raw_name: str) -> str:
    """A Google Benchmark filter (POSIX extended regex) that matches `raw_name` only."""
    return "^" + re.sub(r"([.\[\]{}()*+?^$|\\])", r"\\\1", raw_name) + "$"


def matches(pattern: str | None, name: str) -> bool:
    """Google Benchmark's filter rule: search anywhere; a leading '-' inverts."""
    if not pattern:
        return True
    if pattern.startswith("-"):
        return re.search(pattern[1:], name) is None
    return re.search(pattern, name) is not None
