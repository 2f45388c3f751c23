# SPDX-License-Identifier: MIT
"""The outcome of a campaign as tables: counts by header, what survived, what is equivalent."""

from collections import Counter

from quintet.layout import aligned_right, layout
from quintet.mutation.campaign import EQUIVALENT, KILLED, STILLBORN, SURVIVED, Result
from quintet.mutation.operators import Mutant

_OUTCOMES = (KILLED, SURVIVED, EQUIVALENT, STILLBORN)


def listed(mutants: list[Mutant]) -> str:
    """For --list."""
    rows = [[f"{m.file}:{m.line}:{m.column}", _mutation(m), m.source] for m in mutants]
    return layout(["place", "mutation", "line"], rows)


def _mutation(mutant: Mutant) -> str:
    again = f" ({mutant.occurrence})" if mutant.occurrence > 1 else ""
    return mutant.mutation + again


def _counts(results: list[Result]) -> str:
    files = list(dict.fromkeys(result.mutant.file for result in results))
    rows = []
    for name in [*files, "all"]:
        own = [r for r in results if name in (r.mutant.file, "all")]
        counts = Counter(result.outcome for result in own)
        rows.append([name, str(len(own)), *(str(counts[o] or "-") for o in _OUTCOMES)])
    return aligned_right(["header", "mutants", *_OUTCOMES], rows, left=(0,))


def _details(results: list[Result], outcome: str) -> list[str]:
    """A heading, and a line per mutant; nothing without any."""
    own = [result for result in results if result.outcome == outcome]
    if not own:
        return []
    rows = []
    for r in own:
        said = ": ".join(word for word in (r.by, r.detail) if word)
        place = f"{r.mutant.file}:{r.mutant.line}:{r.mutant.column}"
        rows.append([place, _mutation(r.mutant), r.mutant.source[:60], said, f"{r.seconds:.1f} s"])
    header = [outcome, "mutation", "line", "by" if outcome == KILLED else "why", "time"]
    return ["", layout(header, rows)]


def score(results: list[Result]) -> str:
    """Killed of those that could be; by which check."""
    by = Counter(result.by for result in results if result.outcome == KILLED)
    survived = sum(result.outcome == SURVIVED for result in results)
    total = sum(by.values()) + survived
    if not total:
        return "no mutant could be killed"
    checks = ", ".join(f"{name} {count}" for name, count in by.most_common())
    killed = f"killed {sum(by.values())} of {total} ({sum(by.values()) / total:.0%})"
    return f"{killed}: {checks}" if checks else killed


def as_text(results: list[Result], everything: bool) -> str:
    """Counts, survivors and equivalents; `everything` adds what was killed or did not compile."""
    lines = [_counts(results)]
    shown = (KILLED, STILLBORN, EQUIVALENT, SURVIVED) if everything else (EQUIVALENT, SURVIVED)
    for outcome in shown:
        lines += _details(results, outcome)
    return "\n".join([*lines, "", score(results)])
