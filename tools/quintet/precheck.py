# SPDX-License-Identifier: MIT
"""What can be wrong with a `run` before any binary exists. ./quintet asks before it builds, so this
needs neither a binary nor a Debian package."""

import argparse
from pathlib import Path

from quintet.errors import ToolError, UsageError
from quintet.families import FAMILIES, Family, family_named

_OURS = {
    "--benchmark_filter": "use --filter",
    "--benchmark_repetitions": "use --reps",
    "--benchmark_out": "the rows are kept in the run folder, see -o",
    "--benchmark_out_format": "the rows are kept as JSON",
    "--benchmark_list_tests": "use --list",
    "--help": "see <build>/bench/<family>_bench --help",
}


def check_run(args: argparse.Namespace) -> list[Family]:
    """The families to run, without a name all with rivals; raises for the first wrong thing."""
    families = [family_named(name) for name in dict.fromkeys(args.family)]
    for flag in args.passthrough:
        if not flag.startswith("--"):
            raise UsageError(f"'{flag}' after -- is no flag", "write --NAME=VALUE")
        name = flag.partition("=")[0]
        if name in _OURS:
            raise UsageError(f"{name} cannot follow --", _OURS[name])
    if args.output is not None:
        check_run_folder(args.output)
    families = families or [family for family in FAMILIES.values() if not family.obligations]
    if args.pages and not any(family.pages for family in families):
        names = ", ".join(family.name for family in FAMILIES.values() if family.pages)
        raise UsageError(f"--pages is no size of {families[0].name}", f"only of {names}; drop it")
    return families


def check_run_folder(folder: Path) -> None:
    """A run folder is new, empty, or holds a run."""
    if folder.exists() and not folder.is_dir():
        raise ToolError(f"{folder} is a file", "give a folder with -o")
    if folder.exists() and any(folder.iterdir()) and not (folder / "run.json").exists():
        raise ToolError(f"{folder} is not empty and holds no run", "give another -o")
