# SPDX-License-Identifier: MIT
"""`check`: is every file of a run whole, well-formed, finite, complete and free of host names?"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quintet.cases import parse_case
from quintet.errors import ToolError
from quintet.families import FAMILIES
from quintet.files import read_json
from quintet.load import RESULT_FILE, counters_of, is_skip, read_benchmark_file
from quintet.resume import resume_command

_REQUIRED = {
    "machine.json": ("schema", "machine_id", "stable", "changing"),
    "run.json": ("schema", "run_id", "machine_id", "git_sha", "settings", "families", "status"),
    "noise.json": ("schema", "machine_id", "floor", "metric", "runs", "ratios"),
}
_NULL = "null"


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


def problems(files: list[Path]) -> Iterator[str]:
    """One line per problem over all files and over the run folders that they form."""
    for path in files:
        try:
            if path.name in _REQUIRED:
                yield from _check_document(path)
            else:
                yield from _check_rows(path)
        except ToolError as error:
            yield str(error)
    for folder in sorted({path.parent for path in files if path.name == "run.json"}):
        try:
            yield from _check_complete(folder)
        except ToolError:
            continue  # An unreadable file has its own line already.


def _check_document(path: Path) -> Iterator[str]:
    document = read_json(path)
    if not isinstance(document, dict):
        yield f"{path}: is not a JSON object; restore it from git or measure again"
        return
    for key in _REQUIRED[path.name]:
        if key not in document:
            yield f"{path}: has no '{key}'; restore it from git or measure again"


def _check_rows(path: Path) -> Iterator[str]:
    context, rows = read_benchmark_file(path)
    match = RESULT_FILE.fullmatch(path.name)
    if match and "host_name" in context:
        yield f"{path}: names the host; remove 'host_name' from its context"
    if not rows:
        yield f"{path}: holds no row; measure it again"
    seen: Counter[tuple[str, Any, Any]] = Counter()
    for row in rows:
        where = f"{path}: {row.get('name')}"
        try:
            case = parse_case(str(row.get("name")))
        except ToolError as error:
            yield f"{path}: {error}"
            continue
        if match and case.system != match.group("family"):
            yield f"{where}: belongs to another family than the file; move the row"
        seen[(case.name, row.get("process"), row.get("repetition_index"))] += 1
        yield from _check_row(where, case.system, case.operation, row)
    for (name, _, repetition), count in seen.items():
        if count > 1:
            yield f"{path}: {name}: repetition {repetition} appears {count} times; measure it again"


def _check_row(where: str, system: str, operation: str, row: dict[str, Any]) -> Iterator[str]:
    if row.get("error_occurred"):
        if not is_skip(row):
            yield f"{where}: error row ({row.get('error_message', 'no message')}); fix and rerun"
        return
    counters = counters_of(row)
    for key, value in counters.items():
        if not math.isfinite(value):
            yield f"{where}: {key} is not finite; measure it again"
    if "real_time" not in counters:
        yield f"{where}: has no real_time; measure it again"
    if system in FAMILIES and operation != _NULL:
        metric = FAMILIES[system].metric
        if metric not in counters:
            yield f"{where}: has no {metric}; the binary must report it"
        elif counters[metric] <= 0:
            yield f"{where}: {metric} is {counters[metric]:g}, not positive; measure it again"


def _check_complete(folder: Path) -> Iterator[str]:
    """Every planned sample is there."""
    info = read_json(folder / "run.json")
    for key in _REQUIRED["run.json"]:
        if key not in info:
            return
    finish = f"finish it with: {resume_command(folder, info)}"
    if not (folder / "machine.json").exists():
        yield f"{folder}: has no machine.json; measure it again"
    if info["status"] != "complete":
        yield f"{folder}: run is {info['status']}; {finish}"
    for family, about in info["families"].items():
        for process in range(info["settings"]["processes"]):
            path = folder / f"{family}.{process}.json"
            if not path.exists():
                yield f"{path}: is missing; {finish}"
                continue
            present = {parse_case(str(row["name"])).name for row in read_benchmark_file(path)[1]}
            for case in about["cases"]:
                if case not in present:
                    yield f"{path}: {case} is missing; {finish}"
