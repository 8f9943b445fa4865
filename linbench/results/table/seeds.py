"""Statistics over seeds below the table of a comparison: a table of running times, and its reading in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.results.table import numbers
from linbench.results.table.layout import Column, lay_out

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.results.statistics.run_group import RunGroup

MOST_DESCRIBED_GROUPS = 12
"""The most optimizers × models that are described in words; of more, pairs alone would fill pages."""

_MEANING = "expected running time: epochs of all runs ÷ runs that reached the target, with a 95% bootstrap interval"


@dataclass(frozen=True, slots=True)
class SeedStatistics:
    """A table of running times over seeds, one line on its meaning, and sentences on the conclusions it allows."""

    table: str
    meaning: str
    readings: Sequence[str]


def seed_statistics(records: Sequence[Record], style: str, width: int) -> SeedStatistics | None:
    """Return the statistics over seeds; None for a single seed, for no runs, and for more than 12 groups of runs."""
    if len({record.seed for record in records}) < 2:
        return None
    from linbench.results.statistics.run_group import group_runs

    groups = [group for group in group_runs(records) if group.runs]
    if not groups or len(groups) > MOST_DESCRIBED_GROUPS:
        return None
    table = lay_out(groups, _columns(groups), style, width).text
    return SeedStatistics(table, _MEANING, _readings(groups))


def _columns(groups: Sequence[RunGroup]) -> list[Column[RunGroup]]:
    columns: list[Column[RunGroup]] = [
        Column("problem", lambda group: group.setting.problem, "left"),
        Column("model", lambda group: group.setting.model, "left"),
    ]
    return [
        Column("over seeds", lambda group: group.optimizer, "left"),
        *(column for column in columns if len({column.write(group) for group in groups}) > 1),
        Column("reached", lambda group: f"{group.reached}/{len(group.runs)}"),
        Column("epochs:\nquartiles", _quartiles),
        Column("min–max", _extremes),
        Column("expected\nrunning time", _running_time),
    ]


def _quartiles(group: RunGroup) -> str:
    from linbench.results.statistics.summary import summarize

    q = summarize(group).epochs
    return " ".join(numbers.integer(value) for value in (q.lower_quartile, q.median, q.upper_quartile))


def _extremes(group: RunGroup) -> str:
    from linbench.results.statistics.summary import summarize

    q = summarize(group).epochs
    if q.minimum is None:
        return numbers.NOTHING
    return f"{numbers.integer(q.minimum)}–{'∞' if q.maximum is None else numbers.integer(q.maximum)}"


def _running_time(group: RunGroup) -> str:
    from linbench.results.statistics.ert import running_time

    estimate = running_time(group)
    if math.isinf(estimate.value):
        return "∞"
    value = numbers.significant(estimate.value, 4)
    if estimate.interval is None:
        return value
    low, high = (numbers.significant(end, 4) for end in (estimate.interval.low, estimate.interval.high))
    return f"{value} [{low}, {high}]"


def _readings(groups: Sequence[RunGroup]) -> list[str]:
    from linbench.results.statistics.reading import readings, score_readings
    from linbench.results.statistics.times import time_table

    lines = readings(groups)
    problems = {group.setting.problem for group in groups}
    optimizers = {group.optimizer for group in groups}
    if len(problems) > 1 and len(optimizers) > 1:
        lines += score_readings(time_table(groups))
    return lines
