"""Confidence intervals: exact ones of proportions, and of everything else by resampling whole observations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95
"""The confidence of every interval, and 1 − the error rate of every claim."""

RESAMPLES = 9999
"""Bootstrap resamples; one less than a round number makes the quantiles order statistics (Davison & Hinkley 1997)."""

FEWEST = 5
"""The fewest observations for an interval by resampling: from 3 it would hold the truth three times in four only."""

_DRAWS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% confidence interval, ends included; `high` may be infinite."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def proportion_interval(successes: int, runs: int) -> Interval:
    """Return the Clopper–Pearson interval of a success rate: at least 95% coverage for every rate and number of runs.

    low = B(α/2; k, n − k + 1), high = B(1 − α/2; k + 1, n − k), with quantiles B of the beta distribution
    (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404); `scipy.stats.binomtest(k, n).proportion_ci()`, computed with
    `scipy.special`, which imports in a third of the time. Raises ValueError unless 0 ≤ successes ≤ runs and runs > 0.
    """
    if not 0 <= successes <= runs or runs == 0:
        raise ValueError(f"{successes} successes in {runs} runs are no proportion")
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    tail = (1 - LEVEL) / 2
    low = betaincinv(successes, runs - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, runs - successes, 1 - tail) if successes < runs else 1.0
    return Interval(float(low), float(high))


def percentile_interval(low: NDArray[np.float64], high: NDArray[np.float64], observations: int) -> Interval:
    """Return the expanded percentile interval of a statistic's bootstrap distribution.

    low, high: (B,), the statistic of every resample; twice the same, unless a resample leaves it undetermined between
    two values. Either may be infinite. observations: n, the number of observations behind each resample. Raises
    ValueError for n < `FEWEST`.

    It is the percentile interval at α' = Φ(−√(n/(n − 1)) · t) instead of α/2, t being Student's quantile with n − 1
    degrees of freedom: the plain one is too short for few observations (Hesterberg 2015, The American Statistician
    69:371–386, arXiv:1411.5279). BCa, scipy's default, needs a finite jackknife and a spread, and running
    times of optimizers that fail have neither; percentiles are order statistics, to which infinity does no harm.
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    n = observations
    if n < FEWEST:
        raise ValueError(f"no interval can be computed from {n} observations: at least {FEWEST} are needed")
    tail = float(ndtr(-math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + LEVEL) / 2)))
    position = max(1, math.floor((len(low) + 1) * tail))
    return Interval(float(np.sort(low)[position - 1]), float(np.sort(high)[-position]))


def resample_sums(values: NDArray[np.float64], seed: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """Return column sums over n rows drawn with replacement, once for every resample: (resamples, k).

    values: (n, k), finite. The same values and seed give the same sums; rows are drawn whole, so paired columns stay
    paired.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    n = len(values)
    sums = []
    for start in range(0, resamples, block := max(1, _DRAWS_AT_ONCE // n)):
        count = min(block, resamples - start)
        drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)
        sums.append(times @ values)
    return np.concatenate(sums)
