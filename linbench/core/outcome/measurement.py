"""From what an engine measured to records: one path for every engine, for one run or many."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.criteria import RULES
from linbench.core.errors import LinbenchError, one_line
from linbench.core.outcome.judgement import Judgement, Standard, judge_runs
from linbench.core.outcome.record import UNCHANGED, Record, Rounding, Status, Trajectory
from linbench.core.outcome.ridge import ridge_penalty
from linbench.core.problem.eigenbasis import MOST_COLUMNS, eigenbasis
from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case
    from linbench.core.request.settings import Settings


MOST_POINTS = 2001
"""Trajectories are kept whole up to 2,000 epochs, and thinned to so many points beyond."""

_COSTS_AT_ONCE = 2_000_000
"""Costs that are judged together, at most: 16 MB in float64, in several copies."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Measurement:
    """K runs of E epochs, as an engine hands them over.

    costs: (E + 1, K), in any dtype on any device. evaluations: K counts of cost-and-gradient evaluations.
    evaluations_by_epoch: for each run how many there had been after each epoch; without it every epoch has
    `steps_per_epoch`. initial_weight: (K, d, m) and initial_bias: (K, m), for a model that is XW + b.
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
    evaluations_by_epoch: Sequence[Sequence[int]] | None = None
    steps_per_epoch: int = 1
    initial_weight: Tensor | None = None
    initial_bias: Tensor | None = None


def standard_of(setup: Setup, settings: Settings) -> Standard:
    """Return what the runs of a setup are held to."""
    theory = setup.solution.theory
    eps = torch.finfo(setup.X.dtype).eps
    return Standard(theory=theory, target_gap=settings.target * theory.scale, budget=settings.epochs, eps=eps)


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
    final_gaps = _final_gaps(setup, measurement)
    final_sizes = _final_sizes(measurement, final_gaps)
    initial_parts = _initial_gap_parts(setup, measurement, len(cases))
    ridge_gaps = _ridge_gaps(cases, setup, measurement)
    standard, batches = standard_of(setup, settings), has_batches(setup, settings)
    warnings = [*warnings, *filter(None, [_rounded_data(setup, settings)])]
    weights, biases = _rows(measurement.weight, len(cases)), _rows(measurement.bias, len(cases))
    predictions = _rows(measurement.predictions, len(cases))
    by_lane: dict[int, Record] = {}
    for lanes, epochs in _group_by_epochs(epochs_run):
        costs = measurement.costs[: epochs + 1, lanes].to("cpu", torch.float64)
        gaps = _gaps(setup, measurement, costs, lanes, epochs)
        judgements = judge_runs(costs, gaps, final_gaps[lanes], final_sizes[lanes], standard=standard, batches=batches)
        for column, (lane, judgement) in enumerate(zip(lanes, judgements, strict=True)):
            gap, warning = float(final_gaps[lane]), _warn_if_unmoved(judgement, costs[:, column])
            by_lane[lane] = Record(
                **_identity(cases[lane], engine),
                **_fields(judgement),
                epochs_run=epochs,
                evaluations=measurement.evaluations[lane],
                optimum_cost=theory.optimum_cost,
                gap=gap,
                relative_gap=theory.relative(gap),
                weight=weights[lane],
                # Without intercept engines hand over zeros, so that all runs are judged alike.
                bias=biases[lane] if theory.intercept or weights[lane] is None else [],
                prediction=predictions[lane],
                warnings=tuple(warnings) if warning is None else (*warnings, warning),
                evaluations_to_target=_evaluations_to(judgement.epochs_to_target, measurement, lane),
                rounding=_rounding(setup, measurement, lane) if judgement.status is Status.STALLED else None,
                ridge_relative_gap=ridge_gaps.get(lane),
                initial_gap_parts=initial_parts[lane],
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


def _final_sizes(measurement: Measurement, final_gaps: Tensor) -> Tensor:
    """Return (K,): the largest final parameter of each run, NaN if one is; of a model that is not XW + b its gap."""
    if measurement.weight is None or measurement.bias is None:
        return final_gaps.abs()
    theta = (
        torch.cat([measurement.weight.flatten(1), measurement.bias.flatten(1)], dim=1).to("cpu", torch.float64).abs()
    )
    return torch.where(theta.isnan().any(1), math.nan, theta.nan_to_num(0.0, math.inf).amax(1))


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


def _rounded_data(setup: Setup, settings: Settings) -> str | None:
    """Return a warning where the data of the dtype have another optimum than the data that were given."""
    if setup.rounding_gap <= settings.target:
        return None
    moved = f"moves the optimum by a relative gap of {setup.rounding_gap:.2g}"
    if math.isinf(setup.rounding_gap):
        moved = "leaves nothing to solve"
    return f"rounding the data to {settings.dtype} {moved}: use --dtype float64, or standardize the features"


def has_batches(setup: Setup, settings: Settings) -> bool:
    """Return whether an epoch has several updates."""
    return settings.batch_size is not None and settings.batch_size < len(setup.X)


def _evaluations_to(epoch: int | None, measurement: Measurement, lane: int) -> int | None:
    if epoch is None:
        return None
    if measurement.evaluations_by_epoch is None:
        return epoch * measurement.steps_per_epoch
    return measurement.evaluations_by_epoch[lane][epoch - 1] if epoch else 0


def _initial_gap_parts(setup: Setup, measurement: Measurement, count: int) -> list[Sequence[float] | None]:
    """Return the gap of each start by eigenvector; that of zero parameters is the theory's, exactly."""
    weight, bias = measurement.initial_weight, measurement.initial_bias
    if weight is None or bias is None:
        return [None] * count
    theta = _parameters(setup, weight, bias)
    theory, at_zero = setup.solution.theory, (theta == 0).all(-1).all(-1).tolist()
    if all(at_zero):
        return [theory.gap_parts] * count if len(theory.gap_parts) <= MOST_COLUMNS else [None] * count
    basis = eigenbasis(setup.solution)
    if basis is None:
        return [theory.gap_parts if zero and len(theory.gap_parts) <= MOST_COLUMNS else None for zero in at_zero]
    parts = basis.gap_parts(theta).tolist()
    return [theory.gap_parts if zero else row for zero, row in zip(at_zero, parts, strict=True)]


def _ridge_gaps(cases: Sequence[Case], setup: Setup, measurement: Measurement) -> dict[int, float]:
    """Return, for runs whose weight decay stands for a ridge penalty, how far they are from what it asks for."""
    decays = {lane: decay for lane, case in enumerate(cases) if (decay := ridge_penalty(case.optimizer)) is not None}
    basis = eigenbasis(setup.solution) if decays else None
    if basis is None or measurement.weight is None or measurement.bias is None:
        return {}
    theta = _parameters(setup, measurement.weight, measurement.bias)
    found = {lane: float(basis.ridge_gaps(theta[lane : lane + 1], decay)) for lane, decay in decays.items()}
    return {lane: gap for lane, gap in found.items() if math.isfinite(gap)}


def _rounding(setup: Setup, measurement: Measurement, lane: int) -> Rounding | None:
    """Return the exact gradient at the end of a run beside what rounding makes of it."""
    if measurement.weight is None or measurement.bias is None:
        return None
    A = torch.cat([setup.problem.X, torch.ones(len(setup.problem.X), 1, dtype=torch.float64)], dim=1)
    A = A[:, : len(setup.solution.parameters)]
    y, theta = setup.problem.y, _parameters(setup, measurement.weight[lane][None], measurement.bias[lane][None])[0]
    if not bool(theta.isfinite().all()):
        return None
    scale, dtype = 2 / y.numel(), setup.X.dtype
    gradient = scale * (A.T @ (A @ theta - y)).abs()
    allowed = torch.finfo(dtype).eps * scale * (A.abs().T @ (A.abs() @ theta.abs() + y.abs()))
    spacing = torch.finfo(dtype).eps * torch.exp2(theta.abs().clamp(min=torch.finfo(dtype).tiny).log2().floor())
    return Rounding(_largest(gradient, allowed), _largest(gradient, spacing))


def _largest(values: Tensor, units: Tensor) -> float:
    """Return the largest value in its own unit; a value of zero counts as zero in any unit."""
    return float(torch.where(values == 0, 0.0, values / units).amax())


def _parameters(setup: Setup, weight: Tensor, bias: Tensor) -> Tensor:
    """Return θ (K, p, m), float64, on the CPU: the weight, and the bias where the problem has an intercept."""
    theta = torch.cat([weight, bias.unsqueeze(-2)], dim=-2).to("cpu", torch.float64)
    return theta[..., : len(setup.solution.parameters), :]


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
        "lr_is_default": case.optimizer.lr_is_default,
        "rules": RULES,
    }


def _fields(judgement: Judgement) -> dict[str, Any]:
    # Not `dataclasses.asdict`, which copies each value: a sweep has a million records.
    return {name: getattr(judgement, name) for name in Judgement.__slots__}


def _warn_if_unmoved(judgement: Judgement, costs: Tensor) -> str | None:
    if judgement.status in (Status.STALLED, Status.BUDGET) and bool((costs == costs[0]).all()):
        return UNCHANGED
    return None


def _trajectory(costs: Tensor, judgement: Judgement, wanted: bool | int) -> Trajectory | None:
    if wanted is False:
        return None
    full = Trajectory(range(len(costs)), costs.tolist())
    return full.thinned(MOST_POINTS if wanted is True else min(wanted, MOST_POINTS), judgement.epochs_to_target)
