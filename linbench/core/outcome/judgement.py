"""From cost trajectories to statuses; the same for every engine, for one run or many at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.core.criteria import DIVERGENCE_FACTOR, stall_window
from linbench.core.outcome.record import Status

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.closed_form import Theory


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a trajectory says of its run."""

    status: Status
    reason: str | None
    epochs_to_target: int | None
    initial_cost: float
    final_cost: float
    best_cost: float | None


class Lookout:
    """Which of K runs may stop, told from look to look; each look is given only what is new since the one before.

    target_gap: cost − optimum cost. budget: the epochs that the runs may take.
    """

    def __init__(self, target_gap: float, budget: int) -> None:
        self._target_gap, self._window, self._seen = target_gap, stall_window(budget), 0
        self._over = torch.tensor(False)
        self._best, self._best_at = torch.tensor(math.inf, dtype=torch.float64), torch.tensor(0)

    def may_stop(self, costs: Tensor, gaps: Tensor) -> Tensor:
        """Which have converged, diverged or stalled by now: (K,), boolean.

        costs, gaps: (E, K), float64, on the CPU, those of the E epochs since the last look.
        """
        finite = torch.isfinite(costs)
        self._over = self._over | ~finite.all(0) | (gaps <= self._target_gap).any(0)
        bounded = torch.where(finite, costs, math.inf)
        lowest, lowest_at = bounded.amin(0), bounded.argmin(0)  # the first of several
        better = lowest < self._best
        self._best = torch.where(better, lowest, self._best)
        self._best_at = torch.where(better, self._seen + lowest_at, self._best_at)
        self._seen += len(costs)
        if self._seen <= self._window + 1:
            return self._over
        return self._over | (self._best_at < self._seen - self._window)


def _stalled(costs: Tensor, epochs: int) -> Tensor:
    """Whether the best of K runs' costs (E, K) lies before the last `STALL_WINDOW` of so many epochs."""
    window = stall_window(epochs)
    if len(costs) <= window + 1:
        return torch.zeros(costs.shape[1], dtype=torch.bool)
    return costs[-window:].amin(0) >= costs[:-window].amin(0)


def judge_runs(costs: Tensor, gaps: Tensor, target_gap: float, theory: Theory) -> list[Judgement]:
    """Judge K runs. costs, gaps: (E + 1, K), float64, on the CPU; gaps are costs above the optimum."""
    finite = torch.isfinite(costs)
    epochs = costs.shape[0] - 1
    bounded = torch.where(finite, costs, math.inf)
    best = bounded.amin(0)
    columns = zip(
        costs[0].tolist(),
        costs[-1].tolist(),
        best.tolist(),
        _first(gaps <= target_gap),
        _first(~finite),
        _first(bounded <= best),
        (~_stalled(bounded, epochs)).tolist(),
        strict=True,
    )
    return [_judge(epochs, theory, *column) for column in columns]


def _judge(
    epochs: int,
    theory: Theory,
    initial: float,
    final: float,
    best: float,
    reached: int | None,
    blown: int | None,
    best_at: int | None,
    moving: bool,
) -> Judgement:
    status, reason = Status.BUDGET, f"{epochs} epochs used up before the target"
    far_above = DIVERGENCE_FACTOR * max(initial, theory.zero_cost)
    if blown is not None:
        status, reason = Status.DIVERGED, f"the cost became non-finite at epoch {blown}"
    elif final > far_above:
        status, reason = (
            Status.DIVERGED,
            f"the cost ended {final / max(initial, theory.zero_cost):.1e} times above its start",
        )
    elif reached is not None:
        return Judgement(Status.CONVERGED, None, reached, initial, final, best)
    elif not moving:
        status, reason = Status.STALLED, f"the best cost was reached at epoch {best_at} of {epochs}"
    return Judgement(status, reason, reached, initial, final, best if math.isfinite(best) else None)


def _first(mask: Tensor) -> list[int | None]:
    """The first true row of each column of (E, K), None where there is none."""
    rows = mask.to(torch.uint8).argmax(0)
    found = mask.any(0)
    return [row if there else None for row, there in zip(rows.tolist(), found.tolist(), strict=True)]
