# SPDX-License-Identifier: MIT
"""Talking to one benchmark binary: list its cases, run one case in a fresh process."""

import hashlib
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quintet import ROOT
from quintet.cases import exact_filter, parse_case
from quintet.errors import ToolError
from quintet.families import Family
from quintet.load import is_skip, read_benchmark_file

_EXIT_MEANING = {1: "a case failed", 2: "bad flag", 3: "nothing matched"}
_ALL_SKIPPED = 77
# Written by Google Benchmark for every run, but private or only about the file itself.
_PRIVATE_CONTEXT = ("host_name", "executable", "load_avg", "date")
_DROPPED_FIELDS = ("run_name", "run_type", "family_index", "per_family_instance_index")


class CaseFailed(Exception):
    """One process did not deliver its sample; the message says why."""


@dataclass(frozen=True)
class Binary:
    """A benchmark binary and what identifies it."""

    family: Family
    path: Path
    sha256: str
    raw_names: dict[str, str]
    """Case name without constant suffixes -> the name that the binary's filter matches."""


def build_dir() -> Path:
    """The CMake build tree that holds the benchmark binaries."""
    return Path(os.environ.get("QUINTET_BUILD_DIR") or ROOT / "build" / "perf")


def open_binary(family: Family, flags: tuple[str, ...]) -> Binary:
    """Finds the family's binary and asks it for its cases."""
    path = build_dir() / "bench" / family.binary
    if not os.access(path, os.X_OK):
        raise ToolError(f"{family.name}: no benchmark binary at {path}", "run ./quintet build perf")
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    command = [str(path), "--benchmark_list_tests", *flags]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        raise ToolError(f"{path}: cannot run ({error.strerror})", "rebuild it") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{path}: --benchmark_list_tests did not end in 60 s", "fix it") from None
    if listed.returncode != 0:
        raise ToolError(
            f"{path.name} --benchmark_list_tests ended with {listed.returncode}"
            f" ({_last_line(listed.stderr)})",
            "check the flags after --",
        )
    raw_names: dict[str, str] = {}
    for raw in listed.stdout.split():
        name = parse_case(raw).name
        if name in raw_names:
            raise ToolError(f"{path.name} registers {name} twice", "make the names differ")
        raw_names[name] = raw
    if not raw_names:
        raise ToolError(f"{path.name} lists no case", "rebuild it with ./quintet build perf")
    return Binary(family, path, sha, raw_names)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _reason(code: int, stderr: str, rows: list[dict[str, Any]]) -> str:
    errors = [str(row.get("error_message")) for row in rows if row.get("error_occurred")]
    if errors:
        return errors[0]
    if code < 0:
        return f"killed by {signal.Signals(-code).name}: {_last_line(stderr)}"
    return f"exit {code} ({_EXIT_MEANING.get(code, 'unknown')}): {_last_line(stderr)}"


def _wait(command: list[str], timeout: float) -> tuple[int, str]:
    """Runs `command` in its own session, so that Ctrl-C reaches us first; never leaves it."""
    with tempfile.TemporaryFile("w+", errors="replace") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise CaseFailed(f"did not end in {timeout:g} s (see --timeout)") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        stderr.seek(0)
        return code, stderr.read()


def run_case(
    binary: Binary, case: str, reps: int, flags: tuple[str, ...], timeout: float
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One fresh process for one case.

    Returns the context and one row per repetition; a case that skips itself gives one row with its
    message. Raises CaseFailed for a crash, a time-out, an error row or unreadable output.
    """
    with tempfile.TemporaryDirectory(prefix="quintet-") as folder:
        out = Path(folder) / "out.json"
        command = [
            str(binary.path),
            f"--benchmark_filter={exact_filter(binary.raw_names[case])}",
            f"--benchmark_repetitions={reps}",
            f"--benchmark_out={out}",
            "--benchmark_out_format=json",
            *flags,
        ]
        code, stderr = _wait(command, timeout)
        context: dict[str, Any] = {}
        rows: list[dict[str, Any]] = []
        if code in (0, 1, _ALL_SKIPPED) and out.exists():
            try:
                context, rows = read_benchmark_file(out)
            except ToolError as error:
                raise CaseFailed(re.sub(re.escape(str(out)), "its JSON", str(error))) from None
        skipped = bool(rows) and all(is_skip(row) for row in rows)
        if (code != 0 and not skipped) or (not skipped and _has_error(rows)):
            raise CaseFailed(_reason(code, stderr, rows))
        rows = rows[:1] if skipped else rows
        if not skipped and len(rows) != reps:
            raise CaseFailed(f"gave {len(rows)} rows instead of {reps}")
    context = {key: value for key, value in context.items() if key not in _PRIVATE_CONTEXT}
    rows = [{k: v for k, v in row.items() if k not in _DROPPED_FIELDS} for row in rows]
    return context, rows


def _has_error(rows: list[dict[str, Any]]) -> bool:
    return any(row.get("error_occurred") for row in rows)
