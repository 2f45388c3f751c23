# SPDX-License-Identifier: MIT
"""Lines of code below lib/, by folder and by what they are for. The place of a file decides:

trusted  lib/<room>/spec/, *contract* files, and the kit itself (lib/proof/): believed, not checked
proof    lib/<room>/test/proof/ and *_proof.* in a test folder: obligations and their harness
tests    the rest of lib/<room>/test/, the kit's own tests, and lib/testing/
exec     everything else: what runs in a program that uses the library

A line counts unless it is blank or only a // comment. `cmake/Lines.cmake` hands the
counts to programs.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from quintet import ROOT
from quintet.errors import ToolError
from quintet.layout import aligned_right

SUFFIXES = (".hpp", ".cpp", ".h")
KIT = "proof"
BUILT_IN = "the built-in counter"


@dataclass
class Counts:
    """Lines of one room by class."""

    trusted: int = 0
    proof: int = 0
    tests: int = 0
    exec: int = 0

    def add(self, kind: str, lines: int) -> None:
        setattr(self, kind, getattr(self, kind) + lines)


def kind_of(path: PurePosixPath) -> str:
    """The class of `path`, which is relative to lib/."""
    room, *folders = path.parent.parts
    if folders[:1] == ["test"] and room != KIT:
        return "proof" if folders[1:2] == ["proof"] or path.stem.endswith("_proof") else "tests"
    if room == "testing" or "test" in folders:
        return "tests"
    if room == KIT or folders[:1] == ["spec"] or "contract" in path.stem:
        return "trusted"
    return "exec"


def is_counted(path: PurePosixPath) -> bool:
    """Whether `path`, relative to lib/, is C++ in a room."""
    return path.suffix in SUFFIXES and len(path.parts) > 1


def code_lines(text: str) -> int:
    """Lines that are neither blank nor only a // comment."""
    lines = (line.strip() for line in text.splitlines())
    return sum(bool(line) and not line.startswith("//") for line in lines)


def summed(lines: Mapping[PurePosixPath, int]) -> dict[str, Counts]:
    """Room -> counts, in order of names."""
    rooms: dict[str, Counts] = {}
    for path in sorted(lines):
        rooms.setdefault(path.parts[0], Counts()).add(kind_of(path), lines[path])
    return rooms


def sources(root: Path = ROOT) -> list[PurePosixPath]:
    """The C++ files of the tree, relative to lib/."""
    library = root / "lib"
    found = (PurePosixPath(path.relative_to(library)) for path in library.rglob("*"))
    files = sorted(path for path in found if is_counted(path))
    if not files:
        raise ToolError(f"{library}: holds no C++ file", "run this in a clone of the repository")
    return files


def count_built_in(files: Iterable[PurePosixPath], root: Path = ROOT) -> dict[PurePosixPath, int]:
    return {path: code_lines((root / "lib" / path).read_text("utf-8")) for path in files}


def count_with_cloc(
    files: Iterable[PurePosixPath], root: Path = ROOT
) -> tuple[dict[PurePosixPath, int], str]:
    """The lines as cloc sees them, and cloc's version."""
    library = root / "lib"
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("".join(f"{library / path}\n" for path in files))
        names.flush()
        command = ["cloc", "--json", "--by-file", "--quiet", "--skip-uniqueness"]
        command.append(f"--list-file={names.name}")
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        document = json.loads(result.stdout)
        version = str(document.pop("header")["cloc_version"])
    except (ValueError, KeyError):
        remedy = "run it by hand, or remove it: there is a built-in counter"
        raise ToolError(f"cloc ended with {result.returncode} and no JSON", remedy) from None
    document.pop("SUM", None)
    lines = {
        PurePosixPath(Path(name).relative_to(library)): int(about["code"])
        for name, about in document.items()
    }
    return {path: lines.get(path, 0) for path in files}, version


def _git(*arguments: str, stdin: str | None = None, root: Path = ROOT) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None


def count_commit(sha: str, root: Path = ROOT) -> dict[str, Counts] | None:
    """The counts of a commit, whatever is checked out; None if this clone does not have it."""
    listed = _git("ls-tree", "-r", "-z", "--name-only", sha, "lib/", root=root)
    if not listed:
        return None
    paths = [PurePosixPath(name).relative_to("lib") for name in listed.split("\0") if name]
    lines = {}
    for path in filter(is_counted, paths):
        text = _git("show", f"{sha}:lib/{path}", root=root)
        if text is None:
            return None
        lines[path] = code_lines(text)
    return summed(lines)


def count_tree(root: Path = ROOT) -> tuple[dict[str, Counts], str]:
    """The counts of the working tree, and who has counted: cloc where it is installed."""
    files = sources(root)
    if shutil.which("cloc") is None:
        return summed(count_built_in(files, root)), BUILT_IN
    lines, version = count_with_cloc(files, root)
    return summed(lines), f"cloc {version}"


def ratio(counts: Counts) -> float | None:
    """Lines of proof per line of code; none without either."""
    return counts.proof / counts.exec if counts.proof and counts.exec else None


def as_text(rooms: dict[str, Counts], counter: str) -> str:
    rows = []
    total = Counts()
    for room, counts in rooms.items():
        for kind, lines in asdict(counts).items():
            total.add(kind, lines)
        rows.append([f"lib/{room}/", *_cells(counts)])
    rows.append(["all", *_cells(total)])
    header = ["folder", *asdict(total), "proof/exec"]
    note = f"Counted by {counter}: neither blank lines nor comments. lib/{KIT}/ is the trusted kit."
    return f"{aligned_right(header, rows, left=(0,))}\n\n{note}"


def _cells(counts: Counts) -> list[str]:
    share = ratio(counts)
    numbers = [str(lines) if lines else "-" for lines in asdict(counts).values()]
    return [*numbers, "-" if share is None else f"{share:.1f}"]


def as_json(rooms: dict[str, Counts], counter: str) -> str:
    folders = {room: asdict(counts) for room, counts in rooms.items()}
    return json.dumps({"schema": 1, "counter": counter, "folders": folders}, indent=2)
