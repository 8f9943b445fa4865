"""From cost trajectories to statuses; the same for every engine, for one run or many at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from linbench.core.criteria import DIVERGENCE_FACTOR, PARTS, stall_window
from linbench.core.outcome.ending import find_endings, find_movement, find_tails
from linbench.core.outcome.record import Ending, Status, Tail

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
    best_epoch: int | None
    ending: Ending
    tail: Tail | None


def judge_runs(
    costs: Tensor, gaps: Tensor, final_gaps: Tensor, final_sizes: Tensor, *, standard: Standard, batches: bool
) -> list[Judgement]:
    """Judge K runs.

    costs, gaps: (E + 1, K), float64, on the CPU; gaps are costs above the optimum. final_gaps: (K,), from the
    parameters; final_sizes: (K,), the largest of those. batches: epochs have several updates.
    """
    summaries = _summarize(costs, gaps, final_gaps, final_sizes, standard)
    tails = find_tails(gaps) if batches else [None] * len(summaries)
    return [_judge(run, tail, standard) for run, tail in zip(summaries, tails, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What runs are held to.

    target_gap: cost − optimum cost. budget: the epochs that they may take. eps: machine epsilon of the dtype in which
    costs are computed.
    """

    theory: Theory
    target_gap: float
    budget: int
    eps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunSummary:
    """What decides the status of one run.

    best_cost: infinite where no cost is finite. target_epoch, non_finite_epoch, nan_epoch, best_epoch: the first ones,
    or None. final_gap: from the parameters. final_size: the largest of those.
    """

    epochs: int
    initial_cost: float
    final_cost: float
    best_cost: float
    best_epoch: int | None
    target_epoch: int | None
    non_finite_epoch: int | None
    nan_epoch: int | None
    final_gap: float
    final_size: float
    ending: Ending


def _summarize(
    costs: Tensor, gaps: Tensor, final_gaps: Tensor, final_sizes: Tensor, standard: Standard
) -> list[_RunSummary]:
    # For all runs at once: a call of torch for each of 10,000 lanes would take longer than their training.
    finite = torch.isfinite(costs)
    bounded = torch.where(finite, costs, math.inf)
    best = bounded.amin(0)
    epochs = len(costs) - 1
    columns = zip(
        costs[0].tolist(),
        costs[-1].tolist(),
        best.tolist(),
        _first_true(bounded <= best),
        _first_true(gaps <= standard.target_gap),
        _first_true(~finite),
        _first_true(costs.isnan()),
        final_gaps.tolist(),
        final_sizes.tolist(),
        find_endings(bounded, standard),
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
            nan_epoch=nan_epoch,
            final_gap=final_gap,
            final_size=final_size,
            ending=ending,
        )
        for (
            initial_cost,
            final_cost,
            best_cost,
            best_epoch,
            target_epoch,
            non_finite_epoch,
            nan_epoch,
            final_gap,
            final_size,
            ending,
        ) in columns
    ]


def _judge(run: _RunSummary, tail: Tail | None, standard: Standard) -> Judgement:
    status, reason = _status(run, standard)
    # A converged run keeps even an infinite best cost: its target was found from the parameters, not from its costs.
    shown = status is Status.CONVERGED or math.isfinite(run.best_cost)
    return Judgement(
        status=status,
        reason=reason,
        epochs_to_target=_epochs_to_target(run, standard),
        initial_cost=run.initial_cost,
        final_cost=run.final_cost,
        best_cost=run.best_cost if shown else None,
        best_epoch=run.best_epoch if math.isfinite(run.best_cost) else None,
        ending=run.ending,
        tail=tail,
    )


def _epochs_to_target(run: _RunSummary, standard: Standard) -> int | None:
    """Return the first epoch at the target; the last one where only the parameters show that the run is there."""
    if run.target_epoch is None and run.non_finite_epoch is not None and _only_costs_overflowed(run):
        return run.epochs if run.final_gap <= standard.target_gap else None
    return run.target_epoch


def _status(run: _RunSummary, standard: Standard) -> tuple[Status, str | None]:
    """Return the status and its reason."""
    start = max(run.initial_cost, standard.theory.zero_cost)
    # Where only the recorded cost left the range of its dtype, the parameters say where the run is.
    final_cost = run.final_gap + standard.theory.optimum_cost
    if run.non_finite_epoch is None:
        final_cost = max(final_cost, run.final_cost)
    if run.non_finite_epoch is not None and not _only_costs_overflowed(run):
        return Status.DIVERGED, _why_not_finite(run)
    if final_cost > DIVERGENCE_FACTOR * start:
        if math.isinf(final_cost):
            return Status.DIVERGED, "the parameters ended so large that their cost overflows float64"
        above = "its start" if run.initial_cost >= standard.theory.zero_cost else "the cost at zero parameters"
        ratio = final_cost / start if start else math.inf
        if math.isinf(ratio):
            return Status.DIVERGED, f"the cost ended at {final_cost:.1e}, far above {above}, {start:.1e}"
        return Status.DIVERGED, f"the cost ended {ratio:.1e} times above {above}"
    if _epochs_to_target(run, standard) is not None:
        return Status.CONVERGED, None
    if run.ending is Ending.STILL:
        return Status.STALLED, f"the best cost was reached at epoch {run.best_epoch} of {run.epochs}"
    return Status.BUDGET, f"{run.epochs} epochs used up before the target"


def _only_costs_overflowed(run: _RunSummary) -> bool:
    """Return whether costs were too large for their dtype, and the parameters are finite at the end."""
    return run.nan_epoch is None and math.isfinite(run.final_gap)


def _why_not_finite(run: _RunSummary) -> str:
    """Return which quantity became non-finite, how, and when."""
    epoch = run.non_finite_epoch
    how = f"the cost became {'NaN' if run.nan_epoch == epoch else 'infinite'} at epoch {epoch}"
    if math.isfinite(run.final_size):
        return f"{how}, though the parameters are finite"
    return f"{how}, and the parameters ended {'NaN' if math.isnan(run.final_size) else 'infinite'}"


def _first_true(mask: Tensor) -> list[int | None]:
    """Return the first true row of each column of (E, K), None where there is none."""
    rows = mask.to(torch.uint8).argmax(0)  # torch has no argmax of booleans; of several it returns the first
    found = mask.any(0)
    return [row if there else None for row, there in zip(rows.tolist(), found.tolist(), strict=True)]


@final
class StoppingRule:
    """Tells from look to look which of K runs may stop; each look is given only what is new since the one before.

    A run may stop when it has converged or diverged, and when it stands still: that is asked at the end of each tenth
    of the budget, of the highs and lows of the tenths before.
    """

    def __init__(self, standard: Standard) -> None:
        self._standard, self._window, self._seen = standard, stall_window(standard.budget), 0
        self._over = torch.tensor(False)
        self._highs: list[Tensor] = []
        self._lows: list[Tensor] = []
        self._part: list[Tensor] = []
        self._best = torch.tensor(math.inf, dtype=torch.float64)

    def may_stop(self, costs: Tensor, gaps: Tensor) -> Tensor:
        """Return which have converged, diverged or stalled by now: (K,), boolean.

        costs, gaps: (E, K), float64, on the CPU, those of the E epochs since the last look.
        """
        finite = torch.isfinite(costs)
        self._over = self._over | ~finite.all(0) | (gaps <= self._standard.target_gap).any(0)
        bounded = torch.where(finite, costs, math.inf)
        while len(bounded):
            room = self._window - self._seen % self._window
            piece, bounded = bounded[:room], bounded[room:]
            self._part.append(torch.stack([piece.amax(0), piece.amin(0)]))
            self._seen += len(piece)
            if self._seen % self._window == 0:
                self._over = self._over | self._end_part()
        return self._over

    def _end_part(self) -> Tensor:
        """Return which runs stand still at the end of a tenth, (K,)."""
        high = torch.stack([part[0] for part in self._part]).amax(0)
        low = torch.stack([part[1] for part in self._part]).amin(0)
        improved = low < self._best
        self._best = torch.minimum(self._best, low)
        self._part = []
        self._highs, self._lows = [*self._highs, high][-PARTS:], [*self._lows, low][-PARTS:]
        if len(self._highs) < PARTS:
            return torch.zeros_like(improved)
        still, _ = find_movement(torch.stack(self._highs), torch.stack(self._lows), self._standard)
        return still & ~improved
