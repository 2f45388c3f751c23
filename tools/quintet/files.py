# SPDX-License-Identifier: MIT
"""Reading and writing JSON so that a file is either whole and finite or named in an error."""

import json
import os
import re
from pathlib import Path
from typing import Any

from quintet import ROOT
from quintet.errors import ToolError

RESULT_FILE = re.compile(r"(?P<family>[a-z][a-z0-9_]*)\.(?P<process>\d+)\.json")


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number that JSON allows")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"key '{key}' appears twice")
        result[key] = value
    return result


def _damaged(path: Path, what: str) -> ToolError:
    from quintet.mend import mend  # which itself reads JSON

    return ToolError(f"{path}: {what}", mend(path))


def read_json(path: Path) -> Any:
    """Parses `path` strictly: an empty, truncated or non-finite file is a ToolError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ToolError(f"{path}: no such file", "give the path of a run") from None
    except UnicodeDecodeError:
        raise _damaged(path, "is not text") from None
    if not text.strip():
        raise _damaged(path, "is empty")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg
        what = "is truncated" if cut else "is not JSON"
        raise _damaged(path, f"{what} (line {error.lineno}: {error.msg})") from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None


def make_folder(folder: Path) -> None:
    """Makes a folder that the user has named, with those above it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{folder}: cannot be made a folder ({error.strerror})"
        raise ToolError(what, "choose another place with -o") from None


def write_text(path: Path, text: str) -> None:
    """Replaces `path` in one step: readers and interruptions see the old or the new file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write_rows(path: Path, context: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Google Benchmark's document with one row per line: small, and friendly to diff."""
    head = json.dumps(context, indent=2, allow_nan=False)
    body = ",\n".join(json.dumps(row, allow_nan=False) for row in rows)
    write_text(path, f'{{"context": {head},\n"benchmarks": [\n{body}\n]}}\n')


def shown(path: Path) -> str:
    """A path relative to the repository where it is inside, for messages."""
    absolute = path.resolve()
    return str(absolute.relative_to(ROOT)) if absolute.is_relative_to(ROOT) else str(path)
