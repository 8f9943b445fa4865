"""Layout of tables: columns as text, in any style of tabulate, and for terminals within a width."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import tabulate

T = TypeVar("T")

DOCUMENT_STYLES = frozenset({"html", "unsafehtml", "latex", "latex_raw", "latex_booktabs", "latex_longtable"})
"""The styles that go into a document, which brings its own width and its own notes."""

_MULTILINE = frozenset({"simple", "plain", "outline", "presto", "psql", "pretty"})
"""The styles for terminals, besides the grids, in which a cell may have several lines."""

_LABEL_WIDTH = 28
_NARROW_LABEL_WIDTH = 16

_COMMA = re.compile(r",(?![^(\[{]*[)\]}])")
"""A comma outside of brackets."""

_RANGE = re.compile(r" (?=\[)")
"""The space before the range that follows a median."""

_ANY_PART = re.compile(r" (?=\[|±|converged)|(?<=\w)(?=–)")
"""The places in which a cell may be broken: before a range and within it, and wherever else it says two things."""

SPECS = frozenset({"problem", "optimizer", "best", "over seeds", "best of the trials"})
"""The columns that hold specs."""

Cells = list[list[str]]


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column. write: gives a row's cell. align: the side, left or right."""

    header: str
    write: Callable[[T], str]
    align: str = "right"


@dataclass(frozen=True, slots=True)
class TableText:
    """A table as text. lacks_parameters: W and b had to be left out."""

    text: str
    lacks_parameters: bool = False


def lay_out(rows: Sequence[T], columns: Sequence[Column[T]], style: str, width: int) -> TableText:
    """Return the table; for terminals the first of several ever narrower ones that fits, else the narrowest."""
    cells = [[column.write(row) for column in columns] for row in rows]
    if not (style in _MULTILINE or style.endswith("grid")):
        return TableText(_write(cells, columns, style, joint=" "))
    tables = _narrower_tables(columns, cells, style)
    table = next(tables)
    while not _fits(table.text, width) and (narrower := next(tables, None)):
        table = narrower
    return table


def _narrower_tables(columns: Sequence[Column[T]], cells: Cells, style: str) -> Iterator[TableText]:
    yield TableText(_write(cells, columns, style))
    yield TableText(_write(_break_cells(columns, cells, _break_at_commas, _RANGE), columns, style))
    rest = [i for i, column in enumerate(columns) if column.header not in ("W", "b")]
    lacks_parameters = len(rest) < len(columns)
    columns, cells = [columns[i] for i in rest], [[row[i] for i in rest] for row in cells]
    if lacks_parameters:
        text = _write(_break_cells(columns, cells, _break_at_commas, _RANGE), columns, style)
        yield TableText(text, lacks_parameters)
    yield TableText(
        _write(_break_cells(columns, cells, _break_after_name, _ANY_PART), columns, style), lacks_parameters
    )


def _fits(text: str, width: int) -> bool:
    return max(map(len, text.splitlines())) <= width


def _write(cells: Cells, columns: Sequence[Column[T]], style: str, joint: str = "\n") -> str:
    headers, align = [column.header.replace("\n", joint) for column in columns], [column.align for column in columns]
    with _headers_without_padding():
        return tabulate.tabulate(cells, headers, tablefmt=style, colalign=align, disable_numparse=True)


@contextlib.contextmanager
def _headers_without_padding() -> Iterator[None]:
    # Tabulate makes each column two wider than its header; ten columns of numbers have no room for that.
    padding = tabulate.MIN_PADDING
    tabulate.MIN_PADDING = 0
    try:
        yield
    finally:
        tabulate.MIN_PADDING = padding


def _break_cells(
    columns: Sequence[Column[T]], cells: Cells, wrap: Callable[[str], Iterable[str]], gap: re.Pattern[str]
) -> Cells:
    """Break specs as `wrap` does, and all other cells where `gap` matches."""
    names = [column.header for column in columns]

    def break_cell(name: str, cell: str) -> str:
        return "\n".join(wrap(cell)) if name in SPECS else gap.sub("\n", cell)

    return [[break_cell(name, cell) for name, cell in zip(names, row, strict=True)] for row in cells]


def _break_after_name(label: str) -> Iterator[str]:
    """Break a spec after its name, then after its commas; parameters without a name after their commas."""
    name, colon, params = label.partition(":")
    if not colon:
        yield from _break_at_commas(label, _NARROW_LABEL_WIDTH)
        return
    yield f"{name}:"
    yield from (f"  {line.strip()}" for line in _break_at_commas(params, _NARROW_LABEL_WIDTH))


def _break_at_commas(label: str, width: int = _LABEL_WIDTH) -> Iterator[str]:
    """Break a spec after its commas."""
    line = ""
    for piece in _COMMA.split(label):
        extended = f"{line},{piece}" if line else piece
        if line and len(extended) > width:
            yield f"{line},"
            line = f"  {piece}"
        else:
            line = extended
    yield line
