"""From step times of several processes to a verdict, which may be that nothing can be said."""

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
    """What may be said of one optimizer's time per step."""

    FINE = "fine"
    SLOWER = "slower"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One optimizer's step times, in steps of plain gradient descent; one value for each process.

    control: those of code that is the same on both sides, from the same processes. versions: of what the optimizer
    comes from.
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


def compare_optimizer(optimizer: str, now: Sequence[float], was: Sequence[float]) -> StepComparison:
    """Slower needs both: p ≤ 0.01, and a ratio of medians of at least 1.10."""
    compared = StepComparison(optimizer, tuple(was), tuple(now), Decision.INCONCLUSIVE)
    ratio, p = compared.ratio, compared.p
    if ratio is None or p is None:
        return replace(compared, why="it was not measured on both sides")
    compared = replace(compared, suspect=ratio >= SUSPECT_BY and p <= SUSPECT_ALPHA)
    if smallest_p(len(now), len(was)) > ALPHA:
        return replace(compared, why=f"{len(now)} and {len(was)} processes cannot give a p of at most {ALPHA:g}")
    if ratio >= SLOWER_BY and p <= ALPHA:
        return replace(compared, outcome=Decision.SLOWER, why=evidence(ratio, p))
    if ratio >= SLOWER_BY:
        return replace(compared, why=f"{evidence(ratio, p)}, where at most {ALPHA:g} would count")
    if p_above([value / ratio * VISIBLE for value in now], was) > ALPHA:
        return replace(compared, why=f"too noisy to show a slowdown by {VISIBLE - 1:.0%}")
    return replace(compared, outcome=Decision.FINE)


def compare_sides(now: SideTimes, was: SideTimes) -> list[StepComparison]:
    """Every optimizer of either side, in the order of their labels; nothing may be said where its control differs."""
    found = []
    for label in sorted({*now.optimizers, *was.optimizers, *now.unmeasured, *was.unmeasured}):
        after, before = now.optimizers.get(label, _NONE), was.optimizers.get(label, _NONE)
        one = compare_optimizer(label, after.ratios, before.ratios)
        why = now.unmeasured.get(label) or was.unmeasured.get(label)
        why = why or (control_differs(after.control, before.control) if one.ratio is not None else None)
        found.append(one if why is None else replace(inconclusive(one, why), comparable=False))
    return found


def control_differs(now: Sequence[float], was: Sequence[float]) -> str | None:
    """Why the null control failed, or None: code that is the same on both sides must take the same time on both."""
    ratio = statistics.median(now) / statistics.median(was)
    p = min(p_above(now, was), p_above(was, now))
    if p <= ALPHA and max(ratio, 1 / ratio) >= SLOWER_BY:
        return f"the control, the same code on both sides, took {ratio:.2f} × as long: the sides are not alike"
    return None


def confirm(first: StepComparison, again: StepComparison) -> StepComparison:
    """What a second measurement, in processes that the first has not seen, makes of something suspect.

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
        return inconclusive(both, f"{first.ratio:.2f} × as long at first, {again.ratio:.2f} × when measured again")
    return both


def inconclusive(compared: StepComparison, why: str) -> StepComparison:
    """The same times, of which nothing may be said."""
    return replace(compared, outcome=Decision.INCONCLUSIVE, why=why, suspect=False)


def evidence(ratio: float, p: float) -> str:
    """`1.23 × as long, p = 0.004`."""
    return f"{ratio:.2f} × as long, p = {p:.2g}"


_NONE = StepTimes((), ())
