# SPDX-License-Identifier: MIT
"""How much effort a run takes: processes, repetitions, and the binaries' flags."""

from dataclasses import dataclass

from quintet.families import Family


@dataclass(frozen=True)
class Profile:
    """A named effort; `--processes` and `--reps` change single numbers."""

    processes: int
    reps: int


PROFILES = {"quick": Profile(5, 1), "full": Profile(10, 3)}
DEFAULT = "quick"


def profile_flags(profile: str, family: Family) -> tuple[str, ...]:
    """Flags that the profile gives to the family's binary."""
    return family.full_flags if profile == "full" else family.quick_flags
