# SPDX-License-Identifier: MIT
"""Tables as text and as Markdown. Needs nothing but Python."""

from collections.abc import Sequence


def layout(header: list[str], rows: list[list[str]]) -> str:
    """Left-aligned columns; a row of one cell is a heading, an empty row becomes a blank line."""
    widths = [max(len(r[i]) for r in [header, *rows] if len(r) > 1) for i in range(len(header))]

    def line(cells: list[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in rows)]).rstrip()


def aligned_right(header: list[str], rows: list[list[str]], left: Sequence[int]) -> str:
    """As layout, with all columns but those in `left` moved to the right."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table if len(row) > 1) for i in range(len(header))]

    def pad(cells: list[str]) -> list[str]:
        if len(cells) < 2:
            return cells
        return [c if i in left else c.rjust(widths[i]) for i, c in enumerate(cells)]

    return layout(pad(header), [pad(row) for row in rows])


def markdown(header: list[str], rows: list[list[str]], left: Sequence[int]) -> str:
    """The same table in Markdown; headings and blank rows are left out."""

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    rule = "|" + "|".join("---" if i in left else "--:" for i in range(len(header))) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows if len(row) > 1)])
