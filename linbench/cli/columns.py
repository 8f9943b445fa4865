"""Short lists as columns under their headers.

They look like tabulate's style `simple`. These commands should answer at once, and importing tabulate takes longer than
everything else they do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def columns(headers: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[str] = ()) -> str:
    """Return the lines. right: the headers of the columns that are aligned there; all others are on the left."""
    cells = [headers, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = [">" if header in right else "<" for header in headers]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(_line(row, sides, widths) for row in cells)


def _line(cells: Sequence[str], sides: Sequence[str], widths: Sequence[int]) -> str:
    aligned = [f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True)]
    return "  ".join(aligned).rstrip()
