"""From cost trajectories to statuses; the same for every engine, for one run or many at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from linbench.core.criteria import DIVERGENCE_FACTOR, stall_window
from linbench.core.outcome.record import Status

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.closed_form import Theory


@dataclass(frozen=True, slots=True)
class Judgement:
    """The status of a run, and the numbers of its trajectory that a record tells."""

    status: Status
    reason: str | None
    epochs_to_target: int | None
    initial_cost: float
    final_cost: float
    best_cost: float | None


def judge_runs(costs: Tensor, gaps: Tensor, target_gap: float, theory: Theory) -> list[Judgement]:
    """Judge K runs. costs, gaps: (E + 1, K), float64, on the CPU; gaps are costs above the optimum."""
    return [_judge(run, theory) for run in _summarize(costs, gaps, target_gap)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunSummary:
    """The numbers that decide the status of one run.

    best_cost: infinite where no cost is finite. target_epoch, non_finite_epoch, best_epoch: the first ones, or None.
    stalled: the best cost lies before the last `STALL_WINDOW` of the epochs.
    """

    epochs: int
    initial_cost: float
    final_cost: float
    best_cost: float
    best_epoch: int | None
    target_epoch: int | None
    non_finite_epoch: int | None
    stalled: bool


def _summarize(costs: Tensor, gaps: Tensor, target_gap: float) -> list[_RunSummary]:
    # All runs at once: each call of torch takes microseconds, and a batch has up to 10,000 runs.
    finite = torch.isfinite(costs)
    bounded = torch.where(finite, costs, math.inf)
    best = bounded.amin(0)
    epochs = len(costs) - 1
    columns = zip(
        costs[0].tolist(),
        costs[-1].tolist(),
        best.tolist(),
        _first_true(bounded <= best),
        _first_true(gaps <= target_gap),
        _first_true(~finite),
        _find_stalls(bounded, epochs).tolist(),
        strict=True,
    )
    return [
        _RunSummary(
            epochs=epochs,
            initial_cost=initial_cost,
            final_cost=final_cost,
            best_cost=best_cost,
            best_epoch=best_epoch,
            target_epoch=target_epoch,
            non_finite_epoch=non_finite_epoch,
            stalled=stalled,
        )
        for initial_cost, final_cost, best_cost, best_epoch, target_epoch, non_finite_epoch, stalled in columns
    ]


def _judge(run: _RunSummary, theory: Theory) -> Judgement:
    status, reason = _find_status(run, theory)
    return Judgement(
        status=status,
        reason=reason,
        epochs_to_target=run.target_epoch,
        initial_cost=run.initial_cost,
        final_cost=run.final_cost,
        best_cost=run.best_cost if math.isfinite(run.best_cost) else None,
    )


def _find_status(run: _RunSummary, theory: Theory) -> tuple[Status, str | None]:
    """Return the status and its reason."""
    start = max(run.initial_cost, theory.zero_cost)
    if run.non_finite_epoch is not None:
        return Status.DIVERGED, f"the cost became non-finite at epoch {run.non_finite_epoch}"
    if run.final_cost > DIVERGENCE_FACTOR * start:
        return Status.DIVERGED, f"the cost ended {run.final_cost / start:.1e} times above its start"
    if run.target_epoch is not None:
        return Status.CONVERGED, None
    if run.stalled:
        return Status.STALLED, f"the best cost was reached at epoch {run.best_epoch} of {run.epochs}"
    return Status.BUDGET, f"{run.epochs} epochs used up before the target"


def _find_stalls(costs: Tensor, epochs: int) -> Tensor:
    """Return which of K runs' costs (E, K) are lowest before the last `STALL_WINDOW` of the epochs: (K,), boolean."""
    window = stall_window(epochs)
    if len(costs) <= window + 1:
        return torch.zeros(costs.shape[1], dtype=torch.bool)
    return costs[-window:].amin(0) >= costs[:-window].amin(0)


def _first_true(mask: Tensor) -> list[int | None]:
    """Return the first true row of each column of (E, K), None where there is none."""
    rows = mask.to(torch.uint8).argmax(0)  # torch has no argmax of booleans; of several it returns the first
    found = mask.any(0)
    return [row if there else None for row, there in zip(rows.tolist(), found.tolist(), strict=True)]


@final
class StoppingRule:
    """Tells from look to look which of K runs may stop; each look is given only what is new since the one before.

    target_gap: cost − optimum cost. budget: the epochs that the runs may take.
    """

    def __init__(self, target_gap: float, budget: int) -> None:
        self._target_gap, self._window, self._epochs = target_gap, stall_window(budget), 0
        self._over = torch.tensor(False)
        self._best, self._best_at = torch.tensor(math.inf, dtype=torch.float64), torch.tensor(0)

    def may_stop(self, costs: Tensor, gaps: Tensor) -> Tensor:
        """Return which have converged, diverged or stalled by now: (K,), boolean.

        costs, gaps: (E, K), float64, on the CPU, those of the E epochs since the last look.
        """
        finite = torch.isfinite(costs)
        self._over = self._over | ~finite.all(0) | (gaps <= self._target_gap).any(0)
        bounded = torch.where(finite, costs, math.inf)
        lowest, lowest_at = bounded.amin(0), bounded.argmin(0)  # the first of several
        better = lowest < self._best
        self._best = torch.where(better, lowest, self._best)
        self._best_at = torch.where(better, self._epochs + lowest_at, self._best_at)
        self._epochs += len(costs)
        if self._epochs <= self._window + 1:
            return self._over
        return self._over | (self._best_at < self._epochs - self._window)
