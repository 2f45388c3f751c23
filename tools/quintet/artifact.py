# SPDX-License-Identifier: MIT
"""Figures in the format of the paper's artifact: which ones there are, and their files."""

from types import ModuleType

from quintet import kv_artifact, log_artifact
from quintet.errors import ToolError, UsageError
from quintet.families import FAMILIES
from quintet.load import Run

_FORMATS = {module.FAMILY: module for module in (kv_artifact, log_artifact)}


def artifact_files(plan: list[tuple[dict[int, ModuleType], list[Run]]]) -> dict[str, str]:
    """File name -> content, for those figures of `plan` (figures, and the runs that they are drawn
    from) that have such a format and were measured. ToolError without any."""
    wanted = {
        module.FAMILY: runs
        for modules, runs in plan
        for module in modules.values()
        if module.FAMILY in _FORMATS
    }
    if not wanted or any(len(runs) != 1 for runs in wanted.values()):
        known = sorted(FAMILIES[name].figure for name in _FORMATS)
        raise UsageError(
            f"--artifact is for figure {' or '.join(map(str, known))} of one run",
            f"./quintet figure {known[-1]} RUN",
        )
    files: dict[str, str] = {}
    for family, (run,) in wanted.items():
        files |= _FORMATS[family].artifact_files(run)
    if not files:
        run = next(iter(wanted.values()))[0]
        lacks = " and ".join(f"no {_FORMATS[name].WHAT} of {name}" for name in wanted)
        remedy = f"measure it with ./quintet run {' '.join(wanted)}"
        raise ToolError(f"{run.path} has {lacks}", remedy)
    return files
