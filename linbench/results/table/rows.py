"""Rows of a table: records that differ in their seed only, folded to one row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from linbench.core.outcome.record import TRAINED, Record, Status
from linbench.core.request.spec import format_spec
from linbench.results.table.numbers import median


@dataclass(frozen=True, slots=True)
class Row:
    """The records of one problem × device × model × optimizer with its parameters, over all seeds."""

    records: Sequence[Record]

    @property
    def first(self) -> Record:
        """The first record, for the fields that all of them share."""
        return self.records[0]

    @property
    def label(self) -> str:
        """The optimizer as a spec."""
        return optimizer_label(self.first)

    @property
    def status(self) -> str:
        """The status, or for several seeds `k/n converged`."""
        if len(self.records) == 1:
            return self.first.status.value
        return f"{self.count(Status.CONVERGED)}/{len(self.records)} converged"

    def count(self, status: Status) -> int:
        """Return the number of records with that status."""
        return sum(record.status is status for record in self.records)

    def values(self, name: str) -> list[Any]:
        """Return one attribute of every record."""
        return [getattr(record, name) for record in self.records]

    @property
    def epochs_to_target(self) -> float:
        """Median over seeds; infinite where half of them or more did not get there."""
        return median(record.epochs_to_target if record.status is Status.CONVERGED else None for record in self.records)

    @property
    def gap(self) -> float:
        """Median final gap over seeds, a missing one counted as infinite."""
        return median(self.values("gap"))

    @property
    def trained(self) -> bool:
        """Whether any of the records was trained to the end."""
        return any(record.status in TRAINED for record in self.records)


def rows_of(records: Iterable[Record]) -> list[Row]:
    """Fold over seeds; the fastest to the target first, then the smallest gap, then in the order given."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = (record.problem, record.device, record.model, optimizer_label(record), record.dtype)
        groups.setdefault(key, []).append(record)
    return sorted(map(Row, groups.values()), key=_sort_key)


def optimizer_label(record: Record) -> str:
    """Return the optimizer as a spec, lr first."""
    params = {name: _as_tuple(value) for name, value in record.params.items()}
    if "lr" in params:
        params = {"lr": params["lr"], **params}
    return format_spec(record.optimizer, params)


def _as_tuple(value: Any) -> Any:
    # JSON knows lists only; in a spec a list would be a sweep.
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _sort_key(row: Row) -> tuple[float, float]:
    gap = row.gap
    return row.epochs_to_target, math.inf if math.isnan(gap) else gap
