# SPDX-License-Identifier: MIT
"""The counts of lines.py as a C++ header, for programs that report them: cmake/Lines.cmake."""

from pathlib import Path

from quintet.files import make_folder, write_text
from quintet.lines import Counts, count_built_in, sources, summed

_TEXT = """// Made by `./quintet lines --header`; do not edit.
#pragma once

#include <string_view>

// Lines of code of the folders of lib/, neither blank nor only a comment.
namespace quintet::lines {{

struct Lines {{
  std::string_view room;
  unsigned trusted = 0, check = 0, tests = 0, exec = 0;
}};

inline constexpr bool kKnown = true;
inline constexpr Lines kLines[] = {{
{rows}
}};

// The counts of lib/<room>/; all zeros if there is no such folder.
constexpr Lines of(std::string_view room) {{
  for (const Lines& lines : kLines) {{
    if (lines.room == room) return lines;
  }}
  return {{room}};
}}

}}  // namespace quintet::lines
"""


def as_header(rooms: dict[str, Counts]) -> str:
    rows = [
        f'    {{"{room}", {c.trusted}, {c.proof}, {c.tests}, {c.exec}}},'
        for room, c in rooms.items()
    ]
    return _TEXT.format(rows="\n".join(rows))


def write_header(path: Path) -> None:
    """Counts the tree; a file that would not change keeps its time, so nothing is rebuilt."""
    text = as_header(summed(count_built_in(sources())))
    make_folder(path.parent)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
