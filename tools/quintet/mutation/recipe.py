# SPDX-License-Identifier: MIT
"""How ninja builds a check: its compile commands, what they read, and what is linked."""

import re
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quintet.errors import ToolError
from quintet.files import shown

_MEMBER = re.compile(r"\((?P<archive>[^()]+)\)(?P<member>[^()]+)")
_DEPENDENCY_FLAGS = {"-MT": 1, "-MF": 1, "-MQ": 1, "-MD": 0, "-MMD": 0}
Compiled = dict[str, tuple[str, tuple[str, ...]]]
"""Object -> source, and its compiler with flags."""
_LAUNCHERS = ("ccache", "sccache", "distcc")


@dataclass(frozen=True)
class Unit:
    """An object file that is linked; `words` is its compiler with flags, but without -c and -o."""

    object: str
    source: str
    words: tuple[str, ...]
    reads: frozenset[Path]


@dataclass(frozen=True)
class Recipe:
    """A program: its units, and the command that links it."""

    target: str
    folder: Path
    units: tuple[Unit, ...]
    link: tuple[str, ...]
    members: dict[str, list[str]]
    """Archive -> the objects that the linker takes from it."""

    def reading(self, header: Path) -> list[Unit]:
        return [unit for unit in self.units if header in unit.reads]

    def link_command(self, objects: dict[str, Path], program: Path) -> list[str]:
        """Links `program` with other objects in place of some. An archive gives way to its
        members, so that none of them can come back in its old form."""
        command: list[str] = []
        placed: set[str] = set()
        for word in self.link:
            if command and command[-1] == "-o":
                command.append(str(program))
            elif word in self.members:
                fresh = [name for name in self.members[word] if name not in placed]
                command += [str(objects.get(name, self.folder / name)) for name in fresh]
                placed |= set(fresh)
            else:
                command.append(str(objects.get(word, word)))
        return command


def read_recipe(folder: Path, target: str, sources: tuple[str, ...] = ()) -> Recipe:
    """The recipe of `target`, which has been built in `folder`; with `sources`, of a program
    that holds no other files of the target itself."""
    compiled, archives, link = _commands(folder, target)
    if sources:
        link = _restricted(target, link, compiled, sources)
    members = _members(folder, target, link, archives)
    linked = [word for word in link if word in compiled]
    linked += [name for names in members.values() for name in names]
    reads = _reads(folder, target, list(dict.fromkeys(linked)))
    units = [Unit(name, *compiled[name], reads[name]) for name in reads if name in compiled]
    return Recipe(target, folder, tuple(units), link, members)


def _restricted(
    target: str, link: tuple[str, ...], compiled: Compiled, sources: tuple[str, ...]
) -> tuple[str, ...]:
    own = {Path(compiled[word][0]).name: word for word in link if word in compiled}
    if unknown := [name for name in sources if name not in own]:
        remedy = f"the target has {', '.join(own)}"
        raise ToolError(f"{target}: '{unknown[0]}' is not among its sources", remedy)
    dropped = {word for name, word in own.items() if name not in sources}
    return tuple(word for word in link if word not in dropped)


def _commands(folder: Path, target: str) -> tuple[Compiled, dict[str, list[str]], tuple[str, ...]]:
    """Object -> source and compiler; archive -> objects; the words that link the program."""
    compiled: Compiled = {}
    archives: dict[str, list[str]] = {}
    link: tuple[str, ...] = ()
    for line in _ninja(folder, target, "commands", target).splitlines():
        for piece in line.split(" && "):
            words = shlex.split(piece)
            while words and Path(words[0]).name in _LAUNCHERS:
                words.pop(0)
            if "-c" in words and "-o" in words:
                name, source, flags = _compilation(words)
                compiled[name] = (source, flags)
            elif words and Path(words[0]).name.endswith("ar") and words[1:2] == ["qc"]:
                archives[words[2]] = words[3:]
            elif "-o" in words and any(word.endswith(".o") for word in words):
                link = tuple(words)
    if not link:
        raise ToolError(f"{target}: is no program that ninja links", "mend its name in the toml")
    return compiled, archives, link


def _compilation(words: list[str]) -> tuple[str, str, tuple[str, ...]]:
    """Object, source, and the rest without flags about dependencies and warnings as errors."""
    kept: list[str] = []
    name = source = ""
    rest = iter(words)
    for word in rest:
        if word in _DEPENDENCY_FLAGS:
            for _ in range(_DEPENDENCY_FLAGS[word]):
                next(rest, "")
        elif word == "-o":
            name = next(rest, "")
        elif word == "-c":
            source = next(rest, "")
        elif not word.startswith("-Werror"):
            kept.append(word)
    return name, source, tuple(kept)


def _ninja(folder: Path, target: str, tool: str, *arguments: str) -> str:
    remedy = f"build it with ./quintet build {folder.name} {target}"
    if not (folder / "build.ninja").exists():
        raise ToolError(f"{target}: there is no build in {shown(folder)}", remedy)
    command = ["ninja", "-C", str(folder), "--quiet", "-t", tool, *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ToolError("no ninja found", "sudo apt-get install ninja-build") from None
    if result.returncode != 0:
        why = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise ToolError(f"{target}: {why}", remedy)
    return result.stdout


def _members(
    folder: Path, target: str, link: tuple[str, ...], archives: dict[str, list[str]]
) -> dict[str, list[str]]:
    """What the linker takes from archives that are built here: it is asked."""
    with tempfile.TemporaryDirectory(prefix="quintet-") as scratch:
        words = [*link, "-Wl,-t,-t"]
        words[words.index("-o") + 1] = str(Path(scratch) / "program")
        result = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        why = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise ToolError(
            f"{target}: does not link ({why})", f"build it with ./quintet build {folder.name}"
        )
    members: dict[str, list[str]] = {name: [] for name in archives if name in link}
    for match in map(_MEMBER.fullmatch, result.stdout.splitlines()):
        if match and match.group("archive") in members:
            archive = match.group("archive")
            wanted = [o for o in archives[archive] if Path(o).name == match.group("member")]
            members[archive] += [o for o in wanted if o not in members[archive]]
    return members


def _reads(folder: Path, target: str, objects: list[str]) -> dict[str, frozenset[Path]]:
    """Object -> the files that its compilation has read."""
    reads: dict[str, set[Path]] = {}
    current: set[Path] = set()
    for line in _ninja(folder, target, "deps", *objects).splitlines():
        if line.startswith(" "):
            current.add(Path(_normal(folder, line.strip())))
        elif line:
            name = line.partition(": ")[0]
            current = reads[name] = set()
    for name in objects:
        if not reads.get(name):
            remedy = f"build it with ./quintet build {folder.name} {target}"
            raise ToolError(f"{target}: {name} was not built yet", remedy)
    return {name: frozenset(files) for name, files in reads.items()}


def _normal(folder: Path, name: str) -> Path:
    path = Path(name)
    return path if path.is_absolute() and ".." not in path.parts else (folder / path).resolve()
