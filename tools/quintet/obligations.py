# SPDX-License-Identifier: MIT
"""What a run of a family of obligations says: what is proved, how far it reaches, what it costs.

Cases are `<family>/<system>/<property>/cores:<n>`; the label of a row is `<verdict>[:<reach>]`,
for example `proved:unbounded`. Two properties are none: `all` proves every obligation of its
system on a work list over n cores, `faults` counts the seeded faults that were refuted.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from quintet import ROOT
from quintet.cases import Case, parse_case
from quintet.errors import ToolError
from quintet.families import FAMILIES, Family
from quintet.lines import KIT, Counts, count_built_in, count_commit, sources, summed
from quintet.load import Run

ALL, FAULTS, NULL = "all", "faults", "null"
KINDS = {"proved": "proved", "held": "bounded", "sampled": "sampled"}
"""Verdict -> what the table calls it; every other verdict is open."""
_LINES = {"trusted": "trusted_lines", "proof": "check_lines", "exec": "exec_lines"}


@dataclass(frozen=True)
class Obligation:
    """One measured case."""

    case: Case
    verdict: str
    reach: str
    seconds: float
    counters: dict[str, float]

    @property
    def cores(self) -> int:
        words = [p.partition(":")[2] for p in self.case.params if p.startswith("cores:")]
        return int(words[0]) if words and words[0].isdigit() else 1

    def count(self, counter: str) -> float:
        return self.counters.get(counter, 0.0)


@dataclass
class System:
    """All cases of one system."""

    name: str
    obligations: list[Obligation] = field(default_factory=list)
    together: dict[int, Obligation] = field(default_factory=dict)
    """Cores -> the case that proves all."""
    faults: Obligation | None = None
    open: list[str] = field(default_factory=list)
    """Planned properties that failed, or whose verdict proves nothing."""
    skipped: list[str] = field(default_factory=list)
    lines: Counts | None = None

    def kinds(self) -> Counter[str]:
        return Counter(KINDS[o.verdict] for o in self.obligations if o.verdict in KINDS)

    def seconds(self) -> dict[int, float]:
        """Cores -> time for all obligations; on one core their sum where that was not measured."""
        times = {cores: case.seconds for cores, case in self.together.items()}
        if 1 not in times and self.obligations:
            times[1] = sum(o.seconds for o in self.obligations)
        return dict(sorted(times.items()))

    def total(self, counter: str) -> float:
        return sum(o.count(counter) for o in self.obligations)

    def reaches(self) -> list[str]:
        return list(dict.fromkeys(o.reach for o in self.obligations if o.verdict in KINDS))


@dataclass
class Verification:
    """Everything that the tables show of one run."""

    run: Run
    systems: list[System]
    kit: Counts | None
    lines_from: str
    processes: list[int]


def family_of_obligations() -> Family:
    return next(family for family in FAMILIES.values() if family.obligations)


def _measured(run: Run, family: Family) -> list[Obligation]:
    rows = run.rows[run.rows["family"] == family.name]
    samples = run.samples("real_time")
    found = []
    for name, case in run.cases().items():
        if case.system != family.name or case.operation == NULL:
            continue
        own = rows[rows["case"] == name]
        counters = own.select_dtypes("number").median().dropna()
        verdict, _, reach = str(own["label"].iloc[0]).partition(":")
        seconds = float(samples[name].median()) / 1e9
        numbers = {str(key): float(value) for key, value in counters.items()}
        found.append(Obligation(case, verdict or "none", reach or verdict, seconds, numbers))
    return found


def _file(system: System, obligation: Obligation) -> None:
    """Puts a case where it belongs; of one property on several numbers of cores, the fewest."""
    name = obligation.case.implementation
    if name == ALL:
        system.together[obligation.cores] = obligation
    elif name == FAULTS:
        if system.faults is None or obligation.cores < system.faults.cores:
            system.faults = obligation
    else:
        same = [o for o in system.obligations if o.case.implementation == name]
        if same and same[0].cores <= obligation.cores:
            return
        system.obligations = [o for o in system.obligations if o not in same] + [obligation]
        if obligation.verdict not in KINDS and name not in system.open:
            system.open.append(name)


def _not_measured(run: Run, family: Family) -> tuple[set[str], set[str]]:
    """Cases that failed or are missing, and cases that skipped themselves."""
    planned = set(run.info.get("families", {}).get(family.name, {}).get("cases", []))
    failed = {line.partition(":")[0] for line in run.errors}
    failed |= {name for name in run.info.get("failures", {})}
    names = {name for name in planned | failed if parse_case(name).system == family.name}
    return names - set(run.rows["case"]) - set(run.skipped), set(run.skipped)


def _add_the_rest(run: Run, family: Family, systems: dict[str, System]) -> None:
    for which, names in zip(("open", "skipped"), _not_measured(run, family)):
        for case in map(parse_case, sorted(names)):
            if case.system != family.name or case.operation == NULL:
                continue
            system = systems.setdefault(case.operation, System(case.operation))
            properties = {o.case.implementation for o in system.obligations}
            listed: list[str] = getattr(system, which)
            if case.implementation not in properties and case.implementation not in listed:
                listed.append(case.implementation)


@lru_cache(maxsize=8)
def _committed(sha: str) -> dict[str, Counts] | None:
    return count_commit(sha)


def _lines(run: Run) -> tuple[dict[str, Counts] | None, str]:
    """Counts by room, and where they are from: a commit describes only a clean run."""
    sha = str(run.info.get("git_sha") or run.context.get("qt_git_sha") or "")
    dirty = bool(run.info.get("git_dirty")) or sha.endswith("-dirty")
    if sha and sha != "unknown" and not dirty:
        if (counts := _committed(sha)) is not None:
            return counts, f"commit {sha[:7]}"
    if any(name in run.rows.columns for name in _LINES.values()):
        return None, "the binary, when it was configured"
    try:
        return summed(count_built_in(sources(ROOT), ROOT)), "today's tree, not the run's"
    except ToolError:
        return None, "unknown"


def _built_in(system: System) -> Counts | None:
    """The lines that the binary carries."""
    cases = [*system.obligations, *system.together.values()]
    for case in cases:
        if any(name in case.counters for name in _LINES.values()):
            return Counts(**{kind: int(case.count(name)) for kind, name in _LINES.items()})
    return None


def read(run: Run) -> Verification:
    """The obligations of `run`, by system; ToolError if it has none."""
    family = family_of_obligations()
    systems: dict[str, System] = {}
    if family.name in run.families:
        for obligation in _measured(run, family):
            name = obligation.case.operation
            _file(systems.setdefault(name, System(name)), obligation)
    if not systems:
        remedy = f"measure it with ./quintet run {family.name}"
        raise ToolError(f"{run.path} has no {family.name} case", remedy)
    _add_the_rest(run, family, systems)
    counts, origin = _lines(run)
    for system in systems.values():
        known = counts.get(system.name) if counts else None
        system.lines = known or _built_in(system)
    rows = run.rows[run.rows["family"] == family.name]
    processes = sorted(set(rows.groupby("case")["process"].nunique().tolist()))
    kit = counts.get(KIT) if counts else None
    return Verification(run, list(systems.values()), kit, origin, processes)
