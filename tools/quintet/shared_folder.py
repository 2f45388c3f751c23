# SPDX-License-Identifier: MIT
"""Folders that all processes of a run share, for files whose pages they must have in common: where
a file lies in memory decides about large copies as much as the code does."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from quintet.families import Family

Flags = dict[str, tuple[str, ...]]


@contextmanager
def shared_folders(families: list[Family], given: Flags) -> Iterator[Flags]:
    """The flags of each family, with a new folder where it wants one; it is removed at the end."""
    with ExitStack() as stack:
        flags = {}
        for family in families:
            flags[family.name] = given[family.name]
            if family.shared_folder:
                flags[family.name] = _with_folder(stack, family, given[family.name])
        yield flags


def _with_folder(stack: ExitStack, family: Family, given: tuple[str, ...]) -> tuple[str, ...]:
    """`given`, and the folder below the one that it names, or else below the family's own."""
    first, *rest = family.shared_folder
    name, _, parent = first.partition("=")
    for flag in given:
        if flag.startswith(f"{name}="):
            parent = flag.partition("=")[2]
    if not Path(parent).is_dir():
        return given  # the binary knows better how to say so
    folder = tempfile.mkdtemp(prefix="quintet-run-", dir=parent)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return (*given, f"{name}={folder}", *rest)
