# SPDX-License-Identifier: MIT
"""Builds the checks once as they are, and again and again with one header replaced.

The tree is never touched: a mutated header lies in an overlay that the compiler searches first.
All of it is built with the same flags as the reference, so equal objects mean equal programs.
"""

import hashlib
import json
import re
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from quintet import ROOT
from quintet.errors import ToolError
from quintet.mutation.config import Check, Config
from quintet.mutation.operators import Mutant
from quintet.mutation.process import Finished, Runner
from quintet.mutation.recipe import Recipe, Unit, read_recipe

COMPILE_SECONDS = 900.0
_ASSERTION = re.compile(
    r"^(?P<file>[^\s:]+):\d+:\d+: error: (static assertion failed|static_assert failed"
    r"|non-constant condition for static assertion|static assertion expression is not)",
    re.MULTILINE,
)


class Stillborn(Exception):
    """The mutant does not compile or link."""


class Refuted(Exception):
    """A static_assert of the tree fails: the compiler has noticed."""


@dataclass
class Attempt:
    """One mutant being built."""

    mutant: Mutant
    folder: Path
    objects: dict[str, Path] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    @property
    def overlay(self) -> Path:
        return self.folder / "overlay"


class Builder:
    """Recipes, reference objects and programs of one system's checks."""

    def __init__(self, config: Config, build: Path, folder: Path, runner: Runner) -> None:
        self.config, self.folder = config, folder
        self._build, self._runner = build, runner
        self.recipes = {c.name: read_recipe(build, c.target, c.sources) for c in config.checks}
        self._keys: dict[str, str] = {}
        self._lines: dict[str, dict[str, list[int]]] = {}
        self._lock = threading.Lock()

    def affected(self, check: Check, headers: Iterable[str]) -> list[Unit]:
        """The units of a check that read one of the headers."""
        paths = [self.config.header(name) for name in headers]
        recipe = self.recipes[check.name]
        return [unit for unit in recipe.units if any(path in unit.reads for path in paths)]

    def units(self, headers: Iterable[str]) -> dict[str, Unit]:
        """The same of all checks, by object."""
        names = list(headers)
        found = [unit for check in self.config.checks for unit in self.affected(check, names)]
        return {unit.object: unit for unit in found}

    def key(self, unit: Unit) -> str:
        """A hash of everything in the tree that decides what the unit's object is."""
        if unit.object not in self._keys:
            digest = hashlib.sha256(repr((unit.words, self.config.flags)).encode())
            for path in sorted(path for path in unit.reads if path.is_relative_to(ROOT)):
                digest.update(f"{path}\0".encode() + path.read_bytes())
            self._keys[unit.object] = digest.hexdigest()[:24]
        return self._keys[unit.object]

    def check_key(self, check: Check) -> str:
        """A hash of everything that decides whether the check passes without a mutation."""
        keys = [self.key(unit) for unit in self.recipes[check.name].units]
        return hashlib.sha256(repr((check, keys)).encode()).hexdigest()[:24]

    def reference(self, unit: Unit) -> Path:
        return self.folder / "reference" / f"{self.key(unit)}.o"

    def build_reference(self, unit: Unit) -> None:
        """Compiles the unit as it is, unless that was done before."""
        path = self.reference(unit)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return
        made = self._compile(unit, path.with_suffix(".new"), ())
        if made.code != 0:
            raise ToolError(f"{unit.source}: does not compile: {made.summary()}", "mend it first")
        path.with_suffix(".new").rename(path)

    def _compile(self, unit: Unit, out: Path, flags: Iterable[str]) -> Finished:
        words = [*unit.words, *self.config.flags, "-w", *flags, "-c", unit.source, "-o", str(out)]
        return self._runner.run(words, COMPILE_SECONDS, self._build)

    def begin(self, mutant: Mutant, folder: Path) -> Attempt:
        """Writes the mutated header and compiles it alone: most stillborn mutants end here."""
        attempt = Attempt(mutant, folder)
        original = self.config.header(mutant.file)
        path = attempt.overlay / self.config.system / mutant.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mutant.applied(original.read_text(encoding="utf-8")), encoding="utf-8")
        units = self.units([mutant.file])
        if units:
            compiler, *flags = next(iter(units.values())).words
            words = [compiler, f"-I{attempt.overlay}", *flags, "-w", "-fsyntax-only"]
            words += ["-x", "c++", str(path)]
            self._judge(self._runner.run(words, COMPILE_SECONDS, self._build))
        return attempt

    def _judge(self, made: Finished) -> None:
        if made.code == 0:
            return
        found = _ASSERTION.search(made.output)
        if found and (self._build / found.group("file")).resolve().is_relative_to(ROOT):
            raise Refuted(made.summary())
        raise Stillborn(made.summary())

    def program(self, attempt: Attempt, check: Check) -> Path | None:
        """The check with the mutant in it; None if that is the same program as without."""
        units = self.affected(check, [attempt.mutant.file])
        for unit in units:
            if unit.object not in attempt.objects:
                self._compile_mutant(attempt, unit)
        if not attempt.changed & {unit.object for unit in units}:
            return None
        program = attempt.folder / check.name
        self._judge(self._link(check, attempt.objects, program))
        return program

    def _compile_mutant(self, attempt: Attempt, unit: Unit) -> None:
        out = attempt.folder / f"{len(attempt.objects)}.o"
        overlay = str(attempt.overlay)
        compiler, *flags = unit.words
        words = [compiler, f"-I{overlay}", *flags, *self.config.flags, "-w"]
        words += [f"-fmacro-prefix-map={overlay}/=lib/", "-c", unit.source, "-o", str(out)]
        self._judge(self._runner.run(words, COMPILE_SECONDS, self._build))
        attempt.objects[unit.object] = out
        if out.read_bytes() != self.reference(unit).read_bytes():
            attempt.changed.add(unit.object)

    def _link(self, check: Check, objects: dict[str, Path], program: Path) -> Finished:
        command = self.recipes[check.name].link_command(objects, program)
        return self._runner.run(command, COMPILE_SECONDS, self._build)

    def reference_program(self, check: Check) -> Path:
        """The check without any mutation, from the reference objects."""
        program = self.folder / "reference" / check.name
        units = self.affected(check, self.config.headers)
        objects = {u.object: self.reference(u) for u in units if self.reference(u).exists()}
        made = self._link(check, objects, program)
        if made.code != 0:
            raise ToolError(f"{check.target}: does not link: {made.summary()}", "mend it first")
        return program

    def compiled(self, mutant: Mutant) -> bool:
        """Whether some check has code for the mutant's statement: a template that nobody
        instantiates has none, and then equal objects prove nothing."""
        path = self.config.header(mutant.file)
        wanted = set(range(mutant.first_line, mutant.line + 1))
        for unit in self.units([mutant.file]).values():
            lines = self._code_lines(unit)
            if wanted & {*lines.get(str(path), []), *lines.get(path.name, [])}:
                return True
        return False

    def _code_lines(self, unit: Unit) -> dict[str, list[int]]:
        """File of the tree -> lines that the unit has code for, before any optimisation."""
        with self._lock:
            if unit.object not in self._lines:
                cache = self.reference(unit).with_suffix(".lines.json")
                if not cache.exists():
                    cache.write_text(json.dumps(self._ask_for_lines(unit)))
                self._lines[unit.object] = json.loads(cache.read_text())
            return self._lines[unit.object]

    def _ask_for_lines(self, unit: Unit) -> dict[str, list[int]]:
        out = self.reference(unit).with_suffix(".lines.o")
        self._compile(unit, out, ("-O0", "-g1"))
        command = ["objdump", "--wide", "--dwarf=decodedline", str(out)]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        out.unlink(missing_ok=True)
        return code_lines(listed.stdout, self._build)


def code_lines(listing: str, folder: Path) -> dict[str, list[int]]:
    """Reads objdump's line table: file -> lines. Relative names begin at `folder`; where objdump
    does not say the folder, which happens to the first file of a unit, the bare name is the key.
    """
    found: dict[str, set[int]] = {}
    heading = Path()
    for line in listing.splitlines():
        if line.endswith(":"):
            heading = (folder / line.removeprefix("CU: ")[:-1]).resolve()
        elif len(words := line.split()) > 2 and words[1].isdigit():
            key = str(heading) if heading.name == words[0] else words[0]
            found.setdefault(key, set()).add(int(words[1]))
    wanted = {k: v for k, v in found.items() if k.startswith(str(ROOT)) or "/" not in k}
    return {name: sorted(lines) for name, lines in wanted.items()}
