# SPDX-License-Identifier: MIT
"""`report`: one HTML page that needs nothing else; figures, charts with switches, table, facts."""

import html
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from quintet import style
from quintet.charts import chart_rows, chart_specs, shape
from quintet.errors import ToolError
from quintet.families import FAMILIES, HIGHER_IS_BETTER, OURS, Family, is_ours
from quintet.figure import draw, known_figures
from quintet.files import make_folder, write_text
from quintet.load import Run
from quintet.obligations import read
from quintet.obligations_text import LIST_HEADER, list_html
from quintet.resume import incomplete
from quintet.summary import BEST, ratio_key, summarise
from quintet.weblibs import PINS, NoLibraries, chart_scripts, script_safe

Frames = list[tuple[int, Run, pd.DataFrame]]


def _text(value: object) -> str:
    return html.escape(str(value))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _switch(group: str, value: str, label: str, swatch: str = "") -> str:
    return (
        f'<label><input type="checkbox" name="{group}" value="{_text(value)}" checked>'
        f"{swatch}{_text(label)}</label>"
    )


def _swatch(look: style.Look) -> str:
    path = f'<path transform="translate(6,6) scale(5)" fill="{look.colour}" d="{shape(look)}"/>'
    return f'<svg class="swatch" aria-hidden="true">{path}</svg>'


def _switches(runs: list[Run], looks: dict[str, style.Look]) -> str:
    places = "".join(_switch("run", str(i), run.name) for i, run in enumerate(runs))
    implementations = "".join(
        _switch("implementation", name, looks[name].label, _swatch(looks[name]))
        for name in sorted(looks, key=style.rank)
    )
    return (
        f"<fieldset><legend>Run</legend>{places}</fieldset>"
        f"<fieldset><legend>Implementation</legend>{implementations}</fieldset>"
    )


def inline_svg(svg: str, prefix: str) -> str:
    """An SVG document as an element: no prolog, and ids that cannot meet those of another one."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    return re.sub(r'href="#', f'href="#{prefix}-', svg)


def _figures(family: Family, frames: Frames) -> str:
    parts = []
    for number, module in known_figures().items():
        if module.FAMILY != family.name:
            continue
        for index, run, _ in frames:
            try:
                svg = style.render(draw(module, run), "svg").decode()
            except ToolError as error:
                parts.append(f'<p class="notice" data-run="{index}">{_text(error)}</p>')
                continue
            label = f"Figure {number}: {module.TITLE}, {run.name}"
            parts.append(
                f'<figure data-run="{index}" aria-label="{_text(label)}">{inline_svg(svg, f"fig{number}-{index}")}'
                f"<figcaption>{_text(label)}</figcaption></figure>"
            )
    return "".join(parts)


def _cards(frames: Frames) -> str:
    """The headline of every run: ours against the better rival, operations without parameters."""
    return "".join(_cards_of(index, run, frame) for index, run, frame in frames)


def _cards_of(index: int, run: Run, frame: pd.DataFrame) -> str:
    cards = []
    ours = frame[(frame["implementation"] == OURS) & (frame["params"] == "")]
    for _, row in ours.iterrows():
        value = row[ratio_key(BEST)]
        if math.isfinite(value):
            rival = row[f"reference_{BEST}"].split("/")[2]
            what = "memory" if row["metric"].startswith("rss") else "time"
            what = "speed" if row["metric"] in HIGHER_IS_BETTER else what
            cards.append(
                f'<div class="card"><b>{value:.2g}×</b>{_text(row["operation"])}'
                f'<br><span class="soft">{what} of {_text(rival)}</span></div>'
            )
    if not cards:
        return ""
    return (
        f'<div class="headline" data-run="{index}">'
        f'<p class="soft">Quintet beside the better rival, {_text(run.name)}:</p>'
        f'<div class="cards">{"".join(cards)}</div></div>'
    )


def _cell(row: "pd.Series[Any]", key: str) -> str:
    mid, low, high = (float(row[name]) for name in (key, f"{key}_lo", f"{key}_hi"))
    if not math.isfinite(mid):
        return '<td class="number" data-value="">-</td>'
    interval = f' <span class="soft">[{low:.3g}, {high:.3g}]</span>' if math.isfinite(low) else ""
    return f'<td class="number" data-value="{mid!r}">{mid:.3g}{interval}</td>'


def _table(family: Family, frames: Frames) -> str:
    keys = {f"{family.heading} [95% CI]": "mid"}
    for rival in (*family.rivals, BEST):
        title = f"vs {rival}" if rival != BEST else "vs best rival"
        keys[title] = ratio_key(rival)
    heads = ["run", "operation", "implementation", "n", *keys]
    body = []
    for index, run, frame in frames:
        for _, row in frame.iterrows():
            name = row["implementation"]
            unit = f" ({row['metric']})" if len(family.all_metrics) > 1 else ""
            cells = [run.name, row["label"] + unit, name]
            kind = ' class="ours"' if is_ours(name) else ""
            body.append(
                f'<tr data-run="{index}" data-implementation="{_text(name)}"{kind}>'
                + "".join(f"<td>{_text(cell)}</td>" for cell in cells)
                + f'<td class="number">{row["n"]}</td>'
                + "".join(_cell(row, key) for key in keys.values())
                + "</tr>"
            )
    head = "".join(f'<th><button type="button">{_text(title)}</button></th>' for title in heads)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _facts(run: Run) -> str:
    settings = run.info.get("settings", {})
    facts: dict[str, Any] = {
        "run": run.run_id,
        "commit": run.sha,
        "processes x repetitions": f"{settings.get('processes')} x {settings.get('reps')}",
        "started, ended": f"{run.info.get('started')}, {run.info.get('ended')}",
        "noise floor": "no A/A run" if run.noise_floor is None else f"{run.noise_floor:.1%}",
    }
    for group in ("stable", "changing"):
        facts |= run.machine.get(group, {})
    facts |= {k[3:]: v for k, v in run.context.items() if k in ("qt_compiler", "qt_compiler_flags")}
    lines = []
    for key, value in facts.items():
        if isinstance(value, list):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{name} {item}" for name, item in value.items())
        lines.append(f"<tr><td>{_text(key.replace('_', ' '))}</td><td>{_text(value)}</td></tr>")
    return f'<h3>{_text(run.name)}</h3><table class="facts">{"".join(lines)}</table>'


def _obligations(family: Family, runs: list[tuple[int, Run]]) -> str:
    """The section of a family without rivals: its figure, and a row per obligation."""
    head = "".join(f"<th>{_text(title)}</th>" for title in ("run", *LIST_HEADER))
    body = "".join(list_html(read(run), index) for index, run in runs)
    frames = [(index, run, pd.DataFrame()) for index, run in runs]
    return (
        f"<section><h2>{_text(family.title)}</h2>{_figures(family, frames)}"
        f'<h3>All obligations</h3><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _family(family: Family, frames: Frames, charts: list[dict[str, Any]]) -> str:
    places = "".join(
        f'<h3>{_text(chart["title"])}</h3><div id="{chart["id"]}" class="charts"></div>'
        for chart in charts
    )
    return (
        f"<section><h2>{_text(family.title)}</h2>{_cards(frames)}"
        f"{_figures(family, frames)}{places}<h3>All cases</h3>{_table(family, frames)}</section>"
    )


def _libraries() -> tuple[str, str]:
    """Script elements of the chart libraries, and a notice where they cannot be had."""
    try:
        return "\n".join(f"<script>{script}</script>" for script in chart_scripts()), ""
    except NoLibraries as reason:
        print(f"quintet: report without interactive charts: {reason}", file=sys.stderr)
        return "", f'<p class="notice">No interactive charts: {_text(reason)}.</p>'


def _unfinished(runs: list[Run]) -> str:
    """A notice for each run that lacks samples."""
    lines = [line for run in runs if (line := incomplete(run))]
    return "".join(f'<p class="notice">{_text(line)}</p>' for line in lines)


def report_html(runs: list[Run]) -> str:
    """The page for `runs`; without the chart libraries it has the static figures only."""
    libraries, notice = _libraries()
    frames = {
        family.name: [
            (i, run, summarise(run, family))
            for i, run in enumerate(runs)
            if family.name in run.families
        ]
        for family in FAMILIES.values()
        if not family.obligations
    }
    looks = style.looks(
        name for parts in frames.values() for part in parts for name in part[2]["implementation"]
    )
    sections: list[str] = []
    charts: list[dict[str, Any]] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for family in FAMILIES.values():
        having = [(i, run) for i, run in enumerate(runs) if family.name in run.families]
        if family.obligations and having:
            sections.append(_obligations(family, having))
        own = frames.get(family.name)
        if not own:
            continue
        rows[family.name] = [r for i, run, frame in own for r in chart_rows(run, i, family, frame)]
        specs = chart_specs(family, rows[family.name], looks) if libraries else {}
        drawn = [
            {"id": f"{family.name}-{k}", "family": family.name, "title": title, "spec": spec}
            for k, (title, spec) in enumerate(specs.items())
        ]
        charts += drawn
        sections.append(_family(family, own, drawn))
    if not sections:
        raise ToolError("these runs hold no family that the report knows", "give a run folder")
    data = json.dumps({"charts": charts, "rows": rows}, allow_nan=False).replace("<", "\\u003c")
    machines = len({run.machine_id for run in runs})
    parts = {
        "style": (PINS / "style.css").read_text(encoding="utf-8"),
        "summary": _count(len(runs), "run") + " of " + _count(machines, "machine"),
        "notice": notice + _unfinished(runs),
        "switches": _switches(runs, looks),
        "families": "".join(sections),
        "machines": "".join(_facts(run) for run in runs),
        "libraries": libraries,
        "data": data,
        "script": script_safe((PINS / "script.js").read_text(encoding="utf-8")),
    }
    template = (PINS / "template.html").read_text(encoding="utf-8")
    return re.sub(r"@@(\w+)@@", lambda match: parts[match.group(1)], template)


def write_report(runs: list[Run], path: Path) -> Path:
    """Writes the page to `path`, whole or not at all."""
    make_folder(path.parent)
    write_text(path, report_html(runs))
    return path
