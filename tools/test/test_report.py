# SPDX-License-Identifier: MIT
"""The report in a headless browser: marks, switches, sorting, and life without npm."""

import re
import shutil
import subprocess
import tempfile

import pytest
from conftest import write_run

from quintet import weblibs

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--virtual-time-budget=5000"
).split()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of two machines, written once for this file."""
    from quintet.load import load_run
    from quintet.report import write_report

    try:
        weblibs.chart_scripts()
    except weblibs.NoLibraries as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("report")
    machines = ("first-cpu-2c2t-1n-000001", "second-cpu-8c8t-1n-000002")
    runs = [
        load_run(write_run(folder / f"run{i}", machine=machine, seed=i))
        for i, machine in enumerate(machines)
    ]
    return write_report(runs, folder / "report.html")


def dom(page, fragment="", script=""):
    """The page after its scripts, as headless Chromium leaves it."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    if script:
        changed = page.with_name("scripted.html")
        body, _, rest = page.read_text().rpartition("</body>")
        changed.write_text(f"{body}<script>{script}</script></body>{rest}")
        page = changed
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom"]
        result = subprocess.run(
            [*command, f"file://{page}{fragment}"], capture_output=True, text=True, timeout=60
        )
    assert 'data-ready="1"' in result.stdout, re.findall('data-error="[^"]*"', result.stdout)
    return result.stdout


def marks(text):
    """What the marks of the interactive charts say, one entry each."""
    labels = re.findall(r'<path aria-label="([^"]*)" role="graphics-symbol"', text)
    return [label for label in labels if "test" in label or "-cpu-" in label]


def rows_shown(text):
    return re.findall(r'<tr data-run="(\d)" data-implementation="(\w+)"(?: class="ours")?>', text)


def test_page_is_self_contained(page):
    text = page.read_text()
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text)
    assert "@@" not in text.split("<script>")[0]
    assert text.count("<script") == text.count("</script")


def test_every_case_has_a_mark_with_its_values(page):
    labels = marks(dom(page))
    # 19 cases with an absolute value, 18 (all but null) relative to the baseline, two machines.
    assert len(labels) == 2 * (19 + 18)
    pattern = (
        r"unmap, quintet, first-cpu-2c2t-1n-000001 \(run0\): [\d.]+ ns_per_op, 95% CI [\d.]+ to"
    )
    assert sum(bool(re.match(pattern, label)) for label in labels) == 1


def test_switches_in_the_address_choose_marks_and_rows(page):
    text = dom(page, "#run=1&implementation=quintet,nros")
    labels = marks(text)
    assert labels and all("second-cpu" in label for label in labels)
    assert {label.split(", ")[1] for label in labels} == {"quintet", "nros"}
    assert set(rows_shown(text)) == {("1", "quintet"), ("1", "nros")}


@pytest.mark.parametrize("kept", [0, 1])
def test_the_switch_of_a_run_drives_everything_that_shows_it(page, kept):
    text = dom(page, f"#run={kept}")
    parts = re.findall(r'<(div|figure|tr)[^>]* data-run="(\d)"([^>]*)>', text)
    for kind in ("div", "figure", "tr"):
        shown = {run for tag, run, rest in parts if tag == kind and "hidden" not in rest}
        assert shown == {str(kept)}, kind
    assert {run for _, run, _ in parts} == {"0", "1"}


def test_marks_and_swatches_of_an_implementation_have_one_look_of_their_own(page):
    text = dom(page)
    fills = {}
    for mark in re.findall(r"<path [^>]*role=\"graphics-symbol\"[^>]*>", text):
        said = re.search(r'aria-label="[^",]*, (\w+), \w+-cpu', mark)
        if said:
            fills.setdefault(said[1], set()).add(re.search(r'fill="([^"]+)"', mark)[1])
    assert len(fills) == 6 and all(len(colours) == 1 for colours in fills.values())
    assert len({colour for colours in fills.values() for colour in colours}) == 6
    swatch = r'value="(\w+)" checked=""><svg class="swatch"[^>]*><path[^>]* fill="([^"]+)"'
    assert {name: {colour} for name, colour in re.findall(swatch, text)} == fills


def test_every_caption_names_its_run_even_on_one_machine(tmp_path):
    from quintet.load import load_run
    from quintet.report import report_html

    runs = [load_run(write_run(tmp_path / name, seed=i)) for i, name in enumerate(("old", "new"))]
    html = report_html(runs)
    for index, name in enumerate(("old", "new")):
        full = f"test-cpu-2c2t-1n-abcdef ({name})"
        assert f'data-run="{index}"><p class="soft">Quintet beside the better rival, {full}' in html
        assert f"<figcaption>Figure 11: Page table: cost of one operation, {full}<" in html
        assert f"{full}, 0123456, n = 5 processes" in html  # inside the figure
        assert f"<td>{full}</td><td>map</td>" in html and f"<h3>{full}</h3>" in html
    assert "2 runs of 1 machine<" in html


def test_clicking_a_switch_changes_marks(page):
    before = marks(dom(page))
    click = "document.querySelector('input[value=verified]').click();"
    after = marks(dom(page, script=click))
    assert len(before) - len(after) == sum(", verified," in label for label in before) > 0
    assert not [label for label in after if ", verified," in label]


def test_switching_everything_off_is_said(page):
    text = dom(page, "#implementation=none")
    assert text.count('charts">Nothing is switched on.') == 2 and not marks(text)


def test_a_heading_sorts_the_table(page):
    click = "document.querySelectorAll('th button')[4].click();"
    text = dom(page, script=click)
    assert 'aria-sort="ascending"' in text
    values = [
        float(value)
        for value in re.findall(r'<td class="number">5</td><td[^>]*data-value="([^"]+)"', text)
    ]
    assert len(values) == 38 and values == sorted(values)


def test_without_npm_the_report_is_static_and_says_so(tmp_path, monkeypatch, quintet, root):
    monkeypatch.setattr(weblibs, "_store", lambda: tmp_path / "none")
    monkeypatch.setattr("shutil.which", lambda name: None)
    run, out = write_run(tmp_path / "run"), tmp_path / "report.html"
    status, _, err = quintet("report", run, "-o", out)
    assert status == 0 and "npm is not installed" in err and err.count("\n") == 1
    text = out.read_text()
    assert "No interactive charts" in text and "<svg" in text and "vegaEmbed=" not in text
    monkeypatch.undo()
    assert len(rows_shown(dom(out, "#implementation=quintet"))) == 6


def test_npm_failure_is_one_line(tmp_path, monkeypatch, quintet):
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error network is unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.delenv("QUINTET_NO_INSTALL", raising=False)
    monkeypatch.setattr(weblibs, "_store", lambda: tmp_path / "deps" / "none")
    status, _, err = quintet("report", write_run(tmp_path / "run"), "-o", tmp_path / "r.html")
    assert status == 0 and "npm ci failed (npm error network is unreachable)" in err
    assert err.count("\n") == 1 and (tmp_path / "r.html").exists()
    assert not list((tmp_path / "deps").iterdir())


def test_scripts_cannot_end_their_element():
    assert weblibs.script_safe("a='</SCRIPT>'; b='<!--'") == r"a='<\/SCRIPT>'; b='<\!--'"


def test_the_lock_names_no_registry():
    assert '"resolved"' not in (weblibs.PINS / "package-lock.json").read_text()
