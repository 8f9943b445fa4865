"""Fair tuning as data: search spaces, trials, and statistics of a set of trials. Nothing is trained here.

Every optimizer gets the same number of trials, drawn by a scrambled Halton sequence (Halton 1960; scrambling after
Owen 2017, arXiv:1706.02808) from its own space; each trial is judged by its runs from all tuning seeds. Some more are
drawn around that space, since an order of optimizers may hold for the searched spaces only (Choi et al. 2019,
arXiv:1910.05446).
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
"""The searched space where neither a spec nor a component names one."""

SMALLEST, LARGEST = 1e-100, 1e100
"""The limits of a range, so that no value in it, nor in a wider one, is zero or infinite."""

EDGE = 0.05
"""A best value within this share of its range, on a logarithmic scale, lies at the edge."""

WIDER = 10.0
"""A wider space reaches this factor further at both ends of every range."""

AS_GOOD = 2.0
"""Trials that take at most so many times the best one's epochs count as good as it, for the sensitivity."""


@dataclass(frozen=True, slots=True)
class Space:
    """The searched space of one optimizer: a range for each parameter, on a logarithmic scale."""

    ranges: Mapping[str, Range]

    def __contains__(self, params: Mapping[str, float]) -> bool:
        """Return whether every value lies within its range, ends included."""
        return all(span.low <= params[name] <= span.high for name, span in self.ranges.items())

    def points(self, number: int, seed: int) -> list[dict[str, float]]:
        """Draw so many points, the same for the same seed, well spread for every number of them."""
        return list(itertools.islice(self._sequence(seed, number), number))

    def wider(self) -> Space:
        """Return the space that reaches `WIDER` times further at both ends of every range."""
        return Space({name: Range(span.low / WIDER, span.high * WIDER) for name, span in self.ranges.items()})

    def points_beyond(self, number: int, seed: int) -> list[dict[str, float]]:
        """Draw so many points of the wider space that lie outside of this one, the same for the same seed.

        They come from the wider space's own sequence, without the points that lie in this space.
        """
        outside = (point for point in self.wider()._sequence(seed, number) if point not in self)
        return list(itertools.islice(outside, number))

    def edges(self, params: Mapping[str, float]) -> list[tuple[str, str]]:
        """Return the parameters that lie at an end of their range, each with "low" or "high"."""
        found = []
        for name, span in self.ranges.items():
            share = math.log(params[name] / span.low) / math.log(span.high / span.low)
            if not EDGE <= share <= 1 - EDGE:
                found.append((name, "low" if share < EDGE else "high"))
        return found

    def _sequence(self, seed: int, at_once: int) -> Iterator[dict[str, float]]:
        """Yield the points of the Halton sequence, drawn so many at a time."""
        from scipy.stats import qmc  # type: ignore[import-untyped]  # slow to import, and only tuning needs it

        sequence = qmc.Halton(len(self.ranges), scramble=True, rng=seed)
        while True:
            for row in sequence.random(at_once):
                spans = zip(row, self.ranges.items(), strict=True)
                yield {name: _value_at(span, float(u)) for u, (name, span) in spans}


def space_of(component: Component, params: Mapping[str, object]) -> Space:
    """Return the ranges in a spec's parameters, else those of the component, else the lr's.

    A parameter with a fixed value is not searched. Raises UsageError for a range without width, or one that reaches
    beyond `SMALLEST` … `LARGEST`.
    """
    declared = {name: Range(*ends) for name, ends in component.search.items()} or DEFAULT_SPACE
    wanted = {name: value for name, value in params.items() if isinstance(value, Range)}
    open_ones = {name: span for name, span in declared.items() if name not in params}
    space = Space({**open_ones, **wanted})
    for name, span in space.ranges.items():
        if not SMALLEST <= span.low < span.high <= LARGEST:
            text = f"{component.name}: {name}={format_value(span)}"
            raise UsageError(f"{text} needs two ends between {SMALLEST:g} and {LARGEST:g}, the smaller first")
    return space


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of a set of runs; smaller is better, and scores compare.

    epochs: median epochs to the target over all runs, a run that missed it counted as infinite.
    gap: median final gap over all runs, infinite for runs that diverged or failed; it decides between equal epochs.
    """

    epochs: float
    gap: float

    def __lt__(self, other: Score) -> bool:
        return (self.epochs, self.gap) < (other.epochs, other.gap)


def score(records: Sequence[Record]) -> Score:
    """Judge one trial's runs from several seeds."""
    return Score(statistics.median(map(_epochs, records)), statistics.median(map(_gap, records)))


def score_beyond(records: Sequence[Record]) -> Score:
    """Judge a trial outside of the searched space, where values may be invalid: infinitely bad if any run raised."""
    raised = any(record.status is Status.ERROR for record in records)
    return Score(math.inf, math.inf) if raised else score(records)


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a search space, with the score of its runs."""

    params: Mapping[str, float]
    score: Score


def best(trials: Sequence[Trial]) -> Trial:
    """Return the best trial: the fewest epochs, then the smallest gap, then the first drawn."""
    return min(trials, key=lambda trial: (trial.score.epochs, trial.score.gap))


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The sensitivity to one parameter: its range, low … high, over trials within twice the best one's epochs.

    share: the share of the searched range, on a logarithmic scale, that it covers.
    """

    low: float
    high: float
    share: float


def sensitivity(trials: Sequence[Trial], name: str, span: Range) -> Sensitivity | None:
    """Return the sensitivity to one parameter; None where no trial reached the target. span: the searched range."""
    winner = best(trials)
    if not math.isfinite(winner.score.epochs):
        return None
    good = [t.params[name] for t in trials if t.score.epochs <= AS_GOOD * max(winner.score.epochs, 1)]
    share = math.log(max(good) / min(good)) / math.log(span.high / span.low)
    return Sensitivity(min(good), max(good), share)


def expected_best(trials: Sequence[Trial], budget: int) -> float:
    """Return the expected epochs to the target of the best of `budget` trials drawn from these without replacement.

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
    """Return the median epochs to the target of the best of `budget` trials, over all draws of so many from these.

    The smallest t with P(best ≤ t) ≥ ½, where P(best > tᵢ) = C(n − i, k)/C(n, k); unlike the expectation it is finite
    as soon as half of the draws hold a trial that reaches the target. Raises ValueError as `expected_best` does.
    """
    times = sorted(trial.score.epochs for trial in trials)
    if not 1 <= budget <= len(times):
        raise ValueError(f"a budget of {budget} trials is not between 1 and {len(times)}")
    total = math.comb(len(times), budget)
    return next(t for i, t in enumerate(times, 1) if 2 * (total - math.comb(len(times) - i, budget)) >= total)


def budgets(trials: int) -> list[int]:
    """Return the budgets at which a curve is shown: 1, 2, 4, … and all trials."""
    powers = [2**i for i in range(trials.bit_length()) if 2**i < trials]
    return [*powers, trials]


def budget_beyond(budget: int) -> int:
    """Return the number of trials outside of the searched space: half as many as inside, and at least one."""
    return max(1, budget // 2)


def _value_at(span: Range, u: float) -> float:
    value = span.low * (span.high / span.low) ** u
    return float(f"{value:.6g}")  # so that labels stay short


def _epochs(record: Record) -> float:
    reached = record.status is Status.CONVERGED and record.epochs_to_target is not None
    return float(record.epochs_to_target or 0) if reached else math.inf


def _gap(record: Record) -> float:
    if record.status in (Status.CONVERGED, Status.BUDGET, Status.STALLED) and record.gap is not None:
        return record.gap if math.isfinite(record.gap) else math.inf
    return math.inf
