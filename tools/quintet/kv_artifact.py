# SPDX-License-Identifier: MIT
"""Figure 9 in the format of the paper's artifact, so that its own script can draw our numbers:
`raw-data.txt`, a line per process, system, operation and size of the value, with tabs between.

The artifact's seven columns come first; it finds them by name, so three of ours can follow. Its
runs take 30 s, so "Requests completed" are those of 30 s at the throughput that was measured.
"""

import re
from typing import NamedTuple

from quintet.load import Run

FAMILY = "ironkv"
WHAT = "get or set"
METRIC = "kops"
SECONDS = 30
SYSTEMS = {"ironfleet": "dafny", "quintet": "verus"}
"""The artifact's names: of the host that our re-creation stands for, and of the one in whose place
ours stands. It leaves out every other name."""
COLUMNS = (
    *("Language", "Threads", "Seconds", "Workload", "Number of keys", "Value size"),
    *("Requests completed", "System", "Iteration", "kop/s"),
)
_CASE = re.compile(rf"{FAMILY}/(get|set)/(\w+)/value:(\d+)/clients:(\d+)")


class _Row(NamedTuple):
    """In the order of the lines."""

    process: int
    place: int
    system: str
    operation: str
    value: int
    clients: int
    kops: float


def artifact_files(run: Run) -> dict[str, str]:
    """File name -> content; nothing without a get or set."""
    has = FAMILY in run.families and METRIC in run.rows.columns
    samples = run.samples(METRIC) if has else {}
    systems: dict[str, int] = {}
    rows = []
    for name in run.cases():
        match = _CASE.fullmatch(name)
        if match is None or name not in samples:
            continue
        operation, system, value, clients = match.groups()
        place = systems.setdefault(system, len(systems))
        for process, kops in samples[name].items():
            case = (place, system, operation, int(value), int(clients))
            rows.append(_Row(int(str(process)), *case, float(kops)))
    if not rows:
        return {}
    keys = str(run.contexts[FAMILY].get("qt_flag_keys", "unknown"))
    lines = [COLUMNS, *(_cells(row, keys) for row in sorted(rows))]
    return {"raw-data.txt": "".join("\t".join(line) + "\n" for line in lines)}


def _cells(row: _Row, keys: str) -> tuple[str, ...]:
    requests = round(row.kops * 1e3 * SECONDS)
    what = (SYSTEMS.get(row.system, row.system), row.clients, SECONDS, row.operation[0])
    ours = (row.system, row.process + 1, f"{row.kops:.3f}")
    return tuple(str(cell) for cell in (*what, keys, row.value, requests, *ours))
