# SPDX-License-Identifier: MIT
"""What to do about a damaged file: the remedy that an error names."""

from pathlib import Path

from quintet.errors import ToolError
from quintet.files import RESULT_FILE, read_json, shown
from quintet.resume import resume_command

_FACTS = {
    "machine.json": "write it anew on the machine that measured: ./quintet machine --json -o {}",
    "run.json": "restore it from git or a copy; without it, delete the folder and measure again",
    "noise.json": "delete {}, and measure the noise again with ./quintet compare --aa",
}


def mend(path: Path) -> str:
    """The remedy for a file that is empty, truncated or no JSON."""
    if path.name in _FACTS:
        return _FACTS[path.name].format(shown(path))
    if RESULT_FILE.fullmatch(path.name) and (path.parent / "run.json").exists():
        try:
            info = read_json(path.parent / "run.json")
            return f"delete it, then measure it again: {resume_command(path.parent, info)}"
        except ToolError:
            return f"first mend {shown(path.parent / 'run.json')}"
    return "delete it, and measure again with ./quintet run or --benchmark_out=FILE"
