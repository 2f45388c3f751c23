# SPDX-License-Identifier: MIT
"""The noise floor: how far a ratio strays from 1 on this machine when nothing has changed."""

from pathlib import Path
from typing import Any

import numpy as np

from quintet import ROOT
from quintet.errors import ToolError
from quintet.files import read_json, write_json
from quintet.verdict import Verdict

SCHEMA = 1
DEFAULT_FLOOR = 0.03
"""Used until the machine has an A/A run: what a quiet machine shows with 5 to 10 processes."""
LEAST_FLOOR = 0.01


def noise_file(machine_id: str) -> Path:
    return ROOT / "results" / machine_id / "noise.json"


def stored_floor(machine_id: str) -> float | None:
    """The machine's own floor, or None if it never had an A/A run."""
    path = noise_file(machine_id)
    return float(read_json(path)["floor"]) if path.exists() else None


def _strays(verdict: Verdict) -> list[float]:
    return [abs(case.ratio.mid - 1) for case in verdict.cases]


def floor_from(verdict: Verdict) -> float:
    """How far the typical case of an A/A pair strays: one robust standard deviation of the ratios.

    Noisier cases are no reason for a higher floor: their own spread speaks against them already.
    """
    return max(LEAST_FLOOR, 1.4826 * float(np.median(_strays(verdict))))


def store_floor(machine_id: str, verdict: Verdict, runs: tuple[str, str], metric: str) -> Path:
    """Keeps the A/A result beside the machine's curated runs."""
    if machine_id == "unknown":
        raise ToolError("these files do not say which machine they are from", "use run folders")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "machine_id": machine_id,
        "floor": round(floor_from(verdict), 4),
        "ninety_fifth": round(float(np.percentile(_strays(verdict), 95)), 4),
        "metric": metric,
        "runs": list(runs),
        "drift": round(verdict.drift, 4),
        "between_runs": round(verdict.between_runs, 4),
        "ratios": {case.case: round(case.ratio.mid, 4) for case in verdict.cases},
    }
    path = noise_file(machine_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document)
    return path
