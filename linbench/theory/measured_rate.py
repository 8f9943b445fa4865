"""The linear rate of a run, measured from its costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

FEWEST_POINTS = 5
"""The fewest new lows to which a rate is fitted."""


def measured_rate(epochs: Sequence[int], gaps: Sequence[float], floor: float = 0.0) -> float | None:
    """Return the factor by which the distance to the optimum shrank per epoch; None for a run that did not descend.

    epochs, gaps: a trajectory and its costs − optimum cost, (k,) each. floor: the gap below which rounding rules. The
    factor of the distance is √ of the gap's factor.
    Least squares of log gap over the epoch, through the later half (in epochs) of the run's new lows above the floor,
    so that neither oscillation nor the faster start counts; through all of them where the half is fewer than
    `FEWEST_POINTS`. Comparable with `GradientMethod.rate`, (κ − 1)/(κ + 1) of tuned gradient descent for one.
    """
    lows = list(_new_lows(zip(epochs, gaps, strict=True), floor))
    if len(lows) < FEWEST_POINTS:
        return None
    middle = (lows[0][0] + lows[-1][0]) / 2
    later = [(epoch, gap) for epoch, gap in lows if epoch >= middle]
    points = later if len(later) >= FEWEST_POINTS else lows
    slope = _slope([(float(epoch), math.log(gap)) for epoch, gap in points])
    return math.exp(slope / 2)


def _new_lows(points: Iterable[tuple[int, float]], floor: float) -> Iterator[tuple[int, float]]:
    """Yield the first point and each that is lower than all before it, down to the floor."""
    least = math.inf
    for epoch, gap in points:
        if gap <= floor:
            return
        if gap < least:
            least = gap
            yield epoch, gap


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the straight line through points that is nearest by least squares."""
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    covariance = sum((x - x_mean) * (y - y_mean) for x, y in points)
    return covariance / sum((x - x_mean) ** 2 for x, _ in points)
