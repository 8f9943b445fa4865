"""One group of runs in a few numbers, failures included: no mean of the runs that happened to succeed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.outcome.record import Status
from linbench.results.statistics.interval import Interval, proportion_interval

if TYPE_CHECKING:
    from linbench.results.statistics.run_group import RunGroup


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Minimum, quartiles and maximum; None for an infinite one, that is, one that was not reached."""

    minimum: float | None = None
    lower_quartile: float | None = None
    median: float | None = None
    upper_quartile: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One group of runs in numbers.

    runs: the number of runs, without skipped ones. reached: the number that reached the target. statuses: the number
    of runs by status, skipped ones too. success_rate: reached / runs; None without runs. success_interval: 95%,
    Clopper–Pearson; None without runs, and where every seed gave the same run, which repeats nothing.
    epochs: epochs to the target over all runs, failures infinite. gap: of the final costs, missing ones infinite.
    """

    runs: int
    reached: int
    statuses: Mapping[Status, int]
    success_rate: float | None
    success_interval: Interval | None
    epochs: Quantiles
    gap: Quantiles


def summarize(group: RunGroup) -> Summary:
    """Return the group in numbers; every run counts, and one that diverged or raised never arrived."""
    runs = group.runs
    independent = bool(runs) and not group.same_for_all_seeds
    return Summary(
        runs=len(runs),
        reached=group.reached,
        statuses={status: group.count(status) for status in Status if group.count(status)},
        success_rate=group.reached / len(runs) if runs else None,
        success_interval=proportion_interval(group.reached, len(runs)) if independent else None,
        epochs=quantiles(run.time for run in runs),
        gap=quantiles(run.gap for run in runs),
    )


def quantiles(values: Iterable[float | None]) -> Quantiles:
    """Return the quantiles of values of which None and NaN are infinitely bad; all None for no values.

    Between two order statistics they are interpolated (Hyndman & Fan 1996, definition 7; numpy's default), so a median
    of which either middle value is infinite was not reached: it is enough that half of the runs failed.
    """
    ordered = sorted(math.inf if value is None or math.isnan(value) else value for value in values)
    if not ordered:
        return Quantiles()
    return Quantiles(
        minimum=_quantile(ordered, 0),
        lower_quartile=_quantile(ordered, 0.25),
        median=_quantile(ordered, 0.5),
        upper_quartile=_quantile(ordered, 0.75),
        maximum=_quantile(ordered, 1),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    position = share * (len(ordered) - 1)
    below, weight = math.floor(position), position % 1
    value = ordered[below]
    if weight and value < math.inf:
        above = ordered[below + 1]
        value = math.inf if math.isinf(above) else value + weight * (above - value)
    return value if math.isfinite(value) else None
