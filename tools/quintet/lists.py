# SPDX-License-Identifier: MIT
"""Long lists, cut for people: the first few, and how many more there are."""

from collections.abc import Sequence

LIMIT = 10


def capped(items: Sequence[str], everything: bool) -> list[str]:
    """The items; after the first few of many, one that counts the rest."""
    if everything or len(items) <= LIMIT:
        return [*items]
    return [*items[:LIMIT], f"... and {len(items) - LIMIT} more (--all shows them)"]
