# SPDX-License-Identifier: MIT
"""`check`: is every file of a run whole, well-formed, finite, complete and free of host names?"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quintet.cases import parse_case
from quintet.errors import ToolError
from quintet.families import FAMILIES
from quintet.files import RESULT_FILE, read_json
from quintet.lists import capped
from quintet.load import counters_of, is_skip, read_benchmark_file
from quintet.mend import mend
from quintet.resume import planned_cases, resume_command

_REQUIRED = {
    "machine.json": ("schema", "machine_id", "stable", "changing"),
    "run.json": ("schema", "run_id", "machine_id", "git_sha", "settings", "families", "status"),
    "noise.json": ("schema", "machine_id", "floor", "metric", "runs", "ratios"),
}
_NULL = "null"


@dataclass(frozen=True)
class Problem:
    """`what` has no name in it, so that equal problems of many places can stand together."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


def as_text(found: list[Problem], everything: bool) -> str:
    """A line for a lone problem; for equal ones a heading and the first few places."""
    groups: dict[str, list[str]] = defaultdict(list)
    for problem in found:
        groups[problem.what].append(problem.where)
    blocks = []
    for what, places in groups.items():
        if len(places) == 1:
            blocks.append(f"{places[0]} {what}")
        else:
            names = capped([place.rstrip(":") for place in places], everything)
            blocks.append("\n  ".join([f"{len(places)} times: {what}", *names]))
    blocks = capped(blocks, everything)
    total = f"{len(found)} problems" if len(found) > 1 else ""
    return "\n".join([*blocks, *([total] if total else [])])


def find_files(paths: list[Path]) -> list[Path]:
    """The JSON files below `paths`, in order. A path without any is an error."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ToolError(f"{path}: no such file or folder", "give a run folder or JSON file")
        found = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not found:
            raise ToolError(f"{path}: holds no JSON file", "give a run folder or JSON file")
        files += found
    return files


def problems(files: list[Path]) -> Iterator[Problem]:
    """Every problem of all files and over the run folders that they form."""
    for path in files:
        try:
            if path.name in _REQUIRED:
                yield from _check_document(path)
            else:
                yield from _check_rows(path)
        except ToolError as error:
            yield Problem(f"{path}:", str(error).removeprefix(f"{path}: "))
    for folder in sorted({path.parent for path in files if path.name == "run.json"}):
        try:
            yield from _check_complete(folder)
        except ToolError:
            continue  # An unreadable file has its own line already.


def _check_document(path: Path) -> Iterator[Problem]:
    document = read_json(path)
    if not isinstance(document, dict):
        yield Problem(f"{path}:", f"is not a JSON object; {mend(path)}")
        return
    for key in _REQUIRED[path.name]:
        if key not in document:
            yield Problem(f"{path}:", f"has no '{key}'; {mend(path)}")


def _check_rows(path: Path) -> Iterator[Problem]:
    context, rows = read_benchmark_file(path)
    match = RESULT_FILE.fullmatch(path.name)
    if match and "host_name" in context:
        yield Problem(f"{path}:", "names the host; remove 'host_name' from its context")
    if not rows:
        yield Problem(f"{path}:", f"holds no row; {mend(path)}")
    seen: Counter[tuple[str, Any, Any]] = Counter()
    for row in rows:
        where = f"{path}: {row.get('name')}:"
        try:
            case = parse_case(str(row.get("name")))
        except ToolError as error:
            yield Problem(f"{path}:", str(error))
            continue
        if match and case.system != match.group("family"):
            yield Problem(where, "belongs to another family than the file; move the row")
        seen[(case.name, row.get("process"), row.get("repetition_index"))] += 1
        yield from _check_row(where, case.system, case.operation, row)
    for (name, _, repetition), count in seen.items():
        if count > 1:
            what = f"repetition {repetition} appears {count} times; measure it again"
            yield Problem(f"{path}: {name}:", what)


def _check_row(where: str, system: str, operation: str, row: dict[str, Any]) -> Iterator[Problem]:
    if row.get("error_occurred"):
        if not is_skip(row):
            message = row.get("error_message", "no message")
            yield Problem(where, f"error row ({message}); fix and rerun")
        return
    counters = counters_of(row)
    for key, value in counters.items():
        if not math.isfinite(value):
            yield Problem(where, f"{key} is not finite; measure it again")
    if "real_time" not in counters:
        yield Problem(where, "has no real_time; measure it again")
    if system in FAMILIES and operation != _NULL:
        metric = FAMILIES[system].metric_of(operation)
        if metric not in counters:
            yield Problem(where, f"has no {metric}; the binary must report it")
        elif counters[metric] <= 0:
            yield Problem(where, f"{metric} is not positive; measure it again")


def _check_complete(folder: Path) -> Iterator[Problem]:
    """Every planned sample is there."""
    info = read_json(folder / "run.json")
    for key in _REQUIRED["run.json"]:
        if key not in info:
            return
    finish = f"finish it with: {resume_command(folder, info)}"
    if not (folder / "machine.json").exists():
        yield Problem(f"{folder}:", f"has no machine.json; {mend(folder / 'machine.json')}")
    if info["status"] != "complete":
        yield Problem(f"{folder}:", f"run is {info['status']}; {finish}")
    for family in info["families"]:
        for process in range(info["settings"]["processes"]):
            path = folder / f"{family}.{process}.json"
            cases = planned_cases(info, family, process)
            if cases and not path.exists():
                yield Problem(f"{path}:", f"is missing; {finish}")
                continue
            rows = read_benchmark_file(path)[1] if path.exists() else []
            present = {parse_case(str(row["name"])).name for row in rows}
            for case in cases:
                if case not in present:
                    yield Problem(f"{path}: {case}", f"is missing; {finish}")
