"""Judgement of the same runs at other targets, from their recorded costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from linbench.core.criteria import EPS, noise_floor
from linbench.core.outcome.record import TRAINED, Ending, Record, Status

if TYPE_CHECKING:
    from linbench.core.outcome.record import Trajectory

TARGETS = tuple(10.0**-exponent for exponent in range(1, 11))
"""The targets 1e-1 … 1e-10 (relative gaps)."""


def at_targets(records: Iterable[Record], targets: Sequence[float] = TARGETS) -> list[Record]:
    """Judge runs again at other targets, from the costs that were recorded of them.

    targets: relative gaps; by default 1e-1 … 1e-10. Return each record once for every target that can be judged, with
    that target, and with the status, reason and `epochs_to_target` that the run has at it.

    `epochs_to_target` is the first *recorded* epoch with (cost − `optimum_cost`) / `theory.scale` ≤ target. It is exact
    where every epoch was recorded. Of a thinned trajectory it is an upper bound: the crossing lies after the recorded
    epoch before it. At its own target a record stays as it is.

    A target is judged for all runs of a setting (problem, model, device, dtype, batch size, epochs) or for none, so
    that no run is missing from a comparison only because nothing is known of it. Nothing is known of a trained run

    - without a trajectory or a theory;
    - at targets that costs of its dtype do not resolve;
    - at targets below the one at which it was stopped, unless its costs went that far before.

    A run that raised misses every target that is judged; a skipped one stays skipped. A run that diverged counts as
    such at all targets. One that missed the target counts as stalled where its cost stood still at its end
    (`Record.ending`).
    """
    settings: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        settings.setdefault(_group_key(record), []).append(record)
    return [judged for members in settings.values() for target in targets for judged in _judge_all(members, target)]


def _group_key(record: Record) -> tuple[object, ...]:
    return record.problem, record.model, record.device, record.dtype, record.batch_size, record.epochs


def _judge_all(records: Sequence[Record], target: float) -> list[Record]:
    if not any(record.status in TRAINED for record in records):
        return []
    judged = [_judge(record, target) for record in records]
    known = [record for record in judged if record is not None]
    return known if len(known) == len(judged) else []


def _judge(record: Record, target: float) -> Record | None:
    """Return the record at a target; None where nothing is known of it there."""
    if record.target == target:
        return record
    if record.status not in TRAINED:
        return replace(record, target=target)
    theory, trajectory, optimum = record.theory, record.trajectory, record.optimum_cost
    if theory is None or trajectory is None or optimum is None:
        return None
    if not target * theory.scale > noise_floor(theory, EPS[record.dtype]):
        return None
    reached = _first_epoch_at(trajectory, optimum + target * theory.scale)
    if record.target <= target and record.epochs_to_target is not None:  # a run below its own target is below this one
        reached = record.epochs_to_target if reached is None else min(reached, record.epochs_to_target)
    if record.status is Status.DIVERGED:
        evaluations = None if reached is None else _evaluations_to(record, reached)
        return replace(record, target=target, epochs_to_target=reached, evaluations_to_target=evaluations)
    if reached is not None:
        return replace(
            record,
            target=target,
            status=Status.CONVERGED,
            reason=None,
            epochs_to_target=reached,
            evaluations_to_target=_evaluations_to(record, reached),
            rounding=None,
        )
    if record.status is Status.CONVERGED and record.epochs_run < record.epochs:
        return None
    status, reason = _status_above_target(record)
    return replace(
        record, target=target, status=status, reason=reason, epochs_to_target=None, evaluations_to_target=None
    )


def _first_epoch_at(trajectory: Trajectory, cost: float) -> int | None:
    pairs = zip(trajectory.epoch, trajectory.cost, strict=True)
    return next((epoch for epoch, recorded in pairs if recorded <= cost), None)


def _status_above_target(record: Record) -> tuple[Status, str | None]:
    """Return status and reason of a run that misses the target: its own, unless it had reached an easier one."""
    if record.status is not Status.CONVERGED:
        return record.status, record.reason
    epochs = record.epochs_run
    if record.ending is Ending.STILL:
        return Status.STALLED, f"the best cost was reached at epoch {record.best_epoch} of {epochs}"
    return Status.BUDGET, f"{epochs} epochs used up before the target"


def _evaluations_to(record: Record, epoch: int) -> int | None:
    """Return the evaluations before an epoch; None where optimizers vary in them from step to step."""
    if record.evaluations != record.epochs_run * record.steps_per_epoch:
        return None
    return epoch * record.steps_per_epoch
