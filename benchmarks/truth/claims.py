"""Claims: a sentence with what it is about, and the registry of their checkers."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.truth.sample import Run


@dataclass(frozen=True, eq=False)
class Row:
    """The runs of one row of a table: they differ in their seed only."""

    runs: Sequence[Run]

    @property
    def first(self) -> Run:
        return self.runs[0]


@dataclass(frozen=True, eq=False)
class Claim:
    """A sentence. match: of its form. note: the note that it words, as JSON has it. members: the rows of which
    something is said, each with the number of its runs of which it is said."""

    text: str
    match: re.Match[str]
    note: Mapping
    rows: Sequence[Row]
    members: Sequence[tuple[Row, int]]

    def __getitem__(self, group: str) -> str | None:
        return self.match.group(group)

    @property
    def runs(self) -> list[Run]:
        """All runs of the rows that are meant, where all of each are."""
        return [run for row, _ in self.members for run in row.runs]


Checker = Callable[[Claim], Iterator[str]]


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """Group runs to rows: those that differ in their seed only."""
    found: dict[tuple, list[Run]] = {}
    for run in runs:
        record = run.record
        key = (record.problem, record.model, record.optimizer, repr(sorted(record.params.items())), record.dtype)
        found.setdefault(key, []).append(run)
    return [Row(members) for members in found.values()]


_NAME = re.compile(r"^(?P<spec>\S+)(?: (?P<model>manual|linear|Started))?(?: \((?P<some>\d+) of (?P<of>\d+) seeds\))?$")


def parse_spec(text: str) -> tuple[str, dict[str, object]]:
    """Return the name and the parameters of a spec."""
    name, _, rest = text.partition(":")
    pieces = re.split(r",(?![^(]*\))", rest) if rest else []
    return name, {key: ast.literal_eval(value) for key, _, value in (piece.partition("=") for piece in pieces)}


def named_rows(name: str, rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Return the rows that a name in a sentence stands for, with the number of runs meant of each.

    Raises ValueError for a name of none, and for one that says a number of seeds that the row does not have.
    """
    found = _NAME.match(name)
    if found is None:
        raise ValueError(f"no name of a run: {name!r}")
    optimizer, params = parse_spec(found["spec"])
    meant = [
        row
        for row in rows
        if row.first.record.optimizer == optimizer
        and _plain(row.first.record.params) == params
        and found["model"] in (None, row.first.record.model)
    ]
    if not meant:
        raise ValueError(f"no run is named {name!r}")
    if found["some"] is None:
        return [(row, len(row.runs)) for row in meant]
    if len(meant) > 1 or int(found["of"]) != len(meant[0].runs):
        raise ValueError(f"{name!r} is of {sum(len(row.runs) for row in meant)} runs")
    return [(meant[0], int(found["some"]))]


def _plain(params: Mapping) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
