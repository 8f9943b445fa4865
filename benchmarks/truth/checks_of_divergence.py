"""What must be true for the sentences on runs that diverge, rise or oscillate to be true."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import mpmath
import numpy as np

from benchmarks.truth.checks_of_predictions import extended_target
from benchmarks.truth.digits import is_shown
from benchmarks.truth.forms import LR, N, checks, each_fault, is_extent
from benchmarks.truth.recurrence import CLOSE

if TYPE_CHECKING:
    from benchmarks.truth.claims import Claim
    from benchmarks.truth.sample import Run

_FACTOR = re.compile(rf"the cost ended ({N}) times above (its start|the cost at zero parameters)")

_FAR = re.compile(rf"the cost ended at ({N}), far above (its start|the cost at zero parameters), ({N})")

_NON_FINITE = re.compile(
    r"the cost became (NaN|infinite) at epoch (\d+)"
    r"(?:, and the parameters ended (NaN|infinite)|, though the parameters are finite)"
)


def _reason_fault(run: Run, reason: str) -> str | None:
    """Return what is false in the reason of a divergence, by the recorded costs and the final parameters."""
    if (found := _FACTOR.fullmatch(reason)) is not None:
        from_zero = found[2] != "its start"
        start = float(run.truth.zero_cost if from_zero else run.truth.gap(run.start) + run.truth.optimum_cost)
        end = float(run.gap + run.truth.optimum_cost)
        costs_end = run.costs[-1] if np.isfinite(run.costs[-1]) else end
        shown = float(found[1])
        if not any(start and abs(value / start / shown - 1) <= 0.06 + 100 * run.eps for value in (end, costs_end)):
            return f"it ended at {end / start if start else math.inf:.3g} times {found[2]}, {start:.3g}"
        return None if shown >= 10 else "that is not far"
    if (found := _FAR.fullmatch(reason)) is not None:
        start = float(run.truth.zero_cost if found[2] != "its start" else run.costs[0])
        ended = [float(run.gap + run.truth.optimum_cost), run.costs[-1]]
        if not is_shown(found[3], start, 100 * run.eps * start) or not any(is_shown(found[1], one) for one in ended):
            return f"it ended at {ended}, {found[2]} {start}"
        return None if start == 0 or max(ended) / start == math.inf else "that is a number of times"
    if (found := _NON_FINITE.fullmatch(reason)) is not None:
        first = int(np.argmax(~np.isfinite(run.costs)))
        if np.isfinite(run.costs).all() or int(found[2]) != first:
            return f"the first cost that is not finite is at epoch {first}"
        if np.isnan(run.costs[first]) != (found[1] == "NaN"):
            return f"it is {run.costs[first]}"
        kind = (
            "NaN"
            if run.theta is None or np.isnan(run.theta).any()
            else "infinite"
            if np.isinf(run.theta).any()
            else None
        )
        if found[3] != kind and not (found[3] and kind):
            return f"the parameters ended {kind or 'finite'}"
        return None
    return f"unknown reason {reason!r}"


@checks("diverged", rf"(?P<who>.+): diverged, (?P<why>the cost ended .*?|the cost became .*?){LR}")
def check_diverged(claim: Claim) -> Iterator[str]:
    """The recorded cost is not finite from that epoch on, or ended so many times above the cost of its own start.

    Of several runs with different reasons: one or the other is true of each. The lr is so many times the largest
    stable one of the method, by the exact L.
    """
    several = claim["why"] == "the cost became non-finite, or ended far above its start"
    yield from each_fault(
        claim,
        lambda run: (
            _reason_fault(run, run.record.reason or "")
            if several or len(claim.runs) > 1
            else _reason_fault(run, claim["why"])
        ),
    )
    yield from _lr_faults(claim)


def _lr_faults(claim: Claim) -> Iterator[str]:
    """Yield what is false in `lr is … × the largest stable one`: the range over the named gradient methods above it."""
    ratios = {}
    for run in claim.runs:
        if run.method is not None:
            ratio = mpmath.mpf(run.method.lr) / run.method.largest_stable_lr(run.truth.L)
            if ratio > 1 + 1e-12:  # closer, a ratio to a curvature in float64 is not known to be above 1
                ratios[float(ratio)] = run
    if claim["lr_low"] is None:
        return
    values = list(ratios) or [math.nan]
    complete = all(meant == len(row.runs) for row, meant in claim.members)
    shown = [claim["lr_low"], claim["lr_high"] or claim["lr_low"]]
    if not (is_extent(*shown, values) or (not complete and all(any(is_shown(t, v) for v in values) for t in shown))):
        yield f"lr is {min(values)!r} to {max(values)!r} times the largest stable one"


@checks("rising", rf"(?P<who>.+): the cost is rising{LR}")
def check_rising(claim: Claim) -> Iterator[str]:
    """Over the recorded last fifth the cost rose: its last tenth is above its tenth before, highs and lows."""

    def fault(run: Run) -> str | None:
        costs, part = run.costs, max(1, len(run.costs) // 10)
        last, before = costs[-part:], costs[-2 * part : -part]
        rose = last.max() >= before.max() and last.min() >= before.min() and costs[-1] > costs[len(costs) // 2 :].min()
        return (
            None
            if rose
            else f"it went from {before.min():.6g}..{before.max():.6g} to {last.min():.6g}..{last.max():.6g}"
        )

    yield from each_fault(claim, fault)
    yield from _lr_faults(claim)


@checks(
    "oscillates", r"(?P<who>.+): oscillates, for lr is 2/L: the error along the largest curvature only changes its sign"
)
def check_oscillates(claim: Claim) -> Iterator[str]:
    """The factor of the error along L is −1 within 1e-11, and the start has more error there than the target allows."""

    def fault(run: Run) -> str | None:
        factor = 1 - mpmath.mpf(run.method.lr) * run.truth.L
        if abs(factor + 1) > 1e-11:
            return f"the factor is {float(factor)!r}"
        largest = run.parts[run.truth.modes >= run.truth.modes[-1] * (1 - 1e-12)].sum()  # they may be equal
        return None if largest > extended_target(run) * (1 - CLOSE) else "its start has no error there"

    yield from each_fault(claim, fault)
