"""Two-term recurrences after any number of steps, in closed form, and the first step at which a sum of them is small.

The gap of a gradient method is Σ g_i·e_i(k)², with g_i the part of the first gap along the i-th eigenvector and e_i as
in `rates`. It need not fall monotonically, so its first crossing of a target is searched by intervals: each is
skipped where a lower bound of the gap over all of it is above the target, else halved. That takes some hundred
evaluations, however many epochs it is about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.theory.rates import GradientMethod

FARTHEST = 2**53
"""The last epoch at which a crossing is searched: a method that needs more stands still in float64."""

MOST_BOUNDS = 400_000
"""The most bounds of modes in one search; after them the crossing is an epoch from which on the gap stays below."""


@dataclass(frozen=True, slots=True)
class Mode:
    """The error along one eigenvector, |e(k)| = r^k·|u(k)|, e(0) = 1.

    gap: g, its part of the gap at k = 0. first: e(1). log_radius: log r, r the largest modulus of a root.
    Real roots p = ±r and q: u(k) = 1 + slope·(1 − ratio^k)/(1 − ratio); log_ratio = log|q/p|, and `alternates` where
    q/p is negative. A complex pair r·e^{±iφ}: u(k) = cos(kφ) + slope·sin(kφ), φ = angle, up to its sign: φ ≤ π/2.
    """

    gap: float
    first: float
    log_radius: float
    slope: float = 0.0
    log_ratio: float = 0.0
    alternates: bool = False
    angle: float | None = None

    def after(self, epoch: int) -> float:
        """Return g·e(k)², this mode's part of the gap after so many epochs."""
        if epoch < 2:
            return self.gap * (self.first * self.first if epoch else 1.0)
        return self._gap(abs(self._u(epoch)), epoch)

    def least(self, start: int, end: float) -> float:
        """Return a lower bound of `after` over start … end; start ≥ 2, and end may be infinite."""
        return self._gap(self._least_u(start, end), start if self.log_radius >= 0 else end)

    def most(self, epoch: int) -> float:
        """Return an upper bound of `after` this epoch."""
        if self.angle is not None:
            return self._gap(min(math.hypot(1, self.slope), 1 + abs(self.slope) * epoch * self.angle), epoch)
        steps = epoch if self.log_ratio == 0 else min(epoch, 1 / -math.expm1(self.log_ratio))
        return self._gap(1 + abs(self.slope) * steps, epoch)

    def _gap(self, size: float, epoch: float) -> float:
        if size == 0 or self.gap == 0:
            return 0.0
        exponent = 2 * (math.log(size) + (epoch * self.log_radius if self.log_radius else 0.0))
        return self.gap * math.exp(exponent) if exponent < 700 else math.inf

    def _u(self, epoch: float) -> float:
        if self.angle is not None:
            return math.cos(epoch * self.angle) + self.slope * math.sin(epoch * self.angle)
        if self.slope == 0:
            return 1.0
        if self.alternates:
            power = math.exp(epoch * self.log_ratio) * (-1 if epoch % 2 else 1)
            return 1 + self.slope * (1 - power) / (1 + math.exp(self.log_ratio))
        if self.log_ratio == 0:
            return 1 + self.slope * epoch
        return 1 + self.slope * math.expm1(epoch * self.log_ratio) / math.expm1(self.log_ratio)

    def _least_u(self, start: int, end: float) -> float:
        """Return a lower bound of |u| over start … end."""
        # u is a sinusoid, or nears its limit from one side or from both.
        if self.angle is not None:
            if end == math.inf or self._half_turn(start) != self._half_turn(end):
                return 0.0
        elif self.alternates and self.slope:
            scale = 1 + math.exp(self.log_ratio)
            away = abs(self.slope) / scale * math.exp(start * self.log_ratio)
            return max(0.0, abs(1 + self.slope / scale) - away)
        low, high = self._u(start), self._u(end)
        return min(abs(low), abs(high)) if low * high > 0 else 0.0

    def _half_turn(self, epoch: float) -> int:
        """Return the number of the zero of u before an epoch."""
        return math.floor((epoch * (self.angle or 0.0) - math.atan(self.slope)) / math.pi - 0.5)


def mode_of(method: GradientMethod, curvature: float, gap: float) -> Mode:
    """Return the mode of a method along one eigenvector. gap: the part of the first gap along it."""
    step = method.first_step(curvature)
    if method.is_gradient_descent:
        return Mode(gap, 1 - step, _log_of_one_minus(step))
    b, c = method.recurrence(curvature)
    discriminant = b * b - 4 * c
    if discriminant < 0:
        real, imaginary = 1 - b / 2, math.sqrt(-discriminant) / 2
        radius = 0.5 * math.log1p(c - b)
        slope = (b / 2 - step) / imaginary
        # With φ = π − ψ, |u(k)| = |cos(kψ) − slope·sin(kψ)|, which turns slowly where roots nearly meet below zero.
        slope, real = (slope, real) if real >= 0 else (-slope, -real)
        return Mode(gap, 1 - step, radius, slope, angle=math.atan2(imaginary, real))
    return _mode_of_real_roots(gap, step, b, c)


def _mode_of_real_roots(gap: float, step: float, b: float, c: float) -> Mode:
    """Return the mode with roots 1 − p and 1 − q, where p and q solve δ² − bδ + c = 0."""
    root = math.sqrt(b * b - 4 * c)
    far = (b + root) / 2  # without cancellation, since b > 0; so is `near`
    near = c / far
    near_is_larger = abs(1 - near) >= abs(1 - far)
    p, q = (near, far) if near_is_larger else (far, near)
    if p == 1:
        return Mode(gap, 1 - step, -math.inf)
    ratio = (1 - q) / (1 - p)
    if ratio > 0.5:
        log_ratio = math.log1p((-root if near_is_larger else root) / (1 - p))
    else:
        log_ratio = math.log(abs(ratio)) if ratio else -math.inf
    return Mode(gap, 1 - step, _log_of_one_minus(p), (p - step) / (1 - p), log_ratio, alternates=ratio < 0)


def gap_after(modes: Sequence[Mode], epoch: int) -> float:
    """Return the gap after so many epochs."""
    return sum(mode.after(epoch) for mode in modes)


def first_crossing(modes: Sequence[Mode], target: float) -> int | None:
    """Return the first epoch after which the gap is at most the target; None where it never is.

    Where modes oscillate so fast and so long that `MOST_BOUNDS` do not decide, it is the first epoch known to have
    no later one above the target.
    """
    if target < 0:
        return None
    for epoch in (0, 1):
        if gap_after(modes, epoch) <= target:
            return epoch
    slowest_first = sorted(modes, key=lambda mode: -mode.log_radius)
    start, budget = 2, -(-MOST_BOUNDS // len(modes))
    while start <= FARTHEST and not _stays_above(modes, target, start):
        found, looked_at = _search(slowest_first, target, start, budget)
        if found is not None:
            return found
        budget -= looked_at
        if budget <= 0:
            return _below_from(modes, target, start)
        start *= 2
    return None


def _search(modes: Sequence[Mode], target: float, start: int, budget: int) -> tuple[int | None, int]:
    """Return the first crossing in start … 2·start − 1, and the number of intervals looked at, at most `budget`."""
    intervals, looked_at = [(start, 2 * start - 1)], 0
    while intervals and looked_at < budget:
        looked_at += 1
        low, high = intervals.pop()
        if low == high:
            if gap_after(modes, low) <= target:
                return low, looked_at
        elif not _above_throughout(modes, target, low, high):
            middle = (low + high) // 2
            intervals += [(middle + 1, high), (low, middle)]
    return None, looked_at


def _above_throughout(modes: Sequence[Mode], target: float, start: int, end: float) -> bool:
    """Return whether the gap is known to be above the target at all epochs of start … end."""
    least = 0.0
    for mode in modes:
        least += mode.least(start, end)
        if least > target:
            return True
    return False


def _stays_above(modes: Sequence[Mode], target: float, start: int) -> bool:
    """Return whether modes that do not decay keep the gap above the target for ever."""
    return _above_throughout([mode for mode in modes if mode.log_radius >= 0], target, start, math.inf)


def _below_from(modes: Sequence[Mode], target: float, start: int) -> int | None:
    if any(mode.log_radius >= 0 for mode in modes):
        return None
    low, high = start - 1, start
    while sum(mode.most(high) for mode in modes) > target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if sum(mode.most(middle) for mode in modes) <= target else (middle, high)
    return high


def _log_of_one_minus(value: float) -> float:
    """Return log|1 − value|, exact for small values; −∞ at 1."""
    if value == 1:
        return -math.inf
    return math.log1p(-value) if value < 1 else math.log(value - 1)
