"""Rows of a large sweep, one per optimizer × model: its best, its median, and the lrs that do nearly as well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.core.request.spec import format_spec, format_value
from linbench.results.table.numbers import median

if TYPE_CHECKING:
    from linbench.core.outcome.record import Status
    from linbench.results.table.rows import Row


@dataclass(frozen=True, slots=True)
class SweepRow:
    """All rows of one problem × device × model × optimizer, the best one first."""

    rows: Sequence[Row]

    @property
    def best(self) -> Row:
        """The fastest to the target, else the one with the smallest gap."""
        return self.rows[0]

    @property
    def runs(self) -> int:
        """The number of records."""
        return sum(len(row.records) for row in self.rows)

    def count(self, status: Status) -> int:
        """Return the number of records with that status."""
        return sum(row.count(status) for row in self.rows)

    @property
    def label(self) -> str:
        """The optimizer with the parameters that all rows share."""
        return format_spec(self.best.first.optimizer, self._shared_params())

    @property
    def best_params(self) -> str:
        """The best row's values of the parameters that were swept."""
        shared = self._shared_params()
        items = self.best.first.params.items()
        return ",".join(f"{name}={format_value(value)}" for name, value in items if name not in shared)

    @property
    def median_epochs(self) -> float:
        """Median epochs to target over all rows."""
        return median(row.epochs_to_target for row in self.rows)

    @property
    def median_gap(self) -> float:
        """Median final gap over all rows."""
        return median(row.gap for row in self.rows)

    @property
    def lr_within_2x(self) -> tuple[float, float] | None:
        """The lrs around the best one that need at most twice its epochs (or leave twice its gap, if none arrives).

        The other parameters have the best row's values; None where the lr was not swept or no row has a gap.
        """
        by_lr = sorted(
            (row.first.params["lr"], self._score(row))
            for row in self.rows
            if isinstance(row.first.params.get("lr"), int | float) and self._differs_in_lr_only(row)
        )
        if len(by_lr) < 2 or not math.isfinite(self._score(self.best)):
            return None
        at = [lr for lr, _ in by_lr].index(self.best.first.params["lr"])
        limit = 2 * self._score(self.best)
        low, high = at, at
        while low > 0 and by_lr[low - 1][1] <= limit:
            low -= 1
        while high < len(by_lr) - 1 and by_lr[high + 1][1] <= limit:
            high += 1
        return by_lr[low][0], by_lr[high][0]

    def _score(self, row: Row) -> float:
        return row.epochs_to_target if math.isfinite(self.best.epochs_to_target) else row.gap

    def _differs_in_lr_only(self, row: Row) -> bool:
        return _without_lr(row.first.params) == _without_lr(self.best.first.params)

    def _shared_params(self) -> dict[str, Any]:
        first, *rest = (row.first.params for row in self.rows)
        return {name: value for name, value in first.items() if all(_has_value(other, name, value) for other in rest)}


def fold(rows: Iterable[Row]) -> list[SweepRow]:
    """Fold rows to one per problem × device × optimizer name × model; rows come sorted, and so does the result."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        record = row.first
        groups.setdefault((record.problem, record.device, record.optimizer, record.model), []).append(row)
    return list(map(SweepRow, groups.values()))


def _without_lr(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "lr"}


def _has_value(params: Mapping[str, Any], name: str, value: Any) -> bool:
    return name in params and bool(params[name] == value)
