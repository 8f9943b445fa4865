"""The best constant lr of gradient descent for one start: no other one reaches the target in fewer epochs.

After N epochs at lr α the gap is F_N(α) = Σ g_i·(1 − αλ_i)^{2N}, g_i the part of the first gap along the i-th
eigenvector. F_N is convex in α, so its minimum is found by bisection on its derivative, and the least N whose minimum
is at most the target by bisection on N. 2/(L + μ), the best lr of textbooks, is the best for the worst start only: a
start without a component along the extreme curvatures may do much better, or need a hundredth of the epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FARTHEST = 2**53
"""The most epochs that are looked at; a method that needs more stands still in float64."""

_HALVINGS = 200
"""Bisections of an interval of lr; float64 has no more bits than these settle."""


@dataclass(frozen=True, slots=True)
class BestLr:
    """A learning rate of gradient descent, and the first epoch at which it reaches the target."""

    lr: float
    epochs: int


def best_lr(curvatures: Sequence[float], gaps: Sequence[float], target: float) -> BestLr | None:
    """Return the lr that reaches a gap of `target` in the fewest epochs; None where the start is there already.

    curvatures: the eigenvalues that are not zero. gaps: the part of the first gap along each one's eigenvector, at
    least one of them positive. target: a gap, above 0.
    """
    modes = [(curvature, gap) for curvature, gap in zip(curvatures, gaps, strict=True) if gap > 0]
    if math.fsum(gap for _, gap in modes) <= target:
        return None
    high = 1
    while _least(modes, high)[1] > target:
        high *= 2
        if high > FARTHEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _least(modes, middle)[1] <= target else (middle, high)
    return BestLr(_least(modes, high)[0], high)


def _least(modes: Sequence[tuple[float, float]], epochs: int) -> tuple[float, float]:
    """Return the lr with the least gap after so many epochs, and that gap."""
    # Beyond 1/λ of the smallest curvature all parts grow, and below 1/λ of the largest all still shrink.
    low, high = 1 / max(curvature for curvature, _ in modes), 1 / min(curvature for curvature, _ in modes)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (low, middle) if _slope_is_positive(modes, epochs, middle) else (middle, high)
    return min(((lr, _gap(modes, epochs, lr)) for lr in (low, high)), key=lambda pair: pair[1])


def _slope_is_positive(modes: Sequence[tuple[float, float]], epochs: int, lr: float) -> bool:
    """Return the sign of F'(α) = −2N·Σ g_i·λ_i·(1 − αλ_i)^{2N−1}, summed in logarithms, since powers overflow."""
    logs: dict[bool, list[float]] = {True: [], False: []}
    for curvature, gap in modes:
        factor = 1 - lr * curvature
        if factor:
            logs[factor < 0].append(math.log(gap * curvature) + (2 * epochs - 1) * math.log(abs(factor)))
    return _log_sum(logs[True]) > _log_sum(logs[False])


def _gap(modes: Sequence[tuple[float, float]], epochs: int, lr: float) -> float:
    logs = [
        math.log(gap) + 2 * epochs * _log_abs_one_minus(lr * curvature)
        for curvature, gap in modes
        if lr * curvature != 1
    ]
    total = _log_sum(logs)
    return math.exp(total) if total < 700 else math.inf


def _log_sum(logs: Sequence[float]) -> float:
    """Return log Σ exp(x), −∞ for none."""
    if not logs:
        return -math.inf
    largest = max(logs)
    return largest + math.log(math.fsum(math.exp(value - largest) for value in logs))


def _log_abs_one_minus(value: float) -> float:
    return math.log1p(-value) if value < 1 else math.log(value - 1)
