"""The table that profiles and scores are made of: how long each solver took for each task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from linbench.results.statistics.summary import quantiles

if TYPE_CHECKING:
    from linbench.results.statistics.run_group import RunGroup, Setting


class Axis(StrEnum):
    """What may be left out of a table."""

    OPTIMIZER = "optimizer"
    PROBLEM = "problem"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Task:
    """One problem to be solved to one target. variant: in what else tasks differ, the model and the device say."""

    problem: str
    target: float
    variant: str = ""


@dataclass(frozen=True, slots=True)
class TimeTable:
    """Times of every solver for every task, in any unit, infinite for failures.

    solvers: (s,); tasks: (p,); times: (p, s). left_out: what is missing from the table, each with a reason.
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

    def names(self, axis: Axis) -> list[str]:
        """What there is along an axis, in order of first appearance."""
        if axis is Axis.OPTIMIZER:
            return list(self.solvers)
        return list(dict.fromkeys(_name(task, axis) for task in self.tasks))

    def without(self, axis: Axis, name: str) -> TimeTable:
        """The table without one optimizer, one problem with all its targets, or one target of all problems."""
        if axis is Axis.OPTIMIZER:
            kept = [index for index, solver in enumerate(self.solvers) if solver != name]
            times = [[row[index] for index in kept] for row in self.times]
            return TimeTable([self.solvers[index] for index in kept], self.tasks, times, self.left_out)
        rows = [(task, row) for task, row in zip(self.tasks, self.times, strict=True) if _name(task, axis) != name]
        return TimeTable(self.solvers, [task for task, _ in rows], [row for _, row in rows], self.left_out)


def median_time(group: RunGroup) -> float:
    """The median of epochs to the target over seeds; infinite where half of the runs or more failed."""
    median = quantiles(run.time for run in group.runs).median
    return math.inf if median is None else median


def time_table(groups: Iterable[RunGroup], time: Callable[[RunGroup], float] = median_time) -> TimeTable:
    """Optimizers (with their parameters) × tasks; a task is a setting.

    time: one number for all seeds of a group, `median_time` as in AlgoPerf, or `expected_running_time`.
    A ratio to the best needs every optimizer on every task: tasks that one was not run on, or was skipped on, are
    left out and named in `left_out`, for a run that never was is no failure.
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


def _name(task: Task, axis: Axis) -> str:
    return task.problem if axis is Axis.PROBLEM else f"{task.target:g}"


def _task(setting: Setting) -> Task:
    batch = "full batch" if setting.batch_size is None else f"batches of {setting.batch_size}"
    variant = f"{setting.model}, {setting.device}, {setting.dtype}, {batch}, {setting.epochs} epochs"
    return Task(setting.problem, setting.target, variant)


def _task_text(setting: Setting) -> str:
    return f"{setting.problem} to {setting.target:g} ({_task(setting).variant})"
