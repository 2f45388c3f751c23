# SPDX-License-Identifier: MIT
"""The chart libraries of the report: fetched once by npm at pinned versions, kept in the build."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from quintet import ROOT, TOOLS

PINS = TOOLS / "report"
LIBRARIES = ("vega", "vega-lite", "vega-embed")
_TIMEOUT = 300


class NoLibraries(Exception):
    """The charts have to stay out; the message says why and what to do."""


def _store() -> Path:
    lock = (PINS / "package-lock.json").read_bytes()
    return ROOT / "build" / "report-deps" / hashlib.sha256(lock).hexdigest()[:12]


def _fetch(store: Path) -> None:
    """Installs into a scratch folder and moves the few files that the page needs."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoLibraries("npm is not installed: apt-get install npm, then draw the report again")
    if os.environ.get("QUINTET_NO_INSTALL"):
        raise NoLibraries("QUINTET_NO_INSTALL is set: unset it once to fetch the chart libraries")
    store.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store.parent, prefix=".fetch-") as name:
        scratch = Path(name)
        for pin in ("package.json", "package-lock.json"):
            shutil.copyfile(PINS / pin, scratch / pin)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            result = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise NoLibraries(f"npm ci did not end in {_TIMEOUT} s: check the network") from None
        if result.returncode != 0:
            errors = [line for line in result.stderr.splitlines() if "error" in line.lower()]
            reason = errors[0].strip() if errors else f"exit {result.returncode}"
            raise NoLibraries(f"npm ci failed ({reason}): run it in tools/report to see more")
        kept = scratch / "kept"
        kept.mkdir()
        for library in LIBRARIES:
            package = scratch / "node_modules" / library
            shutil.copyfile(package / "build" / f"{library}.min.js", kept / f"{library}.js")
            shutil.copyfile(package / "LICENSE", kept / f"{library}.LICENSE")
        if not store.exists():
            kept.rename(store)


def script_safe(text: str) -> str:
    """JavaScript that may stand between <script> tags: nothing in it ends or nests the element."""
    text = re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE)
    return text.replace("<!--", r"<\!--")


def chart_scripts() -> list[str]:
    """The libraries in loading order, each with its licence, fit to be inlined.

    Raises NoLibraries where they are not in the build tree yet and cannot be fetched.
    """
    store = _store()
    if not all((store / f"{library}.js").exists() for library in LIBRARIES):
        _fetch(store)
    versions = json.loads((PINS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    scripts = []
    for library in LIBRARIES:
        licence = (store / f"{library}.LICENSE").read_text(encoding="utf-8").replace("*/", "* /")
        code = (store / f"{library}.js").read_text(encoding="utf-8")
        code = re.sub(r"^//# sourceMappingURL=.*$", "", code, flags=re.MULTILINE)
        scripts.append(script_safe(f"/*! {library} {versions[library]}\n{licence}*/\n{code}"))
    return scripts
