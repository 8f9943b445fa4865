"""The decision on step times of several processes, which may be that nothing can be said."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from linbench.gate.timing.rank_test import p_above, smallest_p

ALPHA = 0.01
"""Largest p that counts as evidence; with 5 processes a side it leaves room for one pair out of order."""

SLOWER_BY = 1.10
"""Smallest ratio of medians that counts: below it, layouts of memory and the like make more of a difference."""

SUSPECT_BY, SUSPECT_ALPHA = 1.05, 0.05
"""From here on a measurement is worth another: whether it is slower is decided by both together."""

ALPHA_TOGETHER = 0.001
"""Largest p of both together that counts, ten values a side, or ten against five stored ones."""

VISIBLE = 1.25
"""A slowdown by this factor must be visible in the noise of a measurement, or the measurement says nothing."""

PROCESSES = 5
"""Fresh processes a side."""


class Decision(StrEnum):
    """The answer to whether one optimizer's step takes longer."""

    FINE = "fine"
    SLOWER = "slower"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One optimizer's step times, in steps of plain gradient descent; one value for each process.

    control: the times of code that is the same on both sides, from the same processes. versions: of the distributions
    that the optimizer comes from.
    """

    ratios: Sequence[float]
    control: Sequence[float]
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SideTimes:
    """One side. optimizers: their times by their labels. unmeasured: why others have none."""

    optimizers: Mapping[str, StepTimes] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepComparison:
    """One optimizer's times now and before, and what may be said of them.

    suspect: it is worth another measurement. comparable: the control was alike on both sides.
    """

    optimizer: str
    was: Sequence[float]
    now: Sequence[float]
    outcome: Decision
    why: str = ""
    suspect: bool = False
    comparable: bool = True

    @property
    def ratio(self) -> float | None:
        """Median now ÷ median before; None where either was not measured."""
        return statistics.median(self.now) / statistics.median(self.was) if self.was and self.now else None

    @property
    def p(self) -> float | None:
        """The exact one-sided p that it is not slower; None where either was not measured."""
        return p_above(self.now, self.was) if self.was and self.now else None

    def inconclusive(self, why: str) -> StepComparison:
        """Return a copy with the same times, of which nothing may be said."""
        return replace(self, outcome=Decision.INCONCLUSIVE, why=why, suspect=False)


def compare_sides(now: SideTimes, was: SideTimes) -> list[StepComparison]:
    """Compare every optimizer of either side, in the order of their labels.

    Of an optimizer whose control differs nothing may be said.
    """
    comparisons = []
    for label in sorted({*now.optimizers, *was.optimizers, *now.unmeasured, *was.unmeasured}):
        after, before = now.optimizers.get(label, _NONE), was.optimizers.get(label, _NONE)
        comparison = compare_optimizer(label, after.ratios, before.ratios)
        why = now.unmeasured.get(label) or was.unmeasured.get(label)
        if not why and comparison.ratio is not None:
            why = control_difference(after.control, before.control)
        if why:
            comparison = replace(comparison.inconclusive(why), comparable=False)
        comparisons.append(comparison)
    return comparisons


def compare_optimizer(optimizer: str, now: Sequence[float], was: Sequence[float]) -> StepComparison:
    """Compare one optimizer's times; slower needs both: p ≤ 0.01, and a ratio of medians of at least 1.10."""
    comparison = StepComparison(optimizer, tuple(was), tuple(now), Decision.INCONCLUSIVE)
    ratio, p = comparison.ratio, comparison.p
    if ratio is None or p is None:
        return replace(comparison, why="it was not measured on both sides")
    comparison = replace(comparison, suspect=ratio >= SUSPECT_BY and p <= SUSPECT_ALPHA)
    if smallest_p(len(now), len(was)) > ALPHA:
        return replace(comparison, why=f"{len(now)} and {len(was)} processes cannot give a p of at most {ALPHA:g}")
    if ratio >= SLOWER_BY and p <= ALPHA:
        return replace(comparison, outcome=Decision.SLOWER, why=_evidence(ratio, p))
    if ratio >= SLOWER_BY:
        return replace(comparison, why=f"{_evidence(ratio, p)}, where at most {ALPHA:g} would count")
    # Not slower is worth saying only if slower would have shown: the same values, as far apart as they are, moved up.
    if p_above([value / ratio * VISIBLE for value in now], was) > ALPHA:
        return replace(comparison, why=f"too noisy to show a slowdown by {VISIBLE - 1:.0%}")
    return replace(comparison, outcome=Decision.FINE)


def control_difference(now: Sequence[float], was: Sequence[float]) -> str | None:
    """Return why the null control failed, or None: the same code must take the same time on both sides."""
    ratio = statistics.median(now) / statistics.median(was)
    p = min(p_above(now, was), p_above(was, now))
    if p <= ALPHA and max(ratio, 1 / ratio) >= SLOWER_BY:
        return f"the control, the same code on both sides, took {ratio:.2f} × as long: the sides are not alike"
    return None


def confirm(first: StepComparison, again: StepComparison) -> StepComparison:
    """Decide on something suspect by a second measurement, in processes that the first has not seen.

    It is slower if the second is suspect too, and both together leave no doubt: p ≤ 0.001, and a ratio of at least
    1.10. Where orders are chance alone that happens less than once in a thousand times. Something that seemed slower in
    either way and is not confirmed is inconclusive.
    """
    if again.ratio is None or not again.comparable:
        return again
    was = first.was if again.was == first.was else (*first.was, *again.was)  # stored times stay the same
    both = compare_optimizer(first.optimizer, (*first.now, *again.now), was)
    if both.outcome is Decision.SLOWER and again.suspect and p_above(both.now, both.was) <= ALPHA_TOGETHER:
        return both
    if both.outcome is Decision.SLOWER or first.outcome is Decision.SLOWER:
        return both.inconclusive(f"{first.ratio:.2f} × as long at first, {again.ratio:.2f} × when measured again")
    return both


def _evidence(ratio: float, p: float) -> str:
    return f"{ratio:.2f} × as long, p = {p:.2g}"


_NONE = StepTimes((), ())
