"""Tables of times, of which profiles and scores are made: one time for each solver and task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.summary import quantiles
from linbench.results.statistics.targets import at_targets

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.results.statistics.run_group import RunGroup, Setting

MOST_PROFILED = 50
"""The most groups of runs in one set of profiles; of more, a reader should say which."""


class Factor(StrEnum):
    """A factor of a table, of which one level may be left out."""

    OPTIMIZER = "optimizer"
    PROBLEM = "problem"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Task:
    """One problem to be solved to one target. variant: the rest of the setting, as model, device and dtype."""

    problem: str
    target: float
    variant: str = ""


@dataclass(frozen=True, slots=True)
class TimeTable:
    """Times of every solver for every task, in any unit, infinite for failures.

    solvers: (s,). tasks: (p,). times: (p, s). left_out: the tasks that are missing, each with a reason.
    Raises ValueError for times of another shape, NaN or below zero.
    """

    solvers: Sequence[str]
    tasks: Sequence[Task]
    times: Sequence[Sequence[float]]
    left_out: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.times) != len(self.tasks) or any(len(row) != len(self.solvers) for row in self.times):
            raise ValueError(f"times must be {len(self.tasks)} tasks × {len(self.solvers)} solvers")
        if any(not time >= 0 for row in self.times for time in row):
            raise ValueError("times must be numbers of at least zero, or infinite for failures")

    def names(self, factor: Factor) -> list[str]:
        """Return the levels of a factor by name, in order of first appearance."""
        if factor is Factor.OPTIMIZER:
            return list(self.solvers)
        return list(dict.fromkeys(_level(task, factor) for task in self.tasks))

    def without(self, factor: Factor, name: str) -> TimeTable:
        """Return the table without one optimizer, one problem with all its targets, or one target of all problems."""
        if factor is Factor.OPTIMIZER:
            rest = [index for index, solver in enumerate(self.solvers) if solver != name]
            times = [[row[index] for index in rest] for row in self.times]
            return TimeTable([self.solvers[index] for index in rest], self.tasks, times, self.left_out)
        rows = [(task, row) for task, row in zip(self.tasks, self.times, strict=True) if _level(task, factor) != name]
        return TimeTable(self.solvers, [task for task, _ in rows], [row for _, row in rows], self.left_out)


def profile_table(records: Sequence[Record]) -> TimeTable | None:
    """Return median epochs to target, over problems × targets where there are trajectories, else over problems.

    None where there is nothing to profile: fewer than two optimizers, one task only, or more than `MOST_PROFILED`
    groups of runs.
    """
    groups = group_runs(records)
    if len(groups) > MOST_PROFILED or len({group.optimizer for group in groups}) < 2:
        return None
    table = time_table(groups)
    if any(record.trajectory is not None for record in records):
        at_all = time_table(group_runs(at_targets(records)))
        table = at_all if len(at_all.tasks) > len(table.tasks) else table
    return table if len(table.tasks) > 1 else None


def median_time(group: RunGroup) -> float:
    """Return the median of epochs to the target over seeds; infinite where half of the runs or more failed."""
    median = quantiles(run.time for run in group.runs).median
    return math.inf if median is None else median


def time_table(groups: Iterable[RunGroup], time: Callable[[RunGroup], float] = median_time) -> TimeTable:
    """Return the times of optimizers (with their parameters) × tasks; a task is a setting.

    time: one number for all seeds of a group, `median_time` as in AlgoPerf, or `expected_running_time`.
    A ratio to the best needs every optimizer on every task. A task on which some optimizer was not run, or was
    skipped, is left out and named in `left_out`, since a run that never was is no failure.
    """
    groups = list(groups)
    solvers = list(dict.fromkeys(group.optimizer for group in groups))
    cells: dict[Setting, dict[str, float]] = {}
    for group in groups:
        row = cells.setdefault(group.setting, {})
        if group.runs:
            row[group.optimizer] = time(group)
    whole = {setting: row for setting, row in cells.items() if len(row) == len(solvers)}
    left_out = [
        f"{_task_text(setting)}: not run with {', '.join(name for name in solvers if name not in row)}"
        for setting, row in cells.items()
        if setting not in whole
    ]
    times = [[row[name] for name in solvers] for row in whole.values()]
    return TimeTable(solvers, list(map(_task, whole)), times, left_out)


def _level(task: Task, factor: Factor) -> str:
    return task.problem if factor is Factor.PROBLEM else f"{task.target:g}"


def _task(setting: Setting) -> Task:
    batch = "full batch" if setting.batch_size is None else f"batches of {setting.batch_size}"
    variant = f"{setting.model}, {setting.device}, {setting.dtype}, {batch}, {setting.epochs} epochs"
    return Task(setting.problem, setting.target, variant)


def _task_text(setting: Setting) -> str:
    return f"{setting.problem} to {setting.target:g} ({_task(setting).variant})"
