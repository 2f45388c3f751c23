# SPDX-License-Identifier: MIT
"""Percent done and time left: one rewritten line on a terminal, plain lines elsewhere."""

import shutil
import sys
import time
from collections import defaultdict


def duration(seconds: float) -> str:
    """12 s, 3:05 or 1:02:03."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Counts tasks; the time left uses each case's own earlier times where they are known."""

    def __init__(self, tasks: list[str]) -> None:
        self._left = list(tasks)
        self._total = len(tasks)
        self._times: dict[str, list[float]] = defaultdict(list)
        self._tty = sys.stderr.isatty()
        self._shown = -1
        self._start = time.monotonic()

    def begin(self, what: str) -> None:
        """Shows `what` as the current task."""
        done = self._total - len(self._left)
        percent = 100 * done // max(1, self._total)
        left = self._time_left()
        if self._tty:
            text = f"[{percent:3}%] {left:>14}  {what}"
            width = shutil.get_terminal_size().columns - 1
            print("\r" + text[:width].ljust(width), end="", file=sys.stderr, flush=True)
        elif percent // 5 != self._shown // 5 or self._shown < 0:
            self._shown = percent
            print(f"[{percent:3}%] {left}  {what}", file=sys.stderr, flush=True)

    def end(self, task: str, seconds: float) -> None:
        """Records that the task at the head of the list has ended."""
        self._left.remove(task)
        self._times[task].append(seconds)

    def drop(self, task: str) -> None:
        """Forgets a task that will not run."""
        self._left.remove(task)

    def message(self, text: str) -> None:
        """Prints a line that stays."""
        self.clear()
        print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._tty:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + " " * width + "\r", end="", file=sys.stderr, flush=True)

    def elapsed(self) -> str:
        return duration(time.monotonic() - self._start)

    def _time_left(self) -> str:
        known = [t for times in self._times.values() for t in times]
        if not known:
            return "time unknown"
        mean = sum(known) / len(known)
        total = 0.0
        for task in self._left:
            times = self._times.get(task)
            total += sum(times) / len(times) if times else mean
        return f"{duration(total)} left"
