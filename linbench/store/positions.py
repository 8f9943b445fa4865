"""Positions of records in their plan, found from their fields, so that a million keys need not be in memory."""

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
            _number(choice.label for choice in plan.problems),
            _number(choice.label for choice in plan.devices),
            _number(choice.label for choice in plan.models),
            _number(_hash_optimizer(choice.component.name, jsonable(choice.params)) for choice in plan.optimizers),
            _number(plan.seeds),
        )

    def of(self, record: Record) -> int:
        """Return the position of a record; a value that the plan does not know counts as the first of its axis."""
        optimizer = _hash_optimizer(record.optimizer, record.params)
        position = 0
        for known, value in zip(
            self._axes, (record.problem, record.device, record.model, optimizer, record.seed), strict=True
        ):
            position = position * max(1, len(known)) + known.get(value, 0)
        return position


def _number(values: Iterable[Any]) -> dict[Any, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _hash_optimizer(name: str, params: Mapping[str, Any]) -> int:
    # A hash instead of the text: a sweep may have a million optimizers.
    return hash((name, json.dumps(params)))
