"""The difference of two runs. Cases are matched by their request, not by key, since versions may differ."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.core.criteria import EPS
from linbench.core.outcome.record import Record, Status
from linbench.results.table.rows import optimizer_label

if TYPE_CHECKING:
    from linbench.store.run_list import Run

ROUNDING = 64
"""Costs that differ by less than so many epsilons, of themselves or of the initial cost, are taken for equal."""

EPOCHS = 0.001
"""Epochs to target that differ by one epoch, or by less than this part of them, are taken for equal."""


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose result changed. case: its name. what: its changes, each as `name: before → after`."""

    case: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two runs.

    environment: lines `name: before → after`. rules_before, rules_after: the numbers of the rules of their records.
    only_before, only_after: cases. same: the number of unchanged cases.
    """

    environment: list[str]
    rules_before: list[int]
    rules_after: list[int]
    only_before: list[str]
    only_after: list[str]
    changes: list[Change]
    same: int


def difference(before: Run, after: Run, earlier: Iterable[Record], later: Iterable[Record]) -> Difference:
    """Compare two runs. earlier, later: their records."""
    only_after: list[str] = []
    changes: list[Change] = []
    same = 0
    rules_before: set[int] = set()
    rules_after: set[int] = set()
    known: dict[tuple[str, ...], _Result] = {}
    for record in earlier:
        rules_before.add(record.rules)
        known[_identity(record)] = _Result.of(record)
    for record in later:
        rules_after.add(record.rules)
        identity = _identity(record)
        old = known.pop(identity, None)
        if old is None:
            only_after.append(_label(identity))
            continue
        what = tuple(_changes(old, _Result.of(record), record.dtype))
        if what:
            changes.append(Change(_label(identity), what))
        else:
            same += 1
    return Difference(
        environment=_environment_changes(before, after),
        rules_before=sorted(rules_before),
        rules_after=sorted(rules_after),
        only_before=[_label(identity) for identity in known],
        only_after=only_after,
        changes=changes,
        same=same,
    )


@dataclass(frozen=True, slots=True)
class _Result:
    status: Status
    epochs: int | None
    cost: float | None
    initial_cost: float | None

    @staticmethod
    def of(record: Record) -> _Result:
        epochs = record.epochs_to_target if record.status is Status.CONVERGED else None
        return _Result(record.status, epochs, record.final_cost, record.initial_cost)


def _identity(record: Record) -> tuple[str, ...]:
    settings = json.dumps([record.dtype, record.epochs, record.batch_size, record.target])
    return record.problem, record.model, optimizer_label(record), record.device, f"seed {record.seed}", settings


def _label(identity: tuple[str, ...]) -> str:
    return " · ".join(identity[:-1])


def _changes(old: _Result, new: _Result, dtype: str) -> Iterable[str]:
    if old.status is not new.status:
        yield f"status: {old.status} → {new.status}"
    if not _same_epochs(old.epochs, new.epochs) and old.status is new.status:
        yield f"epochs: {old.epochs} → {new.epochs}"
    if not _same_cost(old, new, EPS.get(dtype, EPS["float32"])):
        yield f"cost: {_number(old.cost)} → {_number(new.cost)}"


def _same_epochs(old: int | None, new: int | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= max(1.0, EPOCHS * max(old, new))


def _same_cost(old: _Result, new: _Result, epsilon: float) -> bool:
    if old.cost is None or new.cost is None:
        return old.cost is new.cost
    if not (math.isfinite(old.cost) and math.isfinite(new.cost)):
        return not math.isfinite(old.cost) and not math.isfinite(new.cost)
    starts = [abs(start) for start in (old.initial_cost, new.initial_cost) if start is not None]
    absolute = epsilon * max(filter(math.isfinite, starts), default=0.0)
    return math.isclose(old.cost, new.cost, rel_tol=ROUNDING * epsilon, abs_tol=absolute)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.7g}"


def _environment_changes(before: Run, after: Run) -> list[str]:
    old, new = _facts(before), _facts(after)
    names = list(dict.fromkeys([*old, *new]))
    return [f"{name}: {old.get(name, '–')} → {new.get(name, '–')}" for name in names if old.get(name) != new.get(name)]


def _facts(run: Run) -> Mapping[str, Any]:
    facts = dict(run.environment)
    plugins = facts.pop("plugins", None) or {}
    return {name: value for name, value in facts.items() if value is not None} | {
        f"plugin {name}": version or "no version" for name, version in plugins.items()
    }
