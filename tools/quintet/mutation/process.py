# SPDX-License-Identifier: MIT
"""Programs with a time limit that never outlive us, and whose output may be without end."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KEPT = 1 << 18


class Stopped(Exception):
    """The runner was stopped: nothing is known about the program."""


@dataclass(frozen=True)
class Finished:
    """How a program ended; `code` is None if its time was up."""

    code: int | None
    output: str
    seconds: float

    def summary(self) -> str:
        """The line that says most: the first one about a failure, else the last one."""
        if self.code is None:
            return f"stopped after {self.seconds:.0f} s"
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        telling = [line for line in lines if "failed" in line.lower() or "error:" in line]
        text = (telling or lines[-1:] or ["no output"])[0][:160]
        if self.code < 0:
            return f"{signal.Signals(-self.code).name}: {text}"
        return text


class Runner:
    """Runs programs from several threads; stop() ends all of them and refuses new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, command: list[str], timeout: float, cwd: Path) -> Finished:
        """Waits for the program; stdout and stderr together are its output."""
        start = time.monotonic()
        process = self._start(command, cwd)
        kept: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, kept), daemon=True)
        reader.start()
        code: int | None = None
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill(process)
            process.wait()
            with self._lock:
                self._live.discard(process)
        reader.join(5)
        if self._stopped:
            raise Stopped
        return Finished(code, "".join(kept), time.monotonic() - start)

    def _start(self, command: list[str], cwd: Path) -> "subprocess.Popen[str]":
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._live.add(process)
        return process

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._live:
                _kill(process)


def _kill(process: "subprocess.Popen[str]") -> None:
    """The whole group, if the program still runs: what it has started goes with it."""
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _read(stream: IO[str], kept: list[str]) -> None:
    """Reads to the end and keeps the beginning."""
    size = 0
    while text := stream.read(1 << 14):
        if size < _KEPT:
            kept.append(text)
            size += len(text)
