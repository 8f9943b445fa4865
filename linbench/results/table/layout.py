"""How columns become text: in any style of tabulate, and for terminals within a width."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import tabulate

T = TypeVar("T")

MARKUP = frozenset({"html", "unsafehtml", "latex", "latex_raw", "latex_booktabs", "latex_longtable"})
"""The styles that go into a document, which brings its own width and its own notes."""

_MULTILINE = frozenset({"simple", "plain", "outline", "presto", "psql", "pretty"})
"""Besides the grids: the styles for terminals, in which a cell may have several lines."""

_LABEL_WIDTH = 28
_NARROW_LABEL_WIDTH = 16

_COMMA = re.compile(r",(?![^(\[{]*[)\]}])")
"""Outside of brackets."""

_RANGE = re.compile(r" (?=\[)")
"""Before the range that follows a median."""

_ANY_PART = re.compile(r" (?=\[|±|converged)|(?<=\w)(?=–)")
"""There, within the range, and wherever else a cell says two things."""

SPECS = frozenset({"problem", "optimizer", "best", "over seeds", "best of the trials"})
"""The columns that hold specs."""

Cells = list[list[str]]


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its header, how a row's cell is written, and on which side it is aligned."""

    header: str
    write: Callable[[T], str]
    align: str = "right"


@dataclass(frozen=True, slots=True)
class Body:
    """A finished table. narrowed: W and b had to be left out."""

    text: str
    narrowed: bool = False


def lay_out(rows: Sequence[T], columns: Sequence[Column[T]], style: str, width: int) -> Body:
    """The table; for terminals the first of several ever narrower ones that fits, else the narrowest."""
    cells = [[column.write(row) for column in columns] for row in rows]
    if not (style in _MULTILINE or style.endswith("grid")):
        return Body(_write(cells, columns, style, joint=" "))
    bodies = _ever_narrower(columns, cells, style)
    body = next(bodies)
    while not _fits(body.text, width) and (narrower := next(bodies, None)):
        body = narrower
    return body


def _ever_narrower(columns: Sequence[Column[T]], cells: Cells, style: str) -> Iterator[Body]:
    yield Body(_write(cells, columns, style))
    yield Body(_write(_broken(columns, cells, _at_commas, _RANGE), columns, style))
    kept = [i for i, column in enumerate(columns) if column.header not in ("W", "b")]
    narrowed = len(kept) < len(columns)
    columns, cells = [columns[i] for i in kept], [[row[i] for i in kept] for row in cells]
    if narrowed:
        yield Body(_write(_broken(columns, cells, _at_commas, _RANGE), columns, style), narrowed)
    yield Body(_write(_broken(columns, cells, _after_name, _ANY_PART), columns, style), narrowed)


def _fits(text: str, width: int) -> bool:
    return max(map(len, text.splitlines())) <= width


def _write(cells: Cells, columns: Sequence[Column[T]], style: str, joint: str = "\n") -> str:
    headers, align = [column.header.replace("\n", joint) for column in columns], [column.align for column in columns]
    with _headers_without_padding():
        return tabulate.tabulate(cells, headers, tablefmt=style, colalign=align, disable_numparse=True)


@contextlib.contextmanager
def _headers_without_padding() -> Iterator[None]:
    """Tabulate makes each column two wider than its header; ten columns of numbers have no room for that."""
    padding = tabulate.MIN_PADDING
    tabulate.MIN_PADDING = 0
    try:
        yield
    finally:
        tabulate.MIN_PADDING = padding


def _broken(
    columns: Sequence[Column[T]], cells: Cells, wrap: Callable[[str], Iterable[str]], parting: re.Pattern[str]
) -> Cells:
    """Specs broken as `wrap` does, all other cells where `parting` matches."""
    names = [column.header for column in columns]

    def narrowed(name: str, cell: str) -> str:
        return "\n".join(wrap(cell)) if name in SPECS else parting.sub("\n", cell)

    return [[narrowed(name, cell) for name, cell in zip(names, row, strict=True)] for row in cells]


def _after_name(label: str) -> Iterator[str]:
    """A spec broken after its name, then after its commas; parameters without a name after their commas."""
    name, colon, params = label.partition(":")
    if not colon:
        yield from _at_commas(label, _NARROW_LABEL_WIDTH)
        return
    yield f"{name}:"
    yield from (f"  {line.strip()}" for line in _at_commas(params, _NARROW_LABEL_WIDTH))


def _at_commas(label: str, width: int = _LABEL_WIDTH) -> Iterator[str]:
    """A spec broken after its commas."""
    line = ""
    for piece in _COMMA.split(label):
        extended = f"{line},{piece}" if line else piece
        if line and len(extended) > width:
            yield f"{line},"
            line = f"  {piece}"
        else:
            line = extended
    yield line
