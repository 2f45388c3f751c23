# SPDX-License-Identifier: MIT
"""Measures: one fresh process per sample, implementations interleaved, resumable at any point.

Round k runs every case once. Within a round the operations come in random order, within an operation
its parameters, and the implementations of both run next to each other, again in random order: what
the machine does in that moment hits all of them. After every process the round's file is replaced as a whole,
so an interruption loses one process and leaves only whole files.
"""

import fcntl
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quintet import ROOT
from quintet.bench import Binary, CaseFailed, run_case
from quintet.campaign import Campaign, utc_now
from quintet.cases import parse_case
from quintet.errors import ToolError
from quintet.families import is_measured
from quintet.files import write_json, write_rows
from quintet.load import RUNS, is_skip, read_benchmark_file
from quintet.progress import Progress
from quintet.shared_folder import shared_folders


@dataclass(frozen=True)
class Task:
    """One process: `case` of `binary` in round `process`."""

    binary: Binary
    case: str
    process: int
    order: int

    @property
    def file(self) -> str:
        return f"{self.binary.family.name}.{self.process}.json"


def plan(campaign: Campaign) -> list[Task]:
    """All tasks in running order; the same for the same seed."""
    tasks = []
    for process in range(campaign.settings.processes):
        rng = random.Random(f"{campaign.info['seed']}/{process}")
        blocks: dict[tuple[str, ...], dict[tuple[str, ...], list[tuple[Binary, str]]]] = {}
        for binary in campaign.binaries:
            for name in campaign.cases[binary.family.name]:
                case = parse_case(name)
                if not is_measured(case.system, case.operation, process):
                    continue
                key = (case.system, case.operation)
                block = blocks.setdefault(key, {})
                block.setdefault(case.params, []).append((binary, name))
        order = list(blocks.values())
        rng.shuffle(order)
        count = 0
        for block in order:
            groups = list(block.values())
            rng.shuffle(groups)
            for group in groups:
                rng.shuffle(group)
                for binary, name in group:
                    tasks.append(Task(binary, name, process, count))
                    count += 1
    return tasks


class RoundFiles:
    """The <family>.<k>.json files of a run, read once and replaced after every process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}

    def _get(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        if name not in self._files:
            path = self._folder / name
            self._files[name] = read_benchmark_file(path) if path.exists() else ({}, [])
        return self._files[name]

    def has(self, task: Task, reps: int) -> bool:
        """True if the file holds the task's sample (or its skip) in full."""
        rows = [r for r in self._get(task.file)[1] if parse_case(r["name"]).name == task.case]
        return len(rows) == reps or (len(rows) == 1 and is_skip(rows[0]))

    def add(self, task: Task, context: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Adds the rows of one process and writes the file."""
        old_context, old_rows = self._get(task.file)
        kept = [r for r in old_rows if parse_case(r["name"]).name != task.case]
        new = [{**row, "process": task.process, "order": task.order} for row in rows]
        self._files[task.file] = (old_context or context, kept + new)
        write_rows(self._folder / task.file, *self._files[task.file])

    def changed_fact(self, task: Task, context: dict[str, Any]) -> str | None:
        """A machine fact that differs from the file's first process (a governor, say)."""
        first = self._get(task.file)[0]
        for key, value in context.items():
            if key.startswith("qt_") and key in first and first[key] != value:
                if not key.startswith(("qt_flag_", "qt_pages")):
                    return f"{key} was '{first[key]}' and is now '{value}'"
        return None


@contextmanager
def only_run() -> Iterator[None]:
    """Two measurements at once would measure each other: the second one is refused."""
    folder = ROOT / RUNS
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ToolError("another ./quintet run is measuring", "wait until it ends") from None
        yield


def measure(campaign: Campaign) -> None:
    """Runs what is missing. On return all samples are there or `campaign.failures` names cases."""
    folder, settings = campaign.folder, campaign.settings
    files = RoundFiles(folder)
    tasks = plan(campaign)
    missing = [task for task in tasks if not files.has(task, settings.reps)]
    if campaign.info["resumed"]:
        done = len(tasks) - len(missing)
        print(f"resuming {folder}: {done} of {len(tasks)} samples are there, {len(missing)} to go")
    progress = Progress([task.case for task in missing])
    write_json(folder / "run.json", campaign.info)
    try:
        with shared_folders(
            [binary.family for binary in campaign.binaries], settings.flags
        ) as flags:
            for task in missing:
                _measure_one(campaign, files, task, progress, flags[task.binary.family.name])
    except BaseException:
        progress.clear()
        _close(campaign, "interrupted")
        raise
    progress.clear()
    _close(campaign, "failed" if campaign.failures else "complete")
    if missing:
        print(f"measured {len(missing)} processes in {progress.elapsed()}")


def _close(campaign: Campaign, status: str) -> None:
    ended = utc_now() if status == "complete" and not campaign.info["ended"] else None
    campaign.info["ended"] = campaign.info["ended"] or ended
    campaign.info |= {"status": status, "failures": campaign.failures}
    write_json(campaign.folder / "run.json", campaign.info)


def _measure_one(
    campaign: Campaign, files: RoundFiles, task: Task, progress: Progress, flags: tuple[str, ...]
) -> None:
    settings = campaign.settings
    if task.case in campaign.failures:
        progress.drop(task.case)
        return
    progress.begin(f"process {task.process + 1}/{settings.processes}  {task.case}")
    start = time.monotonic()
    try:
        context, rows = run_case(task.binary, task.case, settings.reps, flags, settings.timeout)
    except CaseFailed as failure:
        campaign.failures[task.case] = str(failure)
        progress.message(f"FAILED {task.case}: {failure}; its later processes are left out")
        progress.drop(task.case)
        return
    changed = files.changed_fact(task, context)
    if changed:
        progress.message(f"warning: the machine changed during the run: {changed}")
    files.add(task, context, rows)
    progress.end(task.case, time.monotonic() - start)
