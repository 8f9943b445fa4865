"""Names of runs in sentences: the optimizer as a spec, with all else in which the rows of a table differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.results.table.rows import Row

_AXES = ("model", "problem", "device", "dtype")


@dataclass(frozen=True, slots=True)
class Naming:
    """How the rows of one table are called. varying: the axes in which they differ."""

    varying: frozenset[str]

    @staticmethod
    def of(rows: Sequence[Row]) -> Naming:
        """Return the naming of some rows, by which no two of them have the same name."""
        differing = (axis for axis in _AXES if len({getattr(row.first, axis) for row in rows}) > 1)
        return Naming(frozenset(differing))

    def name(self, row: Row, *, always_model: bool = False) -> str:
        """Return the name of a row: `sgd:lr=0.1 linear on synthetic`."""
        record, parts = row.first, [row.label]
        if always_model or "model" in self.varying:
            parts.append(record.model)
        if "problem" in self.varying:
            parts.append(f"on {record.problem}")
        if "device" in self.varying or (always_model and record.device != "cpu"):
            parts.append(f"on {record.device}")
        if "dtype" in self.varying:
            parts.append(f"in {record.dtype}")
        return " ".join(parts)
