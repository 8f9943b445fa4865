"""What became of a run, as a note: what it did beside what theory says that it could do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linbench.core.outcome.note import Note, NoteKind
from linbench.core.outcome.record import UNCHANGED, Ending, Status
from linbench.theory.predictions import (
    best_lr_for,
    krylov_limit,
    predicted_epochs,
    predicted_gap,
)
from linbench.theory.rates import method_of

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory
    from linbench.theory.rates import GradientMethod

PREDICTION_TOLERANCE = 0.02
"""The share by which epochs may differ from predicted ones; one epoch is always allowed."""

DEPARTURE_FACTOR = 10
"""A run that ends at more than so many times the target did not stay there."""

AT_THE_RIDGE = 1e-6
"""The relative gap, in the cost with its penalty, at which a run with weight decay has arrived."""

ROUNDING_OF_L = 1e-12
"""The share by which a ratio to the largest curvature may be off; closer to 1 it is not known to differ from it."""

AS_PREDICTED = 2.0
"""The factor by which the gap of a run that follows theory may differ from the predicted one."""


def describe_run(record: Record, *, predict: bool = True) -> Note | None:
    """Return what there is to say of a trained run; None for one that failed or was skipped. A pure function.

    Everything is said of the run's own start (`Record.initial_gap_parts`); where that is not known, nothing that
    depends on it is said. predict: compare with predictions, which takes some milliseconds a run.
    """
    if record.status in (Status.ERROR, Status.SKIPPED):
        return None
    theory, method = record.theory, method_of(record)
    predicted = theory if predict else None
    if record.status is Status.DIVERGED:
        return Note(NoteKind.DIVERGED, values={"reason": record.reason, "lr_ratio": _lr_ratio(theory, method)})
    if record.status is Status.CONVERGED:
        return _describe_converged(record, predicted, method)
    if UNCHANGED in record.warnings:
        return Note(NoteKind.NEVER_MOVED)
    if record.ending is Ending.RISING:
        return Note(NoteKind.RISING, values={"epochs": record.epochs_run, "lr_ratio": _lr_ratio(theory, method)})
    if theory is not None and method is not None and _is_at_the_limit(record, theory, method):
        return Note(NoteKind.OSCILLATES, values={"lr": method.lr})
    if record.status is Status.STALLED:
        return _describe_stalled(record)
    return _describe_unfinished(record, predicted, method)


def _describe_converged(record: Record, theory: Theory | None, method: GradientMethod | None) -> Note:
    epochs = record.epochs_to_target or 0
    if record.relative_gap is not None and not record.relative_gap <= DEPARTURE_FACTOR * record.target:
        return Note(NoteKind.LEFT, values={"epochs": epochs, "factor": DEPARTURE_FACTOR})
    expected = _predict(record, theory, method)
    as_predicted = expected is not None and abs(epochs - expected) <= max(1, PREDICTION_TOLERANCE * expected)
    values: dict[str, object] = {"epochs": epochs, "as_predicted": as_predicted, "predicted_epochs": expected}
    return Note(NoteKind.CONVERGED, values={**values, **_comparisons(record, theory)})


def _comparisons(record: Record, theory: Theory | None) -> dict[str, object]:
    """Compare with gradient descent at the best fixed lr for this start, and with the Krylov limit of this start."""
    parts = None if theory is None else _start(record, theory)
    if theory is None or parts is None or not record.epochs_to_target or record.batch_size is not None:
        return {}
    found: dict[str, object] = {}
    best = best_lr_for(theory, record.target, parts)
    if best is not None:
        found["best_lr"], found["epochs_at_best_lr"] = best.lr, best.epochs
    limit = krylov_limit(theory, record.target, parts)
    if limit and record.evaluations_to_target is not None:
        found["krylov_limit"], found["evaluations"] = limit, record.evaluations_to_target
    return found


def _describe_stalled(record: Record) -> Note:
    rounding = record.rounding
    if rounding is not None:
        method = method_of(record)
        if method is not None and method.lr / (1 - method.momentum) * rounding.gradient_in_spacings < 0.5:
            return Note(NoteKind.ROUNDED_STEPS, values={"dtype": record.dtype, "gap": record.gap})
        if rounding.gradient_in_roundings <= 1:
            return Note(NoteKind.NOISE_FLOOR, values={"dtype": record.dtype, "gap": record.gap})
    if _is_at_ridge(record):
        return _ridge(record)
    return Note(NoteKind.STALLED, values={"gap": record.gap})


def _describe_unfinished(record: Record, theory: Theory | None, method: GradientMethod | None) -> Note:
    values: dict[str, object] = {"epochs": record.epochs_run, "best_epoch": record.best_epoch}
    if _is_at_ridge(record):
        return _ridge(record)
    if record.batch_size is not None and record.ending is not Ending.DESCENDING and record.tail is not None:
        tail = record.tail
        return Note(NoteKind.HOVERS, values={"low": tail.low, "median": tail.median, "high": tail.high})
    needed = _predict(record, theory, method)
    if needed is not None and needed > record.epochs_run and _follows_theory(record, theory, method):
        return Note(NoteKind.UNDER_WAY, values={**values, "predicted_epochs": needed})
    kind = NoteKind.DESCENDING if record.ending is Ending.DESCENDING else NoteKind.SWINGING
    return Note(kind, values=values)


def _ridge(record: Record) -> Note:
    decay = record.params.get("weight_decay")
    return Note(NoteKind.RIDGE, values={"weight_decay": decay, "gap": record.gap})


def _is_at_ridge(record: Record) -> bool:
    return record.ridge_relative_gap is not None and record.ridge_relative_gap <= AT_THE_RIDGE


def _lr_ratio(theory: Theory | None, method: GradientMethod | None) -> float | None:
    """Return lr ÷ the largest stable one, where that is above 1; None elsewhere."""
    if theory is None or method is None:
        return None
    ratio = method.lr / method.largest_stable_lr(theory.L)
    return ratio if ratio > 1 + ROUNDING_OF_L and math.isfinite(ratio) else None


def _is_at_the_limit(record: Record, theory: Theory, method: GradientMethod) -> bool:
    """Return whether gradient descent is at 2/L, up to the rounding of L, and its start has a part along L."""
    parts = _start(record, theory)
    if not method.is_gradient_descent or parts is None:
        return False
    near = abs(method.lr / theory.largest_stable_lr - 1) <= ROUNDING_OF_L
    return near and parts[-1] > record.target * theory.scale


def _start(record: Record, theory: Theory) -> tuple[float, ...] | None:
    """Return the first gap by eigenvector, along the curvatures that are not zero; None where it is not known."""
    if record.initial_gap_parts is None:
        return None
    parts = tuple(record.initial_gap_parts)
    return parts[len(parts) - theory.rank :]


def _predict(record: Record, theory: Theory | None, method: GradientMethod | None) -> int | None:
    """Return the predicted epochs to the target; None without a prediction, and where it is never reached."""
    if theory is None or method is None:
        return None
    parts = _start(record, theory)
    if parts is None or abs(1 - method.rate(theory.curvatures)) < ROUNDING_OF_L:
        return None  # no digit of such a prediction is known
    try:
        return predicted_epochs(theory, method, record.target, parts)
    except (ValueError, OverflowError):  # the theory does not hold enough, or the lr is beyond float64
        return None


def _follows_theory(record: Record, theory: Theory | None, method: GradientMethod | None) -> bool:
    """Return whether the run is where theory says: rounding may stop it long before it gets to its target."""
    if theory is None or method is None or record.gap is None:
        return False
    parts = _start(record, theory)
    if parts is None:
        return False
    try:
        predicted = predicted_gap(theory, method, record.epochs_run, parts)
    except (ValueError, OverflowError):
        return False
    return predicted / AS_PREDICTED <= record.gap <= predicted * AS_PREDICTED
