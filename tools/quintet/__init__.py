# SPDX-License-Identifier: MIT
"""Runs the benchmarks and turns their JSON into ratios, figures and a report."""

import os
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]

ROOT = Path(os.environ.get("QUINTET_ROOT") or TOOLS.parent)
"""The repository; everything that the tools write by default goes below it (tests move it)."""
