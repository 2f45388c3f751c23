# SPDX-License-Identifier: MIT
"""Draws the figures: loads `figures/figNN.py`, gives it the data, writes PDF, SVG and PNG, and of a
table also text and Markdown."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import pandas as pd

from quintet import TOOLS, style
from quintet.errors import ToolError, UsageError
from quintet.families import FAMILIES
from quintet.files import make_folder, read_json, shown, write_text
from quintet.load import Run, complete_runs, load_run
from quintet.profiles import profile_name
from quintet.summary import summarise

from matplotlib import pyplot  # noqa: E402  (style has chosen the backend)

KINDS = ("pdf", "svg", "png")


def known_figures() -> dict[int, ModuleType]:
    """Number -> module, for every figures/figNN.py."""
    found = {}
    for path in sorted((TOOLS / "figures").glob("fig[0-9][0-9].py")):
        found[int(path.stem[3:])] = importlib.import_module(f"figures.{path.stem}")
    return found


def chosen_figures(which: str | None) -> dict[int, ModuleType]:
    """The figures that the user's word stands for: `all` or a number."""
    known = known_figures()
    if which == "all":
        return known
    if which is not None and re.fullmatch(r"\d+", which) and int(which) in known:
        return {int(which): known[int(which)]}
    first = max(known)
    names = ", ".join(f"{number} ({module.FAMILY})" for number, module in known.items())
    if which is None:
        what, example = "no figure is named", f"./quintet figure {first}"
    elif Path(which).exists():
        what, example = f"'{which}' is no figure", f"./quintet figure {first} {which}"
    else:
        what, example = f"unknown figure '{which}'", f"./quintet figure {first}"
    raise UsageError(what, f"known figures: {names}, all; for example {example}")


def paper_points(number: int) -> pd.DataFrame:
    """The paper's numbers for a figure: series, x, y, unit, source."""
    path = TOOLS / "paper" / f"fig{number:02}.csv"
    columns = ["series", "x", "y", "unit", "source"]
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)


def caption(run: Run, frame: pd.DataFrame, settings: str) -> str:
    counts = sorted(set(frame["n"]))
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    floor = run.noise_floor
    noise = f", noise floor {floor:.1%}" if floor is not None else ""
    warning = " (above 3%: noisy)" if floor is not None and floor > 0.03 else ""
    commit = "" if run.sha in run.run_id else f", {run.sha}"
    quick = profile_name(run.info.get("settings", {})) == "quick"
    trust = " of --quick, not for comparing" if quick else ""
    return (
        f"{run.name}{commit}, n = {n} processes{trust}{settings}; "
        f"median, 95% bootstrap CI{noise}{warning}"
    )


def _count(text: str) -> str:
    """10000000 as 10M; anything else as it is."""
    for size, suffix in ((10**9, "G"), (10**6, "M"), (10**3, "K")):
        if text.isdigit() and int(text) >= size and int(text) % size == 0:
            return f"{int(text) // size}{suffix}"
    return text


def _pages(context: dict[str, Any]) -> str:
    pages = context.get("qt_pages") or context.get("qt_flag_pages")
    return f", {_count(str(pages))} pages" if pages else ""


def need_family(module: ModuleType, run: Run) -> None:
    """Raises ToolError if the run lacks the figure's family."""
    if module.FAMILY not in run.families:
        raise ToolError(
            f"{run.path} has no {module.FAMILY} case, which figure {module.NUMBER} needs",
            f"measure it with ./quintet run {module.FAMILY}",
        )


def has_cases(module: ModuleType, run: Run) -> bool:
    """Whether the run has something that the figure shows."""
    if module.FAMILY not in run.families:
        return False
    if hasattr(module, "compose"):
        return bool(module.has_cases(run))
    return not module.select(summarise(run, FAMILIES[module.FAMILY])).empty


def newest_with_cases(modules: dict[int, ModuleType]) -> dict[int, Run]:
    """For each figure the newest complete run that has cases of it. Figures without one are left
    out; if that is all of them, ToolError."""
    found: dict[int, Run] = {}
    for path in complete_runs():
        planned = read_json(path / "run.json").get("families", {})
        wanted = {n: m for n, m in modules.items() if n not in found and m.FAMILY in planned}
        if wanted:
            run = load_run(path)
            found |= {number: run for number, m in wanted.items() if has_cases(m, run)}
        if len(found) == len(modules):
            break
    if not found:
        names = " or ".join(str(number) for number in modules)
        only = [module.FAMILY for module in modules.values()] if len(modules) == 1 else []
        raise ToolError(
            f"there is no finished run with cases of figure {names}",
            f"measure one with {' '.join(['./quintet run', *only])}",
        )
    return {number: found[number] for number in modules if number in found}


def draw(module: ModuleType, run: Run, paper: bool = True) -> Any:
    """One figure of one run as a matplotlib figure; ToolError if the run has no data for it.

    A module either selects rows of the summary and draws them into two axes, or composes the
    whole figure from the run (figure 8, a table).
    """
    need_family(module, run)
    family = FAMILIES[module.FAMILY]
    if hasattr(module, "compose"):
        points = paper_points(module.NUMBER)
        with matplotlib.rc_context(style.SETTINGS):
            figure = module.compose(run, points if paper else points.iloc[:0])
        pyplot.close(figure)
        return figure
    frame = module.select(summarise(run, family))
    if frame.empty:
        raise ToolError(
            f"{run.path} has none of the cases of figure {module.NUMBER}",
            f"measure them with ./quintet run {family.name}",
        )
    points = paper_points(module.NUMBER)
    context = run.contexts[family.name]
    settings = module.settings(context) if hasattr(module, "settings") else _pages(context)
    with matplotlib.rc_context(style.SETTINGS):
        figure, axes = pyplot.subplots(1, 2, figsize=module.SIZE, gridspec_kw=module.GRID)
        module.draw(axes, frame, points if paper else points.iloc[:0])
        note = caption(run, frame, settings)
        figure.text(0.008, 0.012, note, fontsize=6, color=style.GREY)
    pyplot.close(figure)
    return figure


def write(
    modules: dict[int, ModuleType],
    runs: list[Run],
    folder: Path,
    paper: bool = True,
    skip_lacking: bool = False,
) -> list[Path]:
    """Writes figNN.{pdf,svg,png} below `folder`; the run is in the name if there are several.

    A run without the family of a figure is an error, or with `skip_lacking` only a line, unless
    nothing at all is left to draw.
    """
    make_folder(folder)
    paths = []
    chosen = [(number, module, run) for number, module in modules.items() for run in runs]
    if skip_lacking and any(module.FAMILY in run.families for _, module, run in chosen):
        for number, module, run in chosen:
            if module.FAMILY not in run.families:
                what = f"{shown(run.path)} has no {module.FAMILY} case"
                print(f"figure {number}: not drawn: {what}", file=sys.stderr)
        chosen = [(n, module, run) for n, module, run in chosen if module.FAMILY in run.families]
    for number, module, run in chosen:
        several = f"-{run.machine_id}-{run.run_id}" if len(runs) > 1 else ""
        drawn = draw(module, run, paper)
        for kind in KINDS:
            path = folder / f"fig{number:02}{several}.{kind}"
            path.write_bytes(style.render(drawn, kind))
            paths.append(path)
        for kind, text in texts(module, run, paper).items():
            path = folder / f"fig{number:02}{several}.{kind}"
            write_text(path, text)
            paths.append(path)
    return paths


def texts(module: ModuleType, run: Run, paper: bool = True) -> dict[str, str]:
    """What a figure that is a table says in words: suffix (txt, md) -> content."""
    if not hasattr(module, "texts"):
        return {}
    points = paper_points(module.NUMBER)
    words: dict[str, str] = module.texts(run, points if paper else points.iloc[:0])
    return words
