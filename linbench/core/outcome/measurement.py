"""From what an engine measured to records: one path for every engine, for one run or many."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.errors import LinbenchError, one_line
from linbench.core.outcome.judgement import Judgement, judge_runs
from linbench.core.outcome.record import Record, Status, Trajectory
from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case


MOST_POINTS = 2001
"""Trajectories are kept whole up to 2,000 epochs, and thinned to so many points beyond."""

_COSTS_AT_ONCE = 2_000_000
"""Costs that are judged together, at most: 16 MB in float64, in several copies."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Measurement:
    """K runs of E epochs, as an engine hands them over.

    costs: (E + 1, K), in any dtype on any device. evaluations: K counts of cost-and-gradient evaluations.
    weight: (K, d, m) and bias: (K, m), the final parameters; None for a model that is not XW + b.
    outputs: (K, n, m), the final model output; needed only where weight is None.
    weights: (E + 1, K, d, m) and biases: (E + 1, K, m), where costs alone cannot resolve the target.
    predictions: (K, m), where they were asked for.
    epochs_run: K numbers of epochs, where runs may have stopped before the last; later costs are not theirs.
    """

    costs: Tensor
    evaluations: Sequence[int]
    weight: Tensor | None = None
    bias: Tensor | None = None
    outputs: Tensor | None = None
    weights: Tensor | None = None
    biases: Tensor | None = None
    predictions: Tensor | None = None
    epochs_run: Sequence[int] | None = None


def make_records(
    cases: Sequence[Case],
    setup: Setup,
    measurement: Measurement,
    *,
    engine: str,
    trajectories: bool | int = False,
    warnings: Sequence[str] = (),
) -> list[Record]:
    """Return one record for each of K cases that share a setup. warnings: those that hold for all of them."""
    theory, settings = setup.solution.theory, cases[0].settings
    epochs_run = measurement.epochs_run or [settings.epochs] * len(cases)
    final_gaps = _final_gaps(setup, measurement).tolist()
    weights, biases = _rows(measurement.weight, len(cases)), _rows(measurement.bias, len(cases))
    predictions = _rows(measurement.predictions, len(cases))
    by_lane: dict[int, Record] = {}
    for lanes, epochs in _group_by_epochs(epochs_run):
        costs = measurement.costs[: epochs + 1, lanes].to("cpu", torch.float64)
        gaps = _gaps(setup, measurement, costs, lanes, epochs)
        judgements = judge_runs(costs, gaps, settings.target * theory.scale, theory)
        for column, (lane, judgement) in enumerate(zip(lanes, judgements, strict=True)):
            warning = _warn_if_unmoved(judgement, costs[:, column])
            by_lane[lane] = Record(
                **_identity(cases[lane], engine),
                **_fields(judgement),
                epochs_run=epochs,
                evaluations=measurement.evaluations[lane],
                optimum_cost=theory.optimum_cost,
                gap=final_gaps[lane],
                relative_gap=theory.relative(final_gaps[lane]),
                weight=weights[lane],
                # Without intercept engines hand over zeros, so that all runs are judged alike.
                bias=biases[lane] if theory.intercept or weights[lane] is None else [],
                prediction=predictions[lane],
                warnings=tuple(warnings) if warning is None else (*warnings, warning),
                trajectory=_trajectory(costs[:, column], judgement, trajectories),
                theory=theory,
            )
    return [by_lane[lane] for lane in range(len(cases))]


def failed_record(case: Case, error: BaseException, engine: str) -> Record:
    """Return the `error` record of a case in which something raised."""
    reason = str(error) if isinstance(error, LinbenchError) else one_line(error)
    trace = "".join(traceback.format_exception(error))
    return Record(**_identity(case, engine), status=Status.ERROR, reason=reason, traceback=trace)


def skipped_record(case: Case, reason: str) -> Record:
    """Return the `skipped` record of a case that cannot run here."""
    return Record(**_identity(case, "none"), status=Status.SKIPPED, reason=reason)


def _final_gaps(setup: Setup, measurement: Measurement) -> Tensor:
    if measurement.weight is not None and measurement.bias is not None:
        return setup.solution.gap(measurement.weight, measurement.bias)
    if measurement.outputs is None:
        raise ValueError("a measurement needs either the final parameters or the final outputs")
    residuals: Tensor = measurement.outputs.to("cpu", torch.float64) - setup.problem.y
    return residuals.square().mean((-2, -1)) - setup.solution.theory.optimum_cost


def _rows(values: Tensor | None, count: int) -> list[Any]:
    return [None] * count if values is None else values.to("cpu", torch.float64).tolist()


def _group_by_epochs(epochs_run: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Yield lanes with the same number of epochs, so many at a time that what is computed of them stays small."""
    by_epochs: dict[int, list[int]] = {}
    for lane, epochs in enumerate(epochs_run):
        by_epochs.setdefault(epochs, []).append(lane)
    for epochs, lanes in by_epochs.items():
        most = max(1, _COSTS_AT_ONCE // (epochs + 1))
        for start in range(0, len(lanes), most):
            yield lanes[start : start + most], epochs


def _gaps(setup: Setup, measurement: Measurement, costs: Tensor, lanes: list[int], epochs: int) -> Tensor:
    """Return the gap of every epoch, (E + 1, K): from the parameters where they were kept, else from the costs."""
    if measurement.weights is None or measurement.biases is None:
        return costs - setup.solution.theory.optimum_cost
    return setup.solution.gap(measurement.weights[: epochs + 1, lanes], measurement.biases[: epochs + 1, lanes])


def _identity(case: Case, engine: str) -> dict[str, Any]:
    settings = case.settings
    return {
        "key": case.key,
        "problem": case.problem.label,
        "model": case.model.label,
        "optimizer": case.optimizer.component.name,
        "params": jsonable(case.optimizer.params),
        "device": case.device.label,
        "dtype": settings.dtype,
        "seed": case.seed,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "target": settings.target,
        "engine": engine,
    }


def _fields(judgement: Judgement) -> dict[str, Any]:
    # Not `dataclasses.asdict`, which copies each value: a sweep has a million records.
    return {name: getattr(judgement, name) for name in Judgement.__slots__}


def _warn_if_unmoved(judgement: Judgement, costs: Tensor) -> str | None:
    if judgement.status is Status.STALLED and bool((costs == costs[0]).all()):
        return "the cost never changed: the parameters did not move, or by less than rounding"
    return None


def _trajectory(costs: Tensor, judgement: Judgement, wanted: bool | int) -> Trajectory | None:
    if wanted is False:
        return None
    full = Trajectory(range(len(costs)), costs.tolist())
    return full.thinned(MOST_POINTS if wanted is True else min(wanted, MOST_POINTS), judgement.epochs_to_target)
