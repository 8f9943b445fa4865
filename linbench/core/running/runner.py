"""From a plan to records: what cannot run is skipped, the rest goes to an engine, in one process or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from linbench.core.observer import Observer
from linbench.core.outcome.record import TRAINED, Record, StepTime
from linbench.core.running.admission import admit
from linbench.core.running.data_guard import DataGuard
from linbench.core.running.parts import ProcessLimits, Training, run_apart, run_in_turn
from linbench.core.running.step_times import step_times, timing_key
from linbench.core.running.step_times_apart import times_apart

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan
    from linbench.core.running.execution import Execution

WORTH_A_PROCESS = 1_000
"""Epochs from which on training takes clearly longer than starting a process for it, some 20 ms."""


def run(plan: Plan, workbench: Workbench, execution: Execution, observer: Observer | None = None) -> Iterator[Record]:
    """Yield the record of every case as it is done, those of a batch together.

    Raises UsageError where cases are to be kept apart and cannot be.
    """
    observer = observer or Observer()
    training = Training(execution.make_engine(observer), workbench, observer, execution.trajectories)
    runnable, refusals = admit(plan, workbench, execution.isolation)
    parts = list(training.engine.split(runnable, workbench, execution.process_count))
    limits = _limits(parts, plan, observer, execution)
    times = _measure_steps(runnable, workbench, limits) if execution.timing else {}
    for record in refusals:
        observer.finished(record)
        yield record
    for records in run_in_turn(training, parts) if limits is None else run_apart(training, parts, limits):
        for record in records:
            timed = _add_step_time(record, times)
            observer.finished(timed)
            yield timed


def in_plan_order(plan: Iterable[Case], records: Iterable[Record]) -> list[Record]:
    """Sort records as the plan's cases are; cases without one are left out."""
    by_key = {record.key: record for record in records}
    keys = (case.key for case in plan)
    return [by_key[key] for key in keys if key in by_key]


def _limits(parts: Sequence[list[Case]], plan: Plan, observer: Observer, execution: Execution) -> ProcessLimits | None:
    """Return the limits of the processes that train, where they are asked for or are worth it; else None."""
    if execution.isolation is not None:
        return dataclasses.replace(execution.isolation, count=1) if observer.log_every else execution.isolation
    count = execution.process_count
    if count == 1 or observer.log_every or any(choice.label != "cpu" for choice in plan.devices):
        return None
    worth_it = len(parts) > 1 and plan.settings.epochs >= WORTH_A_PROCESS
    return ProcessLimits(count=count) if execution.jobs is not None or worth_it else None


def _measure_steps(
    cases: Sequence[Case], workbench: Workbench, limits: ProcessLimits | None
) -> Mapping[Hashable, StepTime]:
    """Measure the time per step, once for all cases that differ in seed or in the size of numbers only."""
    first: dict[Hashable, Case] = {}
    for case in cases:
        if case.seed == cases[0].seed:
            first.setdefault(timing_key(case), case)
    if limits is not None:
        return times_apart(first, workbench, step_times, limits.timeout)
    guard = DataGuard(workbench)
    data = guard.keep(first.values())
    times = step_times(first, workbench)
    guard.put_back(data)
    return times


def _add_step_time(record: Record, times: Mapping[Hashable, StepTime]) -> Record:
    if not times or record.status not in TRAINED:
        return record
    return dataclasses.replace(record, step_time=times.get(timing_key(record)))
