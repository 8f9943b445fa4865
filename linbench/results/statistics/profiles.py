"""Performance profiles over problems and targets, exact as step functions, and the score made of them."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.results.statistics.interval import FEWEST, Interval, percentile_interval, resample_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linbench.results.statistics.times import TimeTable

TAU_MAX = 4.0
"""The largest ratio to the best time that counts in AlgoPerf's score (Dahl et al. 2023, arXiv:2306.07179)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """ρ_s as a step function: right-continuous, 0 before the first step.

    taus: (k,), the places of its steps, ascending from 1 or more. heights: (k,), its value from there to the next
    step. The height at 1 is the share of tasks on which the solver was fastest, ties included; the last one is the
    share that it solved at all.
    """

    solver: str
    taus: Sequence[float]
    heights: Sequence[float]

    def at(self, tau: float) -> float:
        """Return ρ_s(τ), the share of tasks solved within τ times the best time."""
        steps = bisect.bisect_right(self.taus, tau)
        return self.heights[steps - 1] if steps else 0.0

    def score(self, tau_max: float = TAU_MAX) -> float:
        """Return AlgoPerf's score, 1/(τ_max − 1) · ∫ ρ_s(τ) dτ from 1 to τ_max, exactly; between 0 and 1.

        Raises ValueError unless τ_max > 1. AlgoPerf's own code takes the trapezoidal rule on a grid.
        """
        if not 1 < tau_max < math.inf:
            raise ValueError(f"tau_max must be a number above 1, not {tau_max:g}")
        ends = [*self.taus, math.inf][1:]
        parts = zip(self.taus, ends, self.heights, strict=True)
        return math.fsum(h * (min(end, tau_max) - tau) for tau, end, h in parts if tau < tau_max) / (tau_max - 1)


@dataclass(frozen=True, slots=True)
class Band:
    """A profile's 95% band over problems, for each τ by itself: not all of the curve lies in it with 95%.

    taus, low, high: (k,). Between two steps the band is as at the step before.
    """

    solver: str
    taus: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def performance_ratios(table: TimeTable) -> list[list[float]]:
    """Return r_{p,s} = t_{p,s} / min over s of t_{p,s}, (p, s) (Dolan & Moré 2002, doi:10.1007/s101070100263).

    A failure has the ratio infinity, and so has every solver on a task that nobody solves. A best time of zero (a
    start that is at the target already) gives those who have it 1 and all others infinity, the limit of the quotient.
    """
    return [[_performance_ratio(time, min(row)) for time in row] for row in table.times]


def performance_profiles(table: TimeTable) -> list[Profile]:
    """Return ρ_s(τ) = share of the tasks with r_{p,s} ≤ τ, for every solver, in the table's order (ibid.).

    Tasks that nobody solves stay in the denominator, so that the right end is the share of all tasks that were
    solved, as in the paper and in AlgoPerf's code. Raises ValueError for a table without tasks.
    """
    if not table.tasks:
        raise ValueError("a performance profile needs at least one task that every optimizer was run on")
    columns = zip(*performance_ratios(table), strict=True)
    return [_profile(name, column) for name, column in zip(table.solvers, columns, strict=True)]


def scores(table: TimeTable, tau_max: float = TAU_MAX) -> dict[str, float]:
    """Return the score of every solver, in the table's order."""
    return {profile.solver: profile.score(tau_max) for profile in performance_profiles(table)}


def score_intervals(table: TimeTable, tau_max: float = TAU_MAX, seed: int = 0) -> dict[str, Interval | None]:
    """Return 95% intervals of the scores over problems; None for fewer than 5 problems. seed: of the resampling.

    Problems are resampled with all their targets and variants, since those are no independent evidence. Raises
    ValueError for a table without tasks.
    """
    performance_profiles(table)
    ratios = _as_array(performance_ratios(table))
    areas = (tau_max - ratios.clip(max=tau_max)) / (tau_max - 1)  # (p, s): the part of each task
    shares = _resample_shares(table, areas, seed)
    if shares is None:
        return dict.fromkeys(table.solvers)
    problems = len(set(_problems(table)))
    return {
        name: percentile_interval(column, column, problems)
        for name, column in zip(table.solvers, shares.T, strict=True)
    }


def profile_bands(table: TimeTable, seed: int = 0) -> list[Band]:
    """Return 95% bands of all profiles at their own steps, resampling problems as `score_intervals` does.

    Empty for fewer than 5 problems. seed: of the resampling.
    """
    import numpy as np

    ratios = _as_array(performance_ratios(table))
    problems = len(set(_problems(table)))
    bands = []
    for index, profile in enumerate(performance_profiles(table)):
        solved = ratios[:, index, None] <= np.array(profile.taus)[None, :]  # (p, k)
        shares = _resample_shares(table, solved.astype(np.float64), seed)
        if shares is None:
            return []
        ends = [percentile_interval(column, column, problems) for column in shares.T]
        bands.append(Band(profile.solver, profile.taus, [end.low for end in ends], [end.high for end in ends]))
    return bands


def _performance_ratio(time: float, best: float) -> float:
    if math.isinf(time):
        return math.inf
    if best == 0:
        return 1.0 if time == 0 else math.inf
    return time / best


def _profile(solver: str, ratios: Sequence[float]) -> Profile:
    solved = sorted(ratio for ratio in ratios if math.isfinite(ratio))
    taus = sorted(set(solved))
    return Profile(solver, taus, [bisect.bisect_right(solved, tau) / len(ratios) for tau in taus])


def _as_array(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    import numpy as np

    return np.array(rows, dtype=np.float64)


def _problems(table: TimeTable) -> list[str]:
    return [task.problem for task in table.tasks]


def _resample_shares(table: TimeTable, values: NDArray[np.float64], seed: int) -> NDArray[np.float64] | None:
    """Return the (B, k) means over tasks of (p, k) values, problems resampled whole; None for too few problems."""
    import numpy as np

    names = list(dict.fromkeys(_problems(table)))
    if len(names) < FEWEST:
        return None
    belongs = np.array([[problem == name for problem in _problems(table)] for name in names], dtype=np.float64)
    sums = resample_sums(np.column_stack([belongs @ values, belongs.sum(1)]), seed)
    return np.asarray(sums[:, :-1] / sums[:, -1:], dtype=np.float64)
