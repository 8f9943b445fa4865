"""Fair tuning as data: search spaces, trials, and what a set of trials says. Nothing is trained here.

Every optimizer gets the same number of trials, drawn by a scrambled Halton sequence (Halton 1960; scrambling after
Owen 2017, arXiv:1706.02808) from its own space; each trial is judged by its runs from all tuning seeds. Some more are
drawn around that space, since an order of optimizers may hold for the spaces that were searched only (Choi et al.
2019, arXiv:1910.05446).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.errors import UsageError
from linbench.core.outcome.record import Record, Status
from linbench.core.request.spec import Range, format_value

if TYPE_CHECKING:
    from linbench.core.request.component import Component

DEFAULT_SPACE = {"lr": Range(1e-4, 10.0)}
"""What is searched where neither a spec nor a component says."""

SMALLEST, LARGEST = 1e-100, 1e100
"""What can be searched, so that nothing in a range, nor in a wider one, is zero or infinite."""

EDGE = 0.05
"""A best value within this share of its range, on a logarithmic scale, lies at the edge."""

WIDER = 10.0
"""A wider space reaches this factor further at both ends of every range."""

WITHIN = 2.0
"""Trials that take at most so many times the best one's epochs count as good as it, for the sensitivity."""


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched of one optimizer: a range for each parameter, on a logarithmic scale."""

    ranges: Mapping[str, Range]

    def __contains__(self, params: Mapping[str, float]) -> bool:
        """Whether every value lies within its range, ends included."""
        return all(span.low <= params[name] <= span.high for name, span in self.ranges.items())

    def trials(self, budget: int, seed: int) -> list[dict[str, float]]:
        """So many points, the same for the same seed, well spread for every number of them."""
        return list(itertools.islice(self._points(seed, budget), budget))

    def wider(self) -> Space:
        """The space that reaches `WIDER` times further at both ends of every range."""
        return Space({name: Range(span.low / WIDER, span.high * WIDER) for name, span in self.ranges.items()})

    def beyond(self, number: int, seed: int) -> list[dict[str, float]]:
        """So many points of the wider space that lie outside of this one, the same for the same seed.

        They are those of the wider space's own sequence, without the ones that lie in this space.
        """
        outside = (point for point in self.wider()._points(seed, number) if point not in self)
        return list(itertools.islice(outside, number))

    def edges(self, params: Mapping[str, float]) -> list[tuple[str, str]]:
        """The parameters that lie at an end of their range, each with "low" or "high"."""
        found = []
        for name, span in self.ranges.items():
            place = math.log(params[name] / span.low) / math.log(span.high / span.low)
            if not EDGE <= place <= 1 - EDGE:
                found.append((name, "low" if place < EDGE else "high"))
        return found

    def _points(self, seed: int, at_once: int) -> Iterator[dict[str, float]]:
        """The sequence, drawn so many points at a time."""
        from scipy.stats import qmc  # type: ignore[import-untyped]  # slow to import, and only tuning needs it

        sequence = qmc.Halton(len(self.ranges), scramble=True, rng=seed)
        while True:
            for row in sequence.random(at_once):
                spans = zip(row, self.ranges.items(), strict=True)
                yield {name: _at(span, float(u)) for u, (name, span) in spans}


def space_of(component: Component, asked: Mapping[str, object]) -> Space:
    """The ranges that a spec asks for, else those of the component, else the lr's; a fixed value is not searched.

    Raises UsageError for a range without width, or that reaches where floats do not.
    """
    declared = {name: Range(*ends) for name, ends in component.search.items()} or DEFAULT_SPACE
    wanted = {name: value for name, value in asked.items() if isinstance(value, Range)}
    open_ones = {name: span for name, span in declared.items() if name not in asked}
    space = Space({**open_ones, **wanted})
    for name, span in space.ranges.items():
        if not SMALLEST <= span.low < span.high <= LARGEST:
            text = f"{component.name}: {name}={format_value(span)}"
            raise UsageError(f"{text} needs two ends between {SMALLEST:g} and {LARGEST:g}, the smaller first")
    return space


@dataclass(frozen=True, slots=True)
class Score:
    """How good a set of runs is; smaller is better, and scores compare.

    epochs: median epochs to the target over all runs, those that missed it counted as infinite.
    gap: median final gap, where not half of the runs reached the target; infinite for runs that diverged or failed.
    """

    epochs: float
    gap: float

    def __lt__(self, other: Score) -> bool:
        return (self.epochs, self.gap) < (other.epochs, other.gap)


def score(records: Sequence[Record]) -> Score:
    """Judge one trial's runs from several seeds."""
    return Score(statistics.median(map(_epochs, records)), statistics.median(map(_gap, records)))


def score_beyond(records: Sequence[Record]) -> Score:
    """Judge a trial outside of what was searched, where values may not be valid: infinitely bad if any run raised."""
    raised = any(record.status is Status.ERROR for record in records)
    return Score(math.inf, math.inf) if raised else score(records)


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a search space, and how good it was."""

    params: Mapping[str, float]
    score: Score


def best(trials: Sequence[Trial]) -> Trial:
    """The winner: the fewest epochs, then the smallest gap, then the first drawn."""
    return min(trials, key=lambda trial: (trial.score.epochs, trial.score.gap))


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How much the choice of a parameter matters: the range of it that trials within twice the best one's epochs span.

    share: of the searched range, on a logarithmic scale, that it covers.
    """

    low: float
    high: float
    share: float


def sensitivity(trials: Sequence[Trial], name: str, span: Range) -> Sensitivity | None:
    """That of one parameter; None where no trial reached the target."""
    winner = best(trials)
    if not math.isfinite(winner.score.epochs):
        return None
    good = [t.params[name] for t in trials if t.score.epochs <= WITHIN * max(winner.score.epochs, 1)]
    share = math.log(max(good) / min(good)) / math.log(span.high / span.low)
    return Sensitivity(min(good), max(good), share)


def expected_best(trials: Sequence[Trial], budget: int) -> float:
    """The expected epochs to the target of the best of `budget` trials drawn from these without replacement.

    With t₁ ≤ … ≤ t_n it is Σᵢ tᵢ·C(n − i, k − 1)/C(n, k) (Sivaprasad et al. 2020, arXiv:1910.11758, in its exact form
    without replacement); infinite while `budget` trials may all miss the target.
    Raises ValueError for a budget that is not between 1 and the number of trials.
    """
    times = sorted(trial.score.epochs for trial in trials)
    if not 1 <= budget <= len(times):
        raise ValueError(f"a budget of {budget} trials is not between 1 and {len(times)}")
    total = math.comb(len(times), budget)
    weights = [math.comb(len(times) - i, budget - 1) for i in range(1, len(times) + 1)]
    return sum(time * (weight / total) for time, weight in zip(times, weights, strict=True) if weight)


def median_best(trials: Sequence[Trial], budget: int) -> float:
    """The median, over all draws of `budget` of these trials, of the epochs to the target of the best among them.

    The smallest t with P(best ≤ t) ≥ ½, where P(best > tᵢ) = C(n − i, k)/C(n, k); unlike the expectation it is finite
    as soon as half of the draws hold a trial that reaches the target. Raises ValueError as `expected_best` does.
    """
    times = sorted(trial.score.epochs for trial in trials)
    if not 1 <= budget <= len(times):
        raise ValueError(f"a budget of {budget} trials is not between 1 and {len(times)}")
    total = math.comb(len(times), budget)
    return next(t for i, t in enumerate(times, 1) if 2 * (total - math.comb(len(times) - i, budget)) >= total)


def budgets(trials: int) -> list[int]:
    """1, 2, 4, … and all of them: the budgets at which a curve is shown."""
    powers = [2**i for i in range(trials.bit_length()) if 2**i < trials]
    return [*powers, trials]


def budget_beyond(budget: int) -> int:
    """How many trials are drawn outside of what is searched: half as many as inside, and at least one."""
    return max(1, budget // 2)


def _at(span: Range, u: float) -> float:
    value = span.low * (span.high / span.low) ** u
    return float(f"{value:.6g}")  # so that labels stay short


def _epochs(record: Record) -> float:
    reached = record.status is Status.CONVERGED and record.epochs_to_target is not None
    return float(record.epochs_to_target or 0) if reached else math.inf


def _gap(record: Record) -> float:
    if record.status in (Status.CONVERGED, Status.BUDGET, Status.STALLED) and record.gap is not None:
        return record.gap if math.isfinite(record.gap) else math.inf
    return math.inf
