"""Names of runs in sentences: the optimizer as a spec, with all else in which the rows of a table differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.results.table.rows import Row

_AXES = ("model", "problem", "device", "dtype")


class Naming:
    """The names of the rows of one table, by which no two of them are the same."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._varying = {axis for axis in _AXES if len({getattr(row.first, axis) for row in rows}) > 1}
        self._runs_of_label = Counter({row.label: 0 for row in rows})
        for row in rows:
            self._runs_of_label[row.label] += len(row.records)

    def name(self, row: Row, *, always_model: bool = False) -> str:
        """Return the name of a row: `sgd:lr=0.1 linear on synthetic`."""
        record, parts = row.first, [row.label]
        if always_model or "model" in self._varying:
            parts.append(record.model)
        if "problem" in self._varying:
            parts.append(f"on {record.problem}")
        if "device" in self._varying or (always_model and record.device != "cpu"):
            parts.append(f"on {record.device}")
        if "dtype" in self._varying:
            parts.append(f"in {record.dtype}")
        return " ".join(parts)

    def names(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the names of runs, given by the row that each is of; where all runs of a spec are meant, the spec."""
        by_label = Counter(row.label for row in rows)
        found: dict[str, None] = {}
        for row, runs in Counter(map(_Key, rows)).items():
            if by_label[row.row.label] == self._runs_of_label[row.row.label]:
                found[row.row.label] = None
                continue
            of = len(row.row.records)
            some = "" if runs == of else f" ({runs} of {of} seeds)"
            found[f"{self.name(row.row)}{some}"] = None
        return tuple(found)


class _Key:
    """A row, known by its identity: its records are many, and need not be compared."""

    __slots__ = ("row",)

    def __init__(self, row: Row) -> None:
        self.row = row

    def __hash__(self) -> int:
        return id(self.row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.row is self.row
