# SPDX-License-Identifier: MIT
"""Figure 13 in the format of the paper's artifact, so that its own script can draw our numbers:
`results_<size>.csv`, a line `<log>,<microseconds for 8 GiB>,` per log and process."""

import pandas as pd

from quintet.load import Run

FAMILY = "pm_log"
WHAT = "append"
METRIC = "ns_per_op"
TOTAL = 8 * 2**30
LOGS = {
    "pmdk": "libpmemlog",
    "verif": "quintet_strict",
    "old": "initial",
    "strict": "quintet_strict",
    "fast": "quintet_fast",
}
"""The artifact's names, and two of ours. In the place of the verified log (verif) stands our
strict one, which guarantees the same."""


def artifact_files(run: Run) -> dict[str, str]:
    """File name -> content for every size that was measured."""
    samples = run.samples(METRIC) if FAMILY in run.families else {}
    files = {}
    for case in run.cases().values():
        key, _, size = case.params[0].partition(":") if len(case.params) == 1 else ("", "", "")
        if (case.system, case.operation, key) == (FAMILY, "append", "size"):
            files[f"results_{size}.csv"] = _lines(samples, int(size))
    return files


def _lines(samples: dict[str, "pd.Series[float]"], size: int) -> str:
    """A process after the other, each with its logs in the artifact's order."""
    found = {}
    for log, implementation in LOGS.items():
        values = samples.get(f"{FAMILY}/append/{implementation}/size:{size}")
        for process, value in values.items() if values is not None else ():
            found[process, log] = round(value * (TOTAL / size) / 1e3)
    processes = sorted({process for process, _ in found})
    return "".join(
        f"{log},{found[process, log]},\n"
        for process in processes
        for log in LOGS
        if (process, log) in found
    )
