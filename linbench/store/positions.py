"""Where in its plan a record belongs, found from what it says of itself; no key of a million has to be remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.request.plan import Plan


class Positions:
    """The position of each record of a plan, in the order problem, device, model, optimizer, seed."""

    def __init__(self, plan: Plan) -> None:
        self._axes = (
            _places(choice.label for choice in plan.problems),
            _places(choice.label for choice in plan.devices),
            _places(choice.label for choice in plan.models),
            _places(_named(choice.component.name, jsonable(choice.params)) for choice in plan.optimizers),
            _places(plan.seeds),
        )

    def of(self, record: Record) -> int:
        """The position; what the plan does not know comes first of its axis."""
        optimizer = _named(record.optimizer, record.params)
        position = 0
        for known, value in zip(
            self._axes, (record.problem, record.device, record.model, optimizer, record.seed), strict=True
        ):
            position = position * max(1, len(known)) + known.get(value, 0)
        return position


def _places(values: Iterable[Any]) -> dict[Any, int]:
    return {value: place for place, value in enumerate(dict.fromkeys(values))}


def _named(name: str, params: Mapping[str, Any]) -> int:
    """A hash instead of the text: a sweep may have a million optimizers."""
    return hash((name, json.dumps(params)))
