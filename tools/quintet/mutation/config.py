# SPDX-License-Identifier: MIT
"""lib/<system>/test/mutants.toml: what to mutate, which checks must notice, what cannot be noticed.

    headers = ["entry.hpp"]             # below lib/<system>/
    flags = ["-O1", "-g0"]              # after the preset's own

    [[check]]                           # in this order, the fastest first
    name = "unit"
    target = "page_table_unit"          # of ninja
    command = ["{program}", "--abort"]  # status 0: it has noticed nothing
    timeout = 60                        # seconds; later it has noticed
    sources = ["entry_test.cpp"]        # optional: link only these of the target's own files
    undecided = "unknown"               # optional, a regex: output of a failure that says nothing;
                                        # with it, time that was up says nothing either

    [faults]                            # optional: prints the matrix of seeded faults
    target = "page_table_proof"
    command = ["{program}", "--faults"]

    [[equivalent]]                      # a mutant that changes nothing, and why
    file = "entry.hpp"
    line = "if (level > 3) return false;"
    mutation = "> -> >="
    occurrence = 1                      # optional: which of several on the line
    reason = "..."
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quintet import ROOT
from quintet.errors import ToolError, UsageError
from quintet.files import shown
from quintet.mutation.operators import Mutant
from quintet.mutation.process import Finished

FILE = "mutants.toml"
PROGRAM = "{program}"
_DEFAULT_TIMEOUT = 60.0
_DEFAULT_MEMORY = 8


@dataclass(frozen=True)
class Check:
    """A program that should notice."""

    name: str
    target: str
    command: tuple[str, ...]
    timeout: float = _DEFAULT_TIMEOUT
    memory_gib: int = _DEFAULT_MEMORY
    """Address space of the process: a mutant may allocate without end."""
    sources: tuple[str, ...] = ()
    """File names; none: the whole target. Fewer files are built sooner."""
    undecided: str = ""
    """Matches the output of a failure that is no refutation."""

    def verdict(self, ended: Finished) -> bool | None:
        """Whether the check has refuted what it ran on; None if it could not decide."""
        if ended.code == 0:
            return False
        if self.undecided and (ended.code is None or re.search(self.undecided, ended.output)):
            return None
        return True

    def command_of(self, program: Path) -> list[str]:
        return [word.replace(PROGRAM, str(program)) for word in self.command]


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no check can notice, with the reason."""

    file: str
    line: str
    mutation: str
    reason: str
    occurrence: int = 0
    """0: every one on the line."""

    def covers(self, mutant: Mutant) -> bool:
        if (self.file, self.line, self.mutation) != mutant.key:
            return False
        return self.occurrence in (0, mutant.occurrence)

    @property
    def name(self) -> str:
        return f"{self.file}: `{self.line}` {self.mutation}"


@dataclass
class Config:
    """One mutants.toml."""

    system: str
    path: Path
    headers: list[str]
    flags: list[str]
    checks: list[Check]
    faults: Check | None = None
    equivalents: list[Equivalent] = field(default_factory=list)

    def header(self, name: str) -> Path:
        return ROOT / "lib" / self.system / name

    def targets(self) -> list[str]:
        checks = [*self.checks, *([self.faults] if self.faults else [])]
        return list(dict.fromkeys(check.target for check in checks))

    def reason(self, mutant: Mutant) -> str:
        """Why the mutant is recorded as equivalent; empty if it is not."""
        return next((e.reason for e in self.equivalents if e.covers(mutant)), "")


def systems() -> list[str]:
    """The systems that have a mutants.toml."""
    return sorted(path.parents[1].name for path in (ROOT / "lib").glob(f"*/test/{FILE}"))


def load(system: str) -> Config:
    """The configuration of `system`; every mistake in it is a ToolError."""
    path = ROOT / "lib" / system / "test" / FILE
    if system not in systems():
        known = ", ".join(systems()) or "none"
        raise UsageError(f"no system '{system}' has a {FILE}", f"systems that have one: {known}")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ToolError(f"{shown(path)}: is not TOML ({error})", "mend it") from None
    return _config(system, path, document)


def _config(system: str, path: Path, document: dict[str, Any]) -> Config:
    where = shown(path)
    known = {"headers": list, "flags": list, "check": list, "faults": dict, "equivalent": list}
    _check_keys(where, document, known, {"headers", "check"})
    for key in ("headers", "flags"):
        _check_strings(where, key, document.get(key, []))
    checks = [_check(f"{where}: check {i + 1}", c) for i, c in enumerate(document["check"])]
    names = [check.name for check in checks]
    if not checks or len(set(names)) < len(names):
        what = "two checks have one name" if checks else "has no check"
        raise ToolError(f"{where}: {what}", "every [[check]] needs its own name")
    faults = document.get("faults")
    recorded = document.get("equivalent", [])
    config = Config(
        system=system,
        path=path,
        headers=document["headers"],
        flags=document.get("flags", []),
        checks=checks,
        faults=_check(f"{where}: faults", {"name": "faults", **faults}) if faults else None,
        equivalents=[
            _equivalent(f"{where}: equivalent {i + 1}", e) for i, e in enumerate(recorded)
        ],
    )
    for name in config.headers:
        if not config.header(name).is_file():
            raise ToolError(f"{where}: header '{name}' is not below lib/{system}/", "mend headers")
    return config


def _check(where: str, table: dict[str, Any]) -> Check:
    number = (int, float)
    known: dict[str, Any] = {"name": str, "target": str, "command": list}
    optional = {"timeout": number, "memory_gib": int, "sources": list, "undecided": str}
    _check_keys(where, table, {**known, **optional}, set(known))
    for key in ("command", "sources"):
        _check_strings(where, key, table.get(key, []))
    if not any(PROGRAM in word for word in table["command"]):
        raise ToolError(f"{where}: command does not run {PROGRAM}", "begin it with that word")
    for key in ("timeout", "memory_gib"):
        if table.get(key, 1) <= 0:
            raise ToolError(f"{where}: {key} is not positive", "mend it")
    try:
        re.compile(table.get("undecided", ""))
    except re.error as error:
        raise ToolError(
            f"{where}: undecided is no regular expression: {error}", "mend it"
        ) from None
    lists = {key: tuple(table.get(key, ())) for key in ("command", "sources")}
    return Check(**{**table, **lists})


def _equivalent(where: str, table: dict[str, Any]) -> Equivalent:
    known = {"file": str, "line": str, "mutation": str, "reason": str}
    _check_keys(where, table, {**known, "occurrence": int}, set(known))
    if not table["reason"].strip():
        raise ToolError(f"{where}: the reason is empty", "say why nothing can notice this mutant")
    return Equivalent(**table)


def _check_keys(where: str, table: Any, known: dict[str, Any], required: set[str]) -> None:
    if not isinstance(table, dict):
        raise ToolError(f"{where}: is no table", "see docs/mutation.md")
    for key, value in table.items():
        if key not in known:
            raise ToolError(f"{where}: unknown key '{key}'", f"known: {', '.join(known)}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            raise ToolError(f"{where}: '{key}' has the wrong type", "see docs/mutation.md")
    for key in sorted(required - set(table)):
        raise ToolError(f"{where}: has no '{key}'", "see docs/mutation.md")


def _check_strings(where: str, key: str, values: list[Any]) -> None:
    if not all(isinstance(value, str) for value in values):
        raise ToolError(f"{where}: '{key}' is not a list of strings", "see docs/mutation.md")
