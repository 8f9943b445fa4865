"""How columns become text: in any style of tabulate, and for terminals within a width."""

from __future__ import annotations

import contextlib
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
    """The table; for terminals the first of three ever narrower ones that fits, else the narrowest."""
    cells = [[column.write(row) for column in columns] for row in rows]
    if not (style in _MULTILINE or style.endswith("grid")):
        return Body(_write(cells, columns, style, joint=" "))
    text = _write(cells, columns, style)
    if _fits(text, width):
        return Body(text)
    cells = _broken(columns, cells)
    text = _write(cells, columns, style)
    kept = [i for i, column in enumerate(columns) if column.header not in ("W", "b")]
    if _fits(text, width) or len(kept) == len(columns):
        return Body(text)
    return Body(_write([[row[i] for i in kept] for row in cells], [columns[i] for i in kept], style), narrowed=True)


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


def _broken(columns: Sequence[Column[T]], cells: Cells) -> Cells:
    """Long specs broken after commas, and ranges put below their median."""
    names = [column.header for column in columns]

    def narrowed(name: str, cell: str) -> str:
        specs = name in ("problem", "optimizer", "best")
        return "\n".join(_wrapped(cell)) if specs else cell.replace(" [", "\n[")

    return [[narrowed(name, cell) for name, cell in zip(names, row, strict=True)] for row in cells]


def _wrapped(label: str) -> Iterable[str]:
    """A spec broken after its commas."""
    line = ""
    for piece in label.split(","):
        extended = f"{line},{piece}" if line else piece
        if line and len(extended) > _LABEL_WIDTH:
            yield f"{line},"
            line = f"  {piece}"
        else:
            line = extended
    yield line
