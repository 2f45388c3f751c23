# SPDX-License-Identifier: MIT
"""results/: the few runs that are kept in git, and their index."""

import shutil
from pathlib import Path

from quintet import ROOT
from quintet.check import find_files, problems
from quintet.errors import ToolError
from quintet.families import FAMILIES, direction
from quintet.files import RESULT_FILE, write_text
from quintet.load import Run, load_run
from quintet.noise import stored_floor
from quintet.profiles import profile_name
from quintet.stats import geometric_mean
from quintet.summary import ratio_key, summarise

RESULTS = ROOT / "results"
_KEPT = ("machine.json", "run.json")
_PICTURES = (".png", ".svg")
LIMIT = 2_000_000
"""A curated run stays small enough for git."""


def curate(folder: Path) -> Path:
    """Copies a complete, checked run to results/<machine-id>/<run-id> and renews the index."""
    first = next(problems(find_files([folder])), None)
    if first is not None:
        raise ToolError(f"{folder} is not fit to keep: {first}")
    run = load_run(folder)
    target = RESULTS / run.machine_id / run.run_id
    if target.exists() and target.resolve() != folder.resolve():
        raise ToolError(f"{target} is there already", "delete it first to replace it")
    files = [
        path
        for path in sorted(folder.iterdir())
        if path.name in _KEPT or RESULT_FILE.fullmatch(path.name) or path.suffix in _PICTURES
    ]
    size = sum(path.stat().st_size for path in files)
    if size > LIMIT:
        raise ToolError(f"{folder} has {size} bytes, more than {LIMIT}", "keep a shorter run")
    if target.resolve() != folder.resolve():
        target.mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, target / path.name)
    write_index()
    return target


def _geomean(run: Run) -> str:
    parts = []
    for name in run.families:
        if name in FAMILIES and FAMILIES[name].baseline:
            family = FAMILIES[name]
            frame = summarise(run, family)
            ours = (frame["implementation"] == family.ours) & frame["operation"].map(
                family.is_in_mean
            )
            ratios = frame.loc[ours, ratio_key(family.baseline)].dropna()
            if len(ratios):
                mean = geometric_mean(ratios.to_numpy())
                what = f"'s {family.mean_metrics[0]}" if direction(family.mean_metrics) else ""
                parts.append(f"{mean:.3g} of {family.baseline}{what} ({len(ratios)})")
    return "; ".join(parts) or "-"


def _line(run: Run) -> str:
    settings = run.info["settings"]
    floor = stored_floor(run.machine_id)
    cells = (
        f"[{run.run_id}]({run.machine_id}/{run.run_id}/run.json)",
        str(run.info["started"])[:10],
        run.sha,
        ", ".join(run.families),
        f"{settings['processes']} x {settings['reps']} {profile_name(settings)}",
        _geomean(run),
        f"{floor:.1%}" if floor is not None else "no A/A run",
    )
    return "| " + " | ".join(cells) + " |"


_HEAD = """# Results

Runs kept for reference, one folder per machine and run. `./quintet curate` writes this page.

- `<machine-id>/noise.json`: noise floor of the machine, from an A/A run (`compare --aa`)
- `<machine-id>/<run-id>/machine.json`: what the machine is; the id is a hash of its stable facts
- `<machine-id>/<run-id>/run.json`: commit, settings, seed of the order, binaries, times
- `<machine-id>/<run-id>/<family>.<k>.json`: Google Benchmark rows of round k, a process per case

Look at a run with `./quintet report results/<machine-id>/<run-id>`, check all with
`./quintet check results`. How the numbers come about: [docs/measuring.md](../docs/measuring.md).
"""


def index_text() -> str:
    """The content of results/README.md."""
    parts = [_HEAD]
    for machine in sorted(path for path in RESULTS.glob("*") if path.is_dir()):
        runs = [load_run(path.parent) for path in sorted(machine.glob("*/run.json"))]
        if not runs:
            continue
        stable = runs[-1].machine["stable"]
        parts.append(
            f"## {machine.name}\n\n{stable['cpu']}, {stable['cores']} cores, {stable['threads']} "
            f"threads, {stable['numa_nodes']} NUMA node(s), {stable['ram_gib']} GiB, "
            f"hypervisor: {stable['hypervisor']}\n"
        )
        parts.append(
            "| run | date | commit | families | processes x repetitions | geometric mean of "
            "quintet's ratios (cases) | noise floor |\n|---|---|---|---|---|---|---|\n"
            + "\n".join(_line(run) for run in runs)
            + "\n"
        )
    if len(parts) == 1:
        parts.append("No run is kept yet.\n")
    return "\n".join(parts)


def write_index() -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "README.md"
    write_text(path, index_text())
    return path
