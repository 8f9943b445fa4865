"""The same runs judged at other targets, from the costs that were recorded of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from linbench.core.criteria import EPS, noise_floor, stall_window
from linbench.core.outcome.record import TRAINED, Record, Status

if TYPE_CHECKING:
    from linbench.core.outcome.record import Trajectory

TARGETS = tuple(10.0**-exponent for exponent in range(1, 11))
"""1e-1 … 1e-10."""


def at_targets(records: Iterable[Record], targets: Sequence[float] = TARGETS) -> list[Record]:
    """The records at each target: with it, and with the status, reason and `epochs_to_target` that it gives them.

    `epochs_to_target` is the first *recorded* epoch with (cost − `optimum_cost`) / `theory.scale` ≤ target. It is exact
    where every epoch was recorded; of a thinned trajectory it is an upper bound, the crossing being after the recorded
    epoch before it. At its own target a record stays as it is.

    A target is judged for all runs of a setting or for none, so that no run is missing from a comparison only because
    nothing is known of it. Nothing is known of a trained run

    - without a trajectory or a theory;
    - at targets that costs of its dtype do not resolve (`criteria.noise_floor`);
    - at targets below the one at which it was stopped, unless its costs went that far before.

    A run that raised misses every target that is judged; a skipped one stays skipped. A run that diverged counts as
    such at all targets, and one that missed the target as stalled where its recorded costs did, within the same
    `criteria.stall_window`.
    """
    settings: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        settings.setdefault(_setting(record), []).append(record)
    return [judged for members in settings.values() for target in targets for judged in _all_at(members, target)]


def _all_at(records: Sequence[Record], target: float) -> list[Record]:
    if not any(record.status in TRAINED for record in records):
        return []
    judged = [_at(record, target) for record in records]
    known = [record for record in judged if record is not None]
    return known if len(known) == len(judged) else []


def _at(record: Record, target: float) -> Record | None:
    """The record at a target; None where it does not tell."""
    if record.target == target:
        return record
    if record.status not in TRAINED:
        return replace(record, target=target)
    theory, trajectory, optimum = record.theory, record.trajectory, record.optimum_cost
    if theory is None or trajectory is None or optimum is None:
        return None
    if not target * theory.scale > noise_floor(theory, EPS[record.dtype]):
        return None
    reached = _first_at(trajectory, optimum + target * theory.scale)
    if record.target <= target and record.epochs_to_target is not None:  # what is below is also here
        reached = record.epochs_to_target if reached is None else min(reached, record.epochs_to_target)
    if record.status is Status.DIVERGED:
        return replace(record, target=target, epochs_to_target=reached)
    if reached is not None:
        return replace(record, target=target, status=Status.CONVERGED, reason=None, epochs_to_target=reached)
    if record.status is Status.CONVERGED and record.epochs_run < record.epochs:
        return None
    status, reason = _missed(record, trajectory)
    return replace(record, target=target, status=status, reason=reason, epochs_to_target=None)


def _first_at(trajectory: Trajectory, cost: float) -> int | None:
    pairs = zip(trajectory.epoch, trajectory.cost, strict=True)
    return next((epoch for epoch, recorded in pairs if recorded <= cost), None)


def _missed(record: Record, trajectory: Trajectory) -> tuple[Status, str | None]:
    """How a run ended that is above the target: as before, unless it had arrived at an easier one."""
    if record.status is not Status.CONVERGED:
        return record.status, record.reason
    epochs = record.epochs_run
    last = epochs - stall_window(epochs)  # the last epoch before the window
    pairs = list(zip(trajectory.cost, trajectory.epoch, strict=True))
    before = [pair for pair in pairs if pair[1] <= last]
    if before and min(before)[0] <= min((cost for cost, epoch in pairs if epoch > last), default=math.inf):
        return Status.STALLED, f"the best cost was reached at epoch {min(before)[1]} of {epochs}"
    return Status.BUDGET, f"{epochs} epochs used up before the target"


def _setting(record: Record) -> tuple[object, ...]:
    """What runs that are compared share, besides the target."""
    return record.problem, record.model, record.device, record.dtype, record.batch_size, record.epochs
