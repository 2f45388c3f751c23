# SPDX-License-Identifier: MIT
"""A run directory: opened as a new run, or adopted to be continued if it is the same run."""

import datetime
import os
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quintet import ROOT
from quintet.bench import Binary, open_binary
from quintet.cases import matches
from quintet.errors import ToolError
from quintet.families import Family
from quintet.files import make_folder, read_json, write_json
from quintet.load import RUNS
from quintet.machine import describe
from quintet.noise import stored_floor
from quintet.precheck import check_run_folder
from quintet.profiles import profile_name

SCHEMA = 1


@dataclass(frozen=True)
class Settings:
    """Everything that two halves of a resumed run must share."""

    profile: str
    processes: int
    reps: int
    filter: str | None
    timeout: float
    flags: dict[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "processes": self.processes,
            "reps": self.reps,
            "filter": self.filter,
            "flags": {family: list(flags) for family, flags in self.flags.items()},
        }


@dataclass
class Campaign:
    """A run directory being filled."""

    folder: Path
    settings: Settings
    binaries: list[Binary]
    cases: dict[str, list[str]]
    info: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def utc_now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def git_state() -> tuple[str, bool]:
    """The commit of the tree and whether it has changes (results do not count as changes)."""

    def git(*arguments: str) -> str | None:
        try:
            result = subprocess.run(
                ("git", "-C", str(ROOT), *arguments), capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        return result.stdout.strip() if result.returncode == 0 else None

    sha = git("rev-parse", "--verify", "HEAD")
    changes = git("status", "--porcelain", "--", ".", ":!results")
    return sha or "unknown", bool(changes)


def new_folder(machine_id: str) -> Path:
    """A fresh path build/runs/<machine-id>/<UTC>-<sha7>[-dirty]."""
    sha, dirty = git_state()
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return ROOT / RUNS / machine_id / f"{stamp}-{sha[:7]}{'-dirty' if dirty else ''}"


def newest_unfinished(machine_id: str) -> Path:
    """The newest run of this machine that was interrupted."""
    for file in sorted((ROOT / RUNS / machine_id).glob("*/run.json"), reverse=True):
        if read_json(file).get("status") != "complete":
            return file.parent
    raise ToolError("there is no unfinished run to resume", "start one with ./quintet run")


def open_campaign(
    folder: Path, families: list[Family], settings: Settings, seed: int | None
) -> Campaign:
    """Finds binaries and cases, and opens `folder` as a new or as the same earlier run."""
    binaries = [open_binary(family, settings.flags[family.name]) for family in families]
    cases = {
        binary.family.name: [n for n in binary.raw_names if matches(settings.filter, n)]
        for binary in binaries
    }
    if not any(cases.values()):
        raise ToolError(
            f"the filter '{settings.filter}' matches no case of {', '.join(cases)}",
            "list the cases with ./quintet run --list",
        )
    machine = describe()
    info = _new_info(folder, machine["machine_id"], settings, binaries, cases)
    info["seed"] = secrets.randbelow(2**32) if seed is None else seed
    campaign = Campaign(folder, settings, binaries, cases, info)
    if (folder / "run.json").exists():
        _adopt(campaign, seed)
    else:
        check_run_folder(folder)
        make_folder(folder)
        write_json(folder / "machine.json", machine)
    return campaign


def _new_info(
    folder: Path,
    machine_id: str,
    settings: Settings,
    binaries: list[Binary],
    cases: dict[str, list[str]],
) -> dict[str, Any]:
    """The content of run.json before the first sample."""
    sha, dirty = git_state()
    return {
        "schema": SCHEMA,
        "run_id": folder.name,
        "machine_id": machine_id,
        "git_sha": sha,
        "git_dirty": dirty,
        "settings": settings.as_json(),
        "families": {
            binary.family.name: {
                "binary": binary.family.binary,
                "sha256": binary.sha256,
                "cases": cases[binary.family.name],
            }
            for binary in binaries
            if cases[binary.family.name]
        },
        "started": utc_now(),
        "ended": None,
        "status": "running",
        "noise_floor": stored_floor(machine_id),
        "load_at_start": [round(load, 2) for load in os.getloadavg()],
        "failures": {},
        "resumed": 0,
    }


def _identity(info: dict[str, Any]) -> dict[str, Any]:
    """What must be equal for two halves to be one run, in the order of interest."""
    families, settings = info.get("families", {}), info.get("settings", {})
    return {
        "machine": info.get("machine_id"),
        "families": sorted(families),
        **settings,
        "profile": profile_name(settings),
        "commit": str(info.get("git_sha"))[:7],
        **{f"binary of {name}": about["sha256"][:7] for name, about in families.items()},
    }


def _adopt(campaign: Campaign, seed: int | None) -> None:
    """Continues the run that is in the folder, if it is the same run."""
    old = read_json(campaign.folder / "run.json")
    was, now = _identity(old), _identity(campaign.info)
    if seed is not None:
        was["seed"], now["seed"] = old.get("seed"), seed
    for key in now:
        if was.get(key) != now[key]:
            raise ToolError(
                f"{campaign.folder} holds another run ({key} {was.get(key)} there, {now[key]} now)",
                "give the same settings, give another -o, or delete the folder",
            )
    campaign.info = {**old, "status": "running", "failures": {}, "resumed": old["resumed"] + 1}
