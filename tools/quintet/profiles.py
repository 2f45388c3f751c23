# SPDX-License-Identifier: MIT
"""How much effort a run takes: processes, repetitions, and the binaries' sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quintet.families import Family


@dataclass(frozen=True)
class Profile:
    """A named effort; `--processes` and `--reps` change single numbers."""

    processes: int
    reps: int


PROFILES = {"quick": Profile(3, 1), "default": Profile(5, 1), "full": Profile(10, 3)}
DEFAULT = "default"


def profile_flags(profile: str, family: Family, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Flags that the profile gives to the family's binary, before those that the user has `given`.

    Quick is what the binary itself means by it. The sizes of full go together: another size in
    place of the first one stands alone, and the binary derives the others from it.
    """
    if profile == "quick":
        return ("--quick",)
    if profile != "full" or not family.full_flags:
        return ()
    first = family.full_flags[0].partition("=")[0]
    return () if first in {flag.partition("=")[0] for flag in given} else family.full_flags


def profile_name(settings: dict[str, Any]) -> str:
    """The profile of a kept run. What is the default now was called quick once, with the same
    settings: such a run did not give --quick to its binaries."""
    name = str(settings.get("profile", DEFAULT))
    flags = [flag for own in settings.get("flags", {}).values() for flag in own]
    return DEFAULT if name == "quick" and "--quick" not in flags else name
