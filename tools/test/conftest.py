# SPDX-License-Identifier: MIT
"""A scratch repository root for every test session, made-up runs, and the CLI in this process."""

import atexit
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
_ROOT = Path(tempfile.mkdtemp(prefix="quintet-test-"))
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)
os.environ["QUINTET_ROOT"] = str(_ROOT)
(_ROOT / "build").mkdir()
# The chart libraries are fetched once for the real build tree, not once per session.
(TOOLS.parent / "build" / "report-deps").mkdir(parents=True, exist_ok=True)
(_ROOT / "build" / "report-deps").symlink_to(TOOLS.parent / "build" / "report-deps")

import pytest  # noqa: E402

from quintet import cli  # noqa: E402
from quintet.families import FAMILIES, is_measured  # noqa: E402

import fake_bench  # noqa: E402

MACHINE = {
    "schema": 1,
    "machine_id": "test-cpu-2c2t-1n-abcdef",
    "stable": {
        "cpu": "Test CPU",
        "cores": 2,
        "threads": 2,
        "numa_nodes": 1,
        "ram_gib": 8,
        "hypervisor": "none",
    },
    "changing": {"kernel": "6.1", "thp": "madvise"},
}


@pytest.fixture(autouse=True)
def clean_root():
    """Noise floors and runs of one test are not there for the next."""
    yield
    for name in ("results", "build/runs", "build/figures"):
        shutil.rmtree(_ROOT / name, ignore_errors=True)


@pytest.fixture
def root():
    return _ROOT


@pytest.fixture
def log_bench(tmp_path, monkeypatch):
    """The same with pm_log_bench."""
    return add_binary(tmp_path, monkeypatch, "pm_log_bench")


def add_binary(tmp_path, monkeypatch, name):
    folder = tmp_path / "perf" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(TOOLS / "test" / "fake_bench.py", folder / name)
    monkeypatch.setenv("QUINTET_BUILD_DIR", str(folder.parent))
    return folder / name


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A build tree whose page_table_bench is the fake one; returns its path. A run without names
    measures that family only."""
    for name, family in list(FAMILIES.items()):
        if name != "page_table" and not family.obligations:
            monkeypatch.delitem(FAMILIES, name)
    binary = add_binary(tmp_path, monkeypatch, "page_table_bench")
    monkeypatch.setenv(
        "FAKE_CASES",
        "page_table/map/nros page_table/map/quintet page_table/unmap/nros page_table/unmap/quintet",
    )
    return binary


@pytest.fixture
def quintet(capsys):
    """Runs the CLI: quintet("check", path) -> (status, stdout, stderr)."""

    def call(*arguments):
        status = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


METRICS = dict(FAMILIES)  # all of them: a test may hide some
CASES = {
    "allocator": fake_bench.ALLOCATOR,
    "ironkv": fake_bench.IRONKV,
    "node_replication": fake_bench.NODE,
    "page_table": fake_bench.CASES,
    "pm_log": fake_bench.PM_LOG,
    "verification": fake_bench.VERIFICATION,
}
CONTEXT = {
    "allocator": {"qt_flag_scale": "50"},
    "ironkv": {"qt_flag_keys": "1000", "qt_flag_load_ms": "2000"},
    "node_replication": {"qt_flag_vspace_gib": "64", "qt_flag_team_ms": "200"},
    "page_table": {"qt_pages": "10M"},
    "pm_log": {"qt_flag_log_mib": "1024", "qt_pm_filesystem": "tmpfs", "qt_pm_dax": "no"},
    "verification": {"qt_pages": "10M"},
}


def write_run(
    folder,
    *,
    sigma=0.01,
    processes=5,
    reps=1,
    scale=None,
    machine=None,
    seed=1,
    families=("page_table",),
):
    """A complete run of the fake benchmark's cases; `scale` multiplies single cases."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    identity = {**MACHINE, "machine_id": machine or MACHINE["machine_id"]}
    (folder / "machine.json").write_text(json.dumps(identity))
    info = {
        "schema": 1,
        "run_id": folder.name,
        "machine_id": identity["machine_id"],
        "git_sha": "0123456789abcdef",
        "git_dirty": False,
        "settings": {"profile": "default", "processes": processes, "reps": reps, "filter": None},
        "families": {
            family: {"binary": "x", "sha256": "0", "cases": CASES[family]} for family in families
        },
        "seed": 1,
        "started": "2024-11-04T00:00:00Z",
        "ended": "2024-11-04T00:01:00Z",
        "status": "complete",
        "noise_floor": None,
    }
    (folder / "run.json").write_text(json.dumps(info))
    os.environ["FAKE_SIGMA"] = str(sigma)
    for process in range(processes):
        for family in families:
            rows = []
            for case in CASES[family]:
                if not is_measured(family, case.split("/")[1], process):
                    continue
                for row in fake_bench.rows(case, reps, rng):
                    if row["run_type"] == "iteration":
                        metric = METRICS[family].metric_of(case.split("/")[1])
                        row[metric] *= (scale or {}).get(case, 1.0)
                        rows.append({**row, "process": process})
            context = {**CONTEXT[family], "qt_compiler": "g++ 12"}
            document = {"context": context, "benchmarks": rows}
            (folder / f"{family}.{process}.json").write_text(json.dumps(document))
    os.environ.pop("FAKE_SIGMA")
    return folder
