"""The movement of costs at the end of a run, told by windows of epochs; the same for every engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from linbench.core.criteria import PARTS, cost_rounding, stall_window
from linbench.core.outcome.record import Ending, Tail

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.outcome.judgement import Standard


HOVERS_WITHIN = 2.0
"""The factor by which the medians of a run's last two quarters may differ where it hovers."""

FEWEST_RISING = 3
"""The fewest costs, each above the one before, that are called rising."""


def find_endings(costs: Tensor, standard: Standard) -> list[Ending]:
    """Return how K runs' costs (E, K), infinite where they are not finite, moved at their end."""
    window = stall_window(standard.budget)
    late = torch.zeros(costs.shape[1], dtype=torch.bool)
    if len(costs) > window:
        late = costs[-window:].amin(0) < costs[:-window].amin(0)
    half = costs[len(costs) // 2 :]
    still, rising = _stays(half, standard), _rises(half)
    if len(costs) >= PARTS * window:  # long enough for windows to tell a steady swing from a move
        parts = costs[-PARTS * window :].reshape(PARTS, window, -1)
        by_windows = find_movement(parts.amax(1), parts.amin(1), standard)
        still, rising = still | by_windows[0], rising | by_windows[1]
    endings = []
    for is_late, is_still, is_rising in zip(late.tolist(), still.tolist(), rising.tolist(), strict=True):
        found = Ending.STILL if is_still else Ending.RISING if is_rising else Ending.SWINGING
        endings.append(Ending.DESCENDING if is_late else found)
    return endings


def _stays(costs: Tensor, standard: Standard) -> Tensor:
    """Return which of K runs do not move by more than rounding over these epochs, (E, K)."""
    if len(costs) < FEWEST_RISING:
        return torch.zeros(costs.shape[1:], dtype=torch.bool, device=costs.device)
    high, low = costs.amax(0), costs.amin(0)
    return (high - low <= cost_rounding(high, standard.theory, standard.eps)) & torch.isfinite(high)


def _rises(costs: Tensor) -> Tensor:
    """Return which of K runs rise at every one of these epochs, (E, K)."""
    if len(costs) < FEWEST_RISING:
        return torch.zeros(costs.shape[1], dtype=torch.bool)
    return (costs.diff(dim=0) > 0).all(0)


def find_movement(highs: Tensor, lows: Tensor, standard: Standard) -> tuple[Tensor, Tensor]:
    """Return which of K runs stand still, and which rise, by the highs and lows of `PARTS` windows, (PARTS, K) each."""
    allowed = cost_rounding(highs.amax(0), standard.theory, standard.eps)
    still = (highs.amax(0) - highs.amin(0) <= allowed) & (lows.amax(0) - lows.amin(0) <= allowed)
    rising = (highs.diff(dim=0) > 0).all(0) & (lows.diff(dim=0) > 0).all(0)
    return still & torch.isfinite(highs).all(0), rising & ~still


def find_tails(gaps: Tensor) -> list[Tail | None]:
    """Return the quantiles of each run's gap over its last half.

    None where they are not finite, and where the medians of its two quarters differ by more than `HOVERS_WITHIN`: such
    a run is on its way somewhere.
    """
    half = gaps[len(gaps) // 2 :]
    if len(half) < 2 * FEWEST_RISING:
        return [None] * gaps.shape[1]
    shares = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    rows = torch.quantile(half, shares, dim=0).T.tolist()
    third, fourth = (quarter.median(0).values for quarter in (half[: len(half) // 2], half[len(half) // 2 :]))
    steady = ((fourth <= HOVERS_WITHIN * third) & (third <= HOVERS_WITHIN * fourth)).tolist()
    return [Tail(*row) if ok and all(map(math.isfinite, row)) else None for row, ok in zip(rows, steady, strict=True)]
