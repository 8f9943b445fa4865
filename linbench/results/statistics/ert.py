"""The expected running time: the epochs that a success costs, failures included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from linbench.results.statistics.interval import FEWEST, Interval, percentile_interval, resample_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linbench.results.statistics.run_group import Attempt, RunGroup

Unit = Literal["epochs", "evaluations"]

_NO_FAILURE = "no run failed, so the interval counts on none ever failing"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95% interval over seeds. note: why there is no interval, or what the interval leaves out."""

    value: float
    interval: Interval | None
    note: str | None = None


def expected_running_time(group: RunGroup, unit: Unit = "epochs") -> float:
    """Return the ERT, Σ spent by all runs / number of runs that reached the target; infinite if none did.

    A success is charged up to the target, a failure in full: the cost of restarting until a run succeeds (Auger &
    Hansen 2005, CEC, 1777–1784; `aRT` in Hansen et al. 2016, arXiv:1605.03560; COCO as a whole: arXiv:1603.08785).
    unit: epochs, or evaluations of cost and gradient; raises ValueError where evaluations up to the target are not
    known.
    """
    charges = _charges(group.runs, unit)
    reached = sum(success for _, success in charges)
    return sum(spent for spent, _ in charges) / reached if reached else math.inf


def running_time(group: RunGroup, unit: Unit = "epochs", seed: int = 0) -> Estimate:
    """Return the ERT with its interval over seeds.

    seed: of the resampling; the same runs and seed give the same interval.

    Runs are resampled with replacement, each with its success; a resample without success has an infinite ERT and
    still counts, so the upper end is infinite where failures are that likely. See `percentile_interval` for the
    method. Where no run failed, resamples have no failure either; the success rate's interval says how often one may
    still happen.
    """
    value = expected_running_time(group, unit)
    if reason := _no_interval(group):
        return Estimate(value, None, reason)
    import numpy as np

    charges = np.array(_charges(group.runs, unit), dtype=np.float64)
    spent, reached = resample_sums(charges, seed).T
    times = _ratios(spent, reached)
    note = _NO_FAILURE if group.reached == len(charges) else None
    return Estimate(value, percentile_interval(times, times, len(charges)), note)


def running_time_ratio(first: RunGroup, second: RunGroup, unit: Unit = "epochs", seed: int = 0) -> Estimate:
    """Return the ERT of the first over that of the second, on the seeds that both have; below 1 the first is faster.

    Seeds are resampled for both together. A resample in which neither succeeds says nothing, so it counts as 0 for the
    lower end and as infinite for the upper one. NaN without a success of either.
    """
    pairs = pair_by_seed(first, second)
    if not any(a.reached or b.reached for a, b in pairs):
        return Estimate(math.nan, None, "neither reached the target")
    import numpy as np

    one, other = (_charges(side, unit) for side in zip(*pairs, strict=True))
    charges = np.array([(*a, *b) for a, b in zip(one, other, strict=True)], dtype=np.float64)
    value = float(_paired_ratios(charges.sum(0, keepdims=True), math.nan)[0])
    if first.same_for_all_seeds and second.same_for_all_seeds:
        return Estimate(value, None, "every seed gave the same run")
    if len(pairs) < FEWEST:
        return Estimate(value, None, f"fewer than {FEWEST} seeds")
    if (charges == charges[0]).all():
        return Estimate(value, None, "all runs took equally long")
    sums = resample_sums(charges, seed)
    interval = percentile_interval(_paired_ratios(sums, 0.0), _paired_ratios(sums, math.inf), len(pairs))
    return Estimate(value, interval, _NO_FAILURE if all(a.reached and b.reached for a, b in pairs) else None)


def pair_by_seed(first: RunGroup, second: RunGroup) -> list[tuple[Attempt, Attempt]]:
    """Return the runs of two groups that share a seed, in the first one's order; other seeds are left out."""
    others = {run.seed: run for run in second.runs}
    return [(run, others[run.seed]) for run in first.runs if run.seed in others]


def _charges(runs: Sequence[Attempt], unit: Unit) -> list[tuple[int, int]]:
    """Return of each run the epochs or evaluations that it spent, and 1 if it reached the target, else 0."""
    if unit == "epochs":
        return [(run.epochs_spent, int(run.reached)) for run in runs]
    spent = [run.evaluations_spent for run in runs]
    if None in spent:
        raise ValueError("evaluations up to the target are not known where steps differ in them: use epochs")
    return [(count or 0, int(run.reached)) for count, run in zip(spent, runs, strict=True)]


def _no_interval(group: RunGroup) -> str | None:
    runs = group.runs
    if not group.reached:
        return "no run reached the target"
    if group.same_for_all_seeds:
        return "every seed gave the same run"
    if len(runs) < FEWEST:
        return f"fewer than {FEWEST} seeds"
    if len({(run.epochs_spent, run.reached) for run in runs}) == 1:
        return "all runs took equally long"
    return None


def _ratios(spent: NDArray[np.float64], reached: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.divide(spent, reached, out=np.full_like(spent, math.inf), where=reached > 0)


def _paired_ratios(sums: NDArray[np.float64], undetermined: float) -> NDArray[np.float64]:
    """Return the (B,) ratios of two ERTs. sums: (B, 4), spent and reached of the first, then of the second."""
    import numpy as np

    first, second = _ratios(sums[:, 0], sums[:, 1]), _ratios(sums[:, 2], sums[:, 3])
    known = np.isfinite(second) & (second > 0)
    ratio = np.divide(first, second, out=np.full_like(first, undetermined), where=known)
    ratio[np.isinf(second) & np.isfinite(first)] = 0.0
    ratio[(second == 0) & (first > 0)] = math.inf
    return ratio
