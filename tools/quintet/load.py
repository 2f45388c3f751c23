# SPDX-License-Identifier: MIT
"""From files to one table: a row per repetition, with its case, process and counters."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quintet import ROOT
from quintet.cases import Case, parse_case
from quintet.errors import ToolError, UsageError
from quintet.families import Family
from quintet.files import RESULT_FILE, read_json, shown

RUNS = Path("build") / "runs"
SKIP = "SKIP:"
UNKNOWN = "unknown"
"""The machine of a bare file."""
_NOT_COUNTERS = {
    *("name", "run_name", "run_type", "family_index", "per_family_instance_index"),
    *("repetitions", "repetition_index", "threads", "time_unit", "label", "process", "order"),
    *("error_occurred", "error_message", "started"),
}


@dataclass
class Run:
    """One run directory, or one bare Google Benchmark file."""

    path: Path
    machine_id: str
    machine: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By family: its flags differ from those of others."""
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    errors: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    skips: set[tuple[str, int]] = field(default_factory=set)
    """Case and process of every skip: not measured, and not missing."""

    @property
    def run_id(self) -> str:
        return str(self.info.get("run_id", self.path.name))

    @property
    def name(self) -> str:
        """What captions call the run: two runs of one machine must not look alike."""
        return f"{self.machine_id} ({self.run_id})"

    @property
    def sha(self) -> str:
        sha = str(self.info.get("git_sha") or self.context.get("qt_git_sha") or "unknown")[:7]
        return sha + ("-dirty" if self.info.get("git_dirty") else "")

    @property
    def noise_floor(self) -> float | None:
        floor = self.info.get("noise_floor")
        return float(floor) if floor is not None else None

    @property
    def families(self) -> list[str]:
        return sorted(self.rows["family"].unique()) if len(self.rows) else []

    def cases(self) -> dict[str, Case]:
        """Every measured case by name, in the order in which the binary lists them."""
        planned = [n for f in self.info.get("families", {}).values() for n in f["cases"]]
        measured = dict.fromkeys(self.rows["case"])
        names = [n for n in planned if n in measured]
        return {name: parse_case(name) for name in dict.fromkeys([*names, *measured])}

    def processes(self, family: str) -> int:
        return int(self.rows.loc[self.rows["family"] == family, "process"].nunique())

    def samples(self, metric: str) -> dict[str, "pd.Series[float]"]:
        """Per case: one value per process (the median of its repetitions), indexed by process."""
        if metric not in self.rows.columns:
            raise ToolError(
                f"{self.path}: no row has the counter '{metric}'",
                f"choose one of: {', '.join(self.counters()) or 'none'}",
            )
        rows = self.rows.dropna(subset=[metric])
        medians = rows.groupby(["case", "process"], sort=False)[metric].median()
        return {str(name): group.droplevel(0) for name, group in medians.groupby(level=0)}

    def family_samples(self, family: Family) -> dict[str, "pd.Series[float]"]:
        """The samples of a family's cases, each by the metric of its operation."""
        found: dict[str, pd.Series[float]] = {}
        for metric in family.all_metrics:
            if len(family.all_metrics) > 1 and metric not in self.rows.columns:
                continue
            for name, series in self.samples(metric).items():
                case = parse_case(name)
                if case.system == family.name and family.metric_of(case.operation) == metric:
                    found[name] = series
        return found

    def counters(self) -> list[str]:
        fixed = {"family", "case", "operation", "implementation", "params", "process", "rep"}
        return sorted(set(self.rows.columns) - fixed - {"iterations", "label"})


_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def counters_of(row: dict[str, Any]) -> dict[str, float]:
    """The numeric counters of a Google Benchmark row, times included (always in ns)."""
    unit = _NANOSECONDS.get(str(row.get("time_unit")), 1.0)
    return {
        key: float(value) * (unit if key in ("real_time", "cpu_time") else 1.0)
        for key, value in row.items()
        if key not in _NOT_COUNTERS and isinstance(value, (int, float))
    }


def read_benchmark_file(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Context and non-aggregate rows of one Google Benchmark JSON document."""
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        raise ToolError(f"{path}: has no 'benchmarks' list", "give a Google Benchmark JSON file")
    context = document.get("context")
    if not isinstance(context, dict):
        raise ToolError(f"{path}: has no 'context'", "give a Google Benchmark JSON file")
    rows = [row for row in document["benchmarks"] if row.get("run_type") != "aggregate"]
    return context, rows


def is_skip(row: dict[str, Any]) -> bool:
    return str(row.get("error_message", "")).startswith(SKIP)


def _add_file(run: Run, path: Path, default_process: int, table: list[dict[str, Any]]) -> None:
    context, rows = read_benchmark_file(path)
    run.context = run.context or context
    for row in rows:
        case = parse_case(str(row.get("name")))
        process = int(row.get("process", default_process))
        run.contexts.setdefault(case.system, context)
        if row.get("error_occurred"):
            message = str(row.get("error_message", ""))
            if is_skip(row):
                run.skips.add((case.name, process))
                run.skipped[case.name] = message.removeprefix(SKIP).strip()
            else:
                run.errors.append(f"{case.name}: {message}")
            continue
        counters = counters_of(row)
        for key, value in counters.items():
            if not math.isfinite(value):
                raise ToolError(f"{path}: {case.name}: {key} is not finite", "measure it again")
        table.append(
            {
                "family": case.system,
                "case": case.name,
                "operation": case.operation,
                "implementation": case.implementation,
                "params": " ".join(case.params),
                "process": process,
                "rep": int(row.get("repetition_index", 0)),
                "label": str(row.get("label", "")),
                **counters,
            }
        )


def _runs_below(folder: Path) -> str:
    """A remedy: the folder may be one of runs."""
    runs = [file.parent for depth in ("*", "*/*") for file in folder.glob(f"{depth}/run.json")]
    if not runs:
        return "give a folder that ./quintet run wrote"
    newest = max(runs, key=lambda run: run.name)
    return f"give one of the {len(runs)} runs below it, for example {shown(newest)}"


def load_run(path: Path) -> Run:
    """Reads a run directory (machine.json, run.json, <family>.<k>.json) or one bare file."""
    if path.is_file():
        run, files = Run(path, machine_id=UNKNOWN), [path]
    elif path.is_dir():
        files = sorted(
            (file for file in path.iterdir() if RESULT_FILE.fullmatch(file.name)),
            key=lambda file: (file.name.split(".")[0], int(file.name.split(".")[1])),
        )
        if not files:
            raise ToolError(f"{path}: holds no <family>.<k>.json", _runs_below(path))
        machine = read_json(path / "machine.json") if (path / "machine.json").exists() else {}
        info = read_json(path / "run.json") if (path / "run.json").exists() else {}
        machine_id = machine.get("machine_id") or info.get("machine_id") or UNKNOWN
        run = Run(path, str(machine_id), machine, info)
    else:
        raise ToolError(f"{path}: no such run", "list them with: ls build/runs/* results/*")
    table: list[dict[str, Any]] = []
    for index, file in enumerate(files):
        match = RESULT_FILE.fullmatch(file.name)
        _add_file(run, file, int(match.group("process")) if match else index, table)
    if not table:
        raise ToolError(f"{path}: has no usable row", "run ./quintet check on it")
    run.rows = pd.DataFrame(table)
    if run.rows.duplicated(["case", "process", "rep"]).any():
        first = run.rows.loc[run.rows.duplicated(["case", "process", "rep"]), "case"].iloc[0]
        raise ToolError(f"{path}: {first} appears twice in one process", "run ./quintet check")
    return run


def newest_run(root: Path = ROOT) -> Path:
    """The newest complete run below build/runs, else below results."""
    for path in complete_runs(root):
        return path
    raise ToolError("there is no finished run yet", "measure one with ./quintet run --quick")


def complete_runs(root: Path = ROOT) -> Iterator[Path]:
    """All complete runs, the newest first: those below build/runs, then those below results."""
    for folder in (root / RUNS, root / "results"):
        found = [file.parent for file in folder.glob("*/*/run.json") if is_complete(file.parent)]
        yield from sorted(found, key=lambda run: (run.name, run.parent.name), reverse=True)


def is_complete(folder: Path) -> bool:
    """True if the run in `folder` has ended with all its samples."""
    return bool(read_json(folder / "run.json").get("status") == "complete")


def load_runs(paths: Iterable[Path]) -> list[Run]:
    """The named runs, or the newest one where none is named."""
    runs = [load_run(path) for path in (list(paths) or [newest_run()])]
    seen: dict[str, Path] = {}
    for run in runs:
        if run.name in seen:
            raise UsageError(
                f"{seen[run.name]} and {run.path} are both called {run.name}",
                "give each run once; a copy of a run is the same run",
            )
        seen[run.name] = run.path
    return runs


def aligned(
    first: "pd.Series[float]", second: "pd.Series[float]"
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Two cases of one run: paired by round where at least two rounds have both."""
    common = first.index.intersection(second.index)
    if len(common) >= 2:
        return first.loc[common].to_numpy(), second.loc[common].to_numpy(), True
    return first.to_numpy(), second.to_numpy(), False
