# SPDX-License-Identifier: MIT
"""Every mutant before every check. A result is kept as soon as it is known, so an interruption
loses only the mutants at work."""

import concurrent.futures
import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from quintet import ROOT
from quintet.errors import ToolError
from quintet.files import shown, write_json
from quintet.mutation.builder import Builder, Refuted, Stillborn
from quintet.mutation.config import Check, Config
from quintet.mutation.operators import Mutant
from quintet.mutation.process import Finished, Runner, Stopped

SCHEMA = 1
KILLED, SURVIVED, EQUIVALENT, STILLBORN = "killed", "survived", "equivalent", "stillborn"
COMPILER = "static_assert"
SAME_CODE = "same code"
RECORDED = "recorded"
UNCOMPILED = "no check compiles this line"


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    mutant: Mutant
    outcome: str
    by: str = ""
    """The check that has killed it, or how we know that it is equivalent."""
    detail: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        rest = asdict(self)
        about = rest.pop("mutant")
        place = {key: about[key] for key in ("file", "line", "column", "mutation", "occurrence")}
        rest["seconds"] = round(self.seconds, 2)
        return {**place, "source": about["source"], **rest}


class Listener(Protocol):
    """Hears of the progress."""

    def begin(self, what: str) -> None:
        ...

    def end(self, task: str, seconds: float) -> None:
        ...

    def message(self, text: str) -> None:
        ...


def folder_of(config: Config) -> Path:
    return ROOT / "build" / "mutants" / config.system


@contextmanager
def only_one(config: Config) -> Iterator[None]:
    """Two campaigns of one system would overwrite each other's results."""
    folder = folder_of(config)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            what = f"another ./quintet mutate {config.system} is running"
            raise ToolError(what, "wait until it ends") from None
        yield


class Ledger:
    """results.jsonl: a line that says of what, then a line per mutant."""

    def __init__(self, config: Config, fingerprint: str, resume: bool) -> None:
        self.path = folder_of(config) / "results.jsonl"
        self._head = {"schema": SCHEMA, "system": config.system, "fingerprint": fingerprint}
        self._known: dict[str, dict[str, Any]] = {}
        if resume:
            self._read()
        else:
            self.path.write_text(json.dumps(self._head) + "\n", encoding="utf-8")

    def _read(self) -> None:
        remedy = "drop --resume to begin anew"
        if not self.path.exists():
            raise ToolError(f"{shown(self.path)}: there is nothing to resume", remedy)
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        try:
            head = json.loads(lines[0]) if lines else None
            rows = [json.loads(line) for line in lines[1:] if line.endswith("\n")]
        except json.JSONDecodeError:
            raise ToolError(f"{shown(self.path)}: is damaged", remedy) from None
        if head != self._head:
            what = "holds results of other sources, checks or flags"
            raise ToolError(f"{shown(self.path)}: {what}", remedy)
        self._known = {row["name"]: row for row in rows}
        whole = [json.dumps(self._head), *(json.dumps(row) for row in rows)]
        self.path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")

    def known(self, mutant: Mutant) -> Result | None:
        row = self._known.get(mutant.name)
        if row is None:
            return None
        return Result(mutant, *(row[key] for key in ("outcome", "by", "detail", "seconds")))

    def add(self, result: Result) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": result.mutant.name, **result.as_json()}) + "\n")


def fingerprint_of(config: Config, builder: Builder) -> str:
    """A hash of everything that a result depends on, the list of equivalents excepted."""
    units = builder.units(config.headers)
    keys = sorted((name, builder.key(unit)) for name, unit in units.items())
    checks = [asdict(check) for check in config.checks]
    return hashlib.sha256(repr((keys, checks)).encode()).hexdigest()[:24]


class Campaign:
    """Judges mutants, several at a time."""

    def __init__(self, config: Config, build: Path, jobs: int) -> None:
        self.config, self._jobs = config, jobs
        self._runner = Runner()
        self._work = folder_of(config) / "work"
        self.builder = Builder(config, build, folder_of(config), self._runner)

    def prepare(self, headers: list[str], listener: Listener) -> None:
        """Builds the checks as they are, and sees them pass."""
        units = list(self.builder.units(headers).values())
        with self._pool() as pool:
            futures = [pool.submit(self.builder.build_reference, unit) for unit in units]
            for done, future in enumerate(self._completed(futures), 1):
                future.result()
                listener.begin(f"reference {done}/{len(units)}")
        for check in self.config.checks:
            if not self.builder.affected(check, headers):
                continue
            listener.begin(f"{check.name} without a mutation")
            passed = self.builder.folder / "reference" / f"{self.builder.check_key(check)}.passed"
            if passed.exists():
                continue
            ended = self._run(check, self.builder.reference_program(check), self._work)
            if ended.code == 0:
                passed.touch()
            else:
                why = f"status {ended.code}" if ended.code is not None else "its time was up"
                what = f"the check {check.name} fails without any mutation ({why})"
                raise ToolError(f"{what}: {ended.summary()}", "mend it first")

    def _pool(self) -> concurrent.futures.ThreadPoolExecutor:
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        return concurrent.futures.ThreadPoolExecutor(self._jobs)

    def _completed(self, futures: list[Any]) -> Iterator[Any]:
        """The futures as they end; whatever goes wrong, nothing is left running."""
        try:
            yield from concurrent.futures.as_completed(futures)
        except BaseException:
            self._runner.stop()
            for future in futures:
                future.cancel()
            raise

    def judge_all(self, mutants: list[Mutant], ledger: Ledger, listener: Listener) -> list[Result]:
        """Results in the order of `mutants`; those that the ledger knows are not repeated."""
        results = {m.name: known for m in mutants if (known := ledger.known(m))}
        with self._pool() as pool:
            todo = [mutant for mutant in mutants if mutant.name not in results]
            futures = [pool.submit(self._judge, mutant, i) for i, mutant in enumerate(todo)]
            for future in self._completed(futures):
                result: Result = future.result()
                ledger.add(result)
                results[result.mutant.name] = result
                listener.end(result.mutant.name, result.seconds)
                if result.outcome == SURVIVED:
                    listener.message(f"survived: {result.mutant.name} | {result.mutant.source}")
                listener.begin(f"{len(results)}/{len(mutants)}  {result.mutant.name}")
        return [results[mutant.name] for mutant in mutants]

    def _judge(self, mutant: Mutant, number: int) -> Result:
        folder = self._work / str(number)
        folder.mkdir()
        start = time.monotonic()
        try:
            outcome, by, detail = self._verdict(mutant, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Result(mutant, outcome, by, detail, time.monotonic() - start)

    def _verdict(self, mutant: Mutant, folder: Path) -> tuple[str, str, str]:
        """Outcome, by what, and a detail."""
        changed = False
        undecided: list[str] = []
        try:
            attempt = self.builder.begin(mutant, folder)
            for check in self.config.checks:
                program = self.builder.program(attempt, check)
                if program is None:
                    continue
                changed = True
                ended = self._run(check, program, folder)
                noticed = check.verdict(ended)
                if noticed:
                    return KILLED, check.name, ended.summary()
                if noticed is None:
                    undecided.append(f"{check.name} is undecided")
        except (Stillborn, Refuted) as error:
            said = str(error).replace(f"{folder}/overlay/", "lib/")
            refuted = isinstance(error, Refuted)
            return (KILLED, COMPILER, said) if refuted else (STILLBORN, "", said)
        if changed:
            return SURVIVED, "", ", ".join(undecided)
        if self.builder.compiled(mutant):
            return EQUIVALENT, SAME_CODE, "the compiler makes the same program of it"
        return SURVIVED, "", UNCOMPILED

    def _run(self, check: Check, program: Path, folder: Path) -> Finished:
        limit = f"--as={check.memory_gib << 30}"
        command = ["prlimit", limit, "--", *check.command_of(program)]
        return self._runner.run(command, check.timeout, folder)


def with_reasons(config: Config, results: list[Result]) -> list[Result]:
    """Survivors that are recorded as equivalent become that; everything else stays."""
    found = []
    for result in results:
        reason = config.reason(result.mutant)
        if reason and result.outcome == SURVIVED:
            result = Result(result.mutant, EQUIVALENT, RECORDED, reason, result.seconds)
        found.append(result)
    return found


def contradictions(config: Config, results: list[Result]) -> list[Result]:
    """Killed mutants that are recorded as equivalent: their reason is wrong."""
    return [r for r in results if r.outcome == KILLED and config.reason(r.mutant)]


def write_results(config: Config, results: list[Result], choice: dict[str, Any]) -> Path:
    """results.json: the whole outcome in one document."""
    path = folder_of(config) / "results.json"
    counts = {
        outcome: sum(result.outcome == outcome for result in results)
        for outcome in (KILLED, SURVIVED, EQUIVALENT, STILLBORN)
    }
    document = {"schema": SCHEMA, "system": config.system, "choice": choice, "counts": counts}
    write_json(path, {**document, "mutants": [result.as_json() for result in results]})
    return path
