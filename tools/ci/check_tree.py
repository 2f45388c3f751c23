#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks on the source tree: check_tree.py [check...] [--root FOLDER]; without a check, all.

layers   a core includes only base/, its own room and the standard library (lib/README.md)
spdx     every source file says its licence in its first lines
sizes    no source file over 500 lines
format   clang-format-19 would change nothing
shell    shellcheck finds nothing
python   black would change nothing and mypy finds nothing
Exit status: 0 well, 1 findings (one line each), 2 usage, 77 a needed program is not installed.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

SKIPPED = 77
MAX_LINES = 500
# Headers of C++23 as libstdc++ 12 has them, and those inherited from C.
STANDARD = set(
    """algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex
    concepts condition_variable coroutine deque exception execution expected filesystem
    forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream
    iterator latch limits list locale map memory memory_resource mutex new numbers numeric
    optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span spanstream sstream stack stacktrace stdexcept stop_token streambuf string
    string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version cassert cctype cerrno cfenv cfloat
    cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring
    ctime cuchar cwchar cwctype""".split()
)
# Folders of lib/ that are not rooms of a system.
NOT_ROOMS = ("base", "platform", "testing", "proof")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LICENSED = (".cpp", ".hpp", ".h", ".S", ".py", ".sh", ".cmake", ".js", ".ld")
LICENSED_NAMES = ("CMakeLists.txt", "quintet", "run")


# Rooms whose adapters are built on another system: IronKV's journal is a log of pm_log.
BUILT_ON = {"ironkv": ("pm_log",)}


class Missing(Exception):
    """A program that a check needs is not installed; the text is its Debian package."""


def tracked_files(root: Path) -> list[PurePosixPath]:
    """All files that belong to the tree, new ones included, ignored ones not."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names: Iterable[str] = listed.stdout.split("\0")[:-1]
    else:  # an unpacked archive
        names = (str(path.relative_to(root)) for path in root.rglob("*"))
    files = sorted({PurePosixPath(name) for name in names})
    hidden = (".git", "build", "node_modules", "__pycache__")
    return [f for f in files if f.parts[0] not in hidden and (root / f).is_file()]


def is_cpp(file: PurePosixPath) -> bool:
    return file.suffix in (".cpp", ".hpp", ".h")


def includes(path: Path) -> Iterable[tuple[int, str, str]]:
    """Line number, opening delimiter and name of every #include."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1], found[2]


def is_adapter(root: Path, file: PurePosixPath) -> bool:
    """A .cpp of a room or of a folder in it, or the header of one."""
    return file.suffix == ".cpp" or (root / file).with_suffix(".cpp").exists()


def allowed_folders(root: Path, file: PurePosixPath) -> tuple[set[str], bool]:
    """Folders of lib/ that `file` may include from, and whether it may use the system's headers."""
    room = file.parts[1]
    part = file.parts[2] if len(file.parts) > 3 else ""
    if room == "base":
        return ({"base", "testing"}, True) if part == "test" else ({"base"}, False)
    if room == "platform":
        return {"base", "platform", "testing"} if part == "test" else {"base", "platform"}, True
    if room in ("testing", "proof"):
        return {"base", "platform", "testing", "proof"}, True
    if part in ("test", "app"):
        return {"base", "platform", "testing", "proof", room}, True
    if part != "spec" and is_adapter(root, file):
        return {"base", "platform", room, *BUILT_ON.get(room, ())}, True
    return {"base", room}, False


def include_error(root: Path, file: PurePosixPath, quote: str, name: str) -> str:
    """Empty if `file` may include `name`, else why not."""
    folders, system = allowed_folders(root, file)
    if quote == "<":
        known = system or name in STANDARD
        return "" if known else f"<{name}> is not of the standard library: use an adapter"
    folder = PurePosixPath(name).parts[0]
    if not (root / "lib" / name).is_file():
        return f'"{name}" is not below lib/'
    if folder not in folders:
        return f'"{name}" is outside {", ".join(sorted(folders))}'
    target = PurePosixPath("lib") / name
    core = not system and file.parts[1] not in NOT_ROOMS
    if core and folder not in NOT_ROOMS and is_adapter(root, target):
        return f'"{name}" belongs to an adapter, and this is a core'
    return ""


def check_layers(root: Path, files: list[PurePosixPath]) -> list[str]:
    findings = []
    for file in files:
        if file.parts[0] != "lib" or not is_cpp(file):
            continue
        for line, quote, name in includes(root / file):
            if problem := include_error(root, file, quote, name):
                findings.append(f"{file}:{line}: {problem}")
    return findings


def check_spdx(root: Path, files: list[PurePosixPath]) -> list[str]:
    findings = []
    for file in files:
        if file.suffix not in LICENSED and file.name not in LICENSED_NAMES:
            continue
        head = (root / file).read_text(errors="replace").splitlines()[:2]
        if not any("SPDX-License-Identifier: MIT" in line for line in head):
            findings.append(f"{file}:1: no `SPDX-License-Identifier: MIT` in the first two lines")
    return findings


def check_sizes(root: Path, files: list[PurePosixPath]) -> list[str]:
    findings = []
    for file in files:
        if not is_cpp(file) and file.suffix != ".py":
            continue
        lines = len((root / file).read_text(errors="replace").splitlines())
        if lines > MAX_LINES:
            findings.append(
                f"{file}:{MAX_LINES}: {lines} lines, {MAX_LINES} is the limit: split it"
            )
    return findings


def run_program(root: Path, command: list[str], package: str, cwd: str = ".") -> list[str]:
    """The findings of a program: its output lines when it fails."""
    if shutil.which(command[0]) is None:
        raise Missing(package)
    result = subprocess.run(command, cwd=root / cwd, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    lines = (result.stdout + result.stderr).splitlines()
    return [line for line in lines if line.strip()] or [f"{command[0]} failed"]


def check_format(root: Path, files: list[PurePosixPath]) -> list[str]:
    sources = [str(file) for file in files if is_cpp(file)]
    command = ["clang-format-19", "--dry-run", "-Werror", "--style=file", *sources]
    return run_program(root, command, "clang-format-19") if sources else []


def check_shell(root: Path, files: list[PurePosixPath]) -> list[str]:
    scripts = []
    for file in files:
        if file.suffix == ".sh" or (root / file).read_bytes()[:20].startswith(
            (b"#!/usr/bin/env bash", b"#!/bin/bash", b"#!/bin/sh")
        ):
            scripts.append(str(file))
    command = ["shellcheck", "--format=gcc", *scripts]
    return run_program(root, command, "shellcheck") if scripts else []


def check_python(root: Path, files: list[PurePosixPath]) -> list[str]:
    sources = [str(file.relative_to("tools")) for file in files if file.parts[0] == "tools"]
    sources = [source for source in sources if source.endswith(".py")]
    if not sources:
        return []
    findings = run_program(
        root, ["black", "--check", "--quiet", "--diff", *sources], "black", "tools"
    )
    return findings + run_program(root, ["mypy", "--cache-dir=/dev/null"], "mypy", "tools")


CHECKS: dict[str, Callable[[Path, list[PurePosixPath]], list[str]]] = {
    "layers": check_layers,
    "spdx": check_spdx,
    "sizes": check_sizes,
    "format": check_format,
    "shell": check_shell,
    "python": check_python,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks on the source tree; without a check, all.")
    parser.add_argument("checks", nargs="*", metavar="check", help=", ".join(CHECKS))
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.checks if name not in CHECKS]:
        parser.error(f"no check is called {unknown[0]}: use {', '.join(CHECKS)}")
    files = tracked_files(options.root)
    if not files:
        print(f"check_tree: no files below {options.root}", file=sys.stderr)
        return 2
    status = 0
    for name in options.checks or CHECKS:
        try:
            findings = CHECKS[name](options.root, files)
        except Missing as package:
            print(f"SKIP: install {package} for the check {name}")
            status = status or SKIPPED
            continue
        for finding in findings:
            print(finding)
        print(f"{name}: {'failed' if findings else 'ok'} ({len(files)} files in the tree)")
        status = 1 if findings else status
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
