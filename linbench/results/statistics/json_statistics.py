"""Statistics over seeds as plain dictionaries, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linbench.results.statistics.ert import running_time
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.summary import summarize

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.results.statistics.interval import Interval
    from linbench.results.statistics.run_group import RunGroup

MOST_GROUPS = 200
"""The most groups that are described; for a sweep of thousands of settings the records have to do."""


def statistics_of(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return one dictionary for each group of runs that differ in their seed.

    The list is empty without several seeds, and for more than `MOST_GROUPS` groups. `epochs` and `gap`: minimum,
    quartiles, maximum, None for what was not reached. `expected_running_time`: epochs, None without a success;
    intervals are [low, high] with 95%, None where there is none.
    """
    if len({record.seed for record in records}) < 2:  # one run is no sample
        return []
    groups = group_runs(records)
    return [] if len(groups) > MOST_GROUPS else [_as_dict(group) for group in groups]


def _as_dict(group: RunGroup) -> dict[str, Any]:
    summary, time = summarize(group), running_time(group)
    return {
        "problem": group.setting.problem,
        "model": group.setting.model,
        "optimizer": group.optimizer,
        "device": group.setting.device,
        "runs": summary.runs,
        "reached": summary.reached,
        "statuses": {status.value: count for status, count in summary.statuses.items()},
        "success_rate": summary.success_rate,
        "success_interval": _ends(summary.success_interval),
        "epochs": asdict(summary.epochs),
        "gap": asdict(summary.gap),
        "expected_running_time": time.value if math.isfinite(time.value) else None,
        "expected_running_time_interval": _ends(time.interval),
    }


def _ends(interval: Interval | None) -> list[float | None] | None:
    if interval is None:
        return None
    return [end if math.isfinite(end) else None for end in (interval.low, interval.high)]
