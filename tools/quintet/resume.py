# SPDX-License-Identifier: MIT
"""Unfinished runs: what a run still lacks, and the command that measures it."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quintet.cases import parse_case
from quintet.families import FAMILIES, is_measured
from quintet.files import shown
from quintet.profiles import DEFAULT, PROFILES, profile_flags, profile_name

if TYPE_CHECKING:
    from quintet.load import Run


def resume_command(folder: Path, info: dict[str, Any]) -> str:
    """The whole command that continues the run in `folder`, with the settings of its run.json."""
    settings = info.get("settings", {})
    flags: dict[str, list[str]] = settings.get("flags") or {}
    names = list(flags or info.get("families", {}))
    words = ["./quintet", "run", *names]
    profile = profile_name(settings)
    if profile != DEFAULT:
        words.append(f"--{profile}")
    for option in ("processes", "reps"):
        value = settings.get(option)
        if profile in PROFILES and value != getattr(PROFILES[profile], option):
            words += [f"--{option}", str(value)]
    if settings.get("filter"):
        words.append(f"--filter={settings['filter']}")
    words += ["-o", shown(folder)]
    extra: list[str] = []  # the same for all families, after those of the profile
    for name in names[:1]:
        extra = list(flags.get(name, ()))
        own = list(profile_flags(profile, FAMILIES[name])) if name in FAMILIES else []
        extra = extra[len(own) :] if extra[: len(own)] == own else extra
    return shlex.join([*words, *(["--", *extra] if extra else [])])


def planned_cases(info: dict[str, Any], family: str, process: int) -> list[str]:
    """The cases that a run has in round `process`."""
    names = [str(name) for name in info["families"][family]["cases"]]
    return [n for n in names if is_measured(family, parse_case(n).operation, process)]


def incomplete(run: "Run") -> str:
    """What of its plan a run lacks, with the remedy; empty if nothing or if it has no plan."""
    planned = {
        (case, process)
        for name in run.info.get("families", {})
        for process in range(run.info["settings"]["processes"])
        for case in planned_cases(run.info, name, process)
    }
    count = run.rows.groupby(["case", "process"]).size()
    reps = run.info.get("settings", {}).get("reps", 1)
    missing = planned - set(count[count >= reps].index) - run.skips
    if not missing:
        return ""
    partly = {case for case, _ in missing}
    cases = "1 case" if len(partly) == 1 else f"{len(partly)} cases"
    return (
        f"{shown(run.path)} is incomplete ({run.info.get('status', 'unknown')}): "
        f"{len(missing)} of {len(planned)} samples are missing, in {cases}; "
        f"finish it with: {resume_command(run.path, run.info)}"
    )
