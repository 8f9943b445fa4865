"""From a plan to records: what cannot run is skipped, the rest goes to an engine, in one process or several."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from linbench.core.engines.batched import BatchedEngine
from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import UsageError
from linbench.core.observer import Observer
from linbench.core.outcome.record import TRAINED, Record, StepTime
from linbench.core.running.admission import admit
from linbench.core.running.data_guard import DataGuard
from linbench.core.running.parts import ProcessLimits, run_apart
from linbench.core.running.pool import processors
from linbench.core.running.step_times import step_times, timing_key
from linbench.core.running.step_times_apart import times_apart

if TYPE_CHECKING:
    from linbench.core.engines.engine import Engine
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.plan import Case, Plan

EngineName = Literal["auto", "serial", "batched"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

WORTH_A_PROCESS = 1_000
"""Epochs from which on training takes clearly longer than starting a process for it, some 20 ms."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How cases are run; none of it changes what comes out, but for rounding.

    engine: `auto` is `batched`, or `serial` where somebody watches every epoch. jobs: processes; None takes one for
    each processor, where there is enough to do. max_lanes: cases per batch at most, None chooses. trajectories: keep
    the cost curves, True for every epoch or about so many points. timing: measure the time per step.
    timeout: seconds after which a case is stopped and is an error; None for never. isolate: train in processes of
    their own, so that one that dies is an error of its case alone; a timeout does that too.
    Raises UsageError for values that cannot be.
    """

    engine: EngineName = "auto"
    jobs: int | None = 1
    max_lanes: int | None = None
    trajectories: bool | int = False
    timing: bool = True
    timeout: float | None = None
    isolate: bool = False

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"jobs must be at least 1, not {self.jobs}")
        if self.max_lanes is not None and self.max_lanes < 1:
            raise UsageError(f"max lanes must be at least 1, not {self.max_lanes}")
        if self.timeout is not None and not (0 < self.timeout < math.inf):
            raise UsageError(f"timeout must be a positive number of seconds, not {self.timeout:g}")

    @property
    def apart(self) -> ProcessLimits | None:
        """The processes that keep cases apart, where that is asked for."""
        return ProcessLimits(self.processes, self.timeout) if self.isolate or self.timeout is not None else None

    @property
    def processes(self) -> int:
        """How many processes may train at once."""
        return self.jobs if self.jobs is not None else processors()

    def make_engine(self, observer: Observer) -> Engine:
        """The engine; raises UsageError where a training log is wanted of one that has no single loop to log."""
        if observer.log_every and self.engine == "batched":
            raise UsageError("a training log needs the serial engine: --engine serial")
        if self.engine == "serial" or observer.log_every:
            return SerialEngine()
        return BatchedEngine(self.max_lanes)


def run(plan: Plan, workbench: Workbench, execution: Execution, observer: Observer | None = None) -> Iterator[Record]:
    """Yield the record of every case as it is done, those of a batch together.

    Raises UsageError where cases are to be kept apart and cannot be.
    """
    observer = observer or Observer()
    engine = execution.make_engine(observer)
    runnable, refused = admit(plan, workbench, execution.apart)
    parts = list(engine.split(runnable, workbench, execution.processes))
    processes = _processes(parts, plan, observer, execution)
    times = _step_times(runnable, workbench, processes) if execution.timing else {}
    for record in refused:
        observer.finished(record)
        yield record
    if processes is None:
        results = _in_turn(engine, parts, workbench, observer, execution.trajectories)
    else:
        results = run_apart(engine, parts, workbench, observer, execution.trajectories, processes)
    for records in results:
        for record in records:
            timed = _timed(record, times)
            observer.finished(timed)
            yield timed


def in_plan_order(plan: Iterable[Case], records: Iterable[Record]) -> list[Record]:
    """Records sorted as the plan's cases are; cases without one are left out."""
    by_key = {record.key: record for record in records}
    keys = (case.key for case in plan)
    return [by_key[key] for key in keys if key in by_key]


def _processes(
    parts: Sequence[list[Case]], plan: Plan, observer: Observer, execution: Execution
) -> ProcessLimits | None:
    """The processes that the parts go to: where that was asked for, or is worth it; else None."""
    if execution.apart is not None:
        return dataclasses.replace(execution.apart, count=1) if observer.log_every else execution.apart
    count = execution.processes
    if count == 1 or observer.log_every or any(choice.label != "cpu" for choice in plan.devices):
        return None
    worth_it = len(parts) > 1 and plan.settings.epochs >= WORTH_A_PROCESS
    return ProcessLimits(count) if execution.jobs is not None or worth_it else None


def _in_turn(
    engine: Engine, parts: Iterable[list[Case]], workbench: Workbench, observer: Observer, trajectories: bool | int
) -> Iterator[Iterable[Record]]:
    guard = DataGuard(workbench)
    for part in parts:
        yield guard.run(engine, part, observer, trajectories)


def _step_times(
    cases: Sequence[Case], workbench: Workbench, processes: ProcessLimits | None
) -> Mapping[Hashable, StepTime]:
    """The time per step, once for all cases that differ in seed or in the size of numbers only."""
    first: dict[Hashable, Case] = {}
    for case in cases:
        if case.seed == cases[0].seed:
            first.setdefault(timing_key(case), case)
    if processes is not None:
        return times_apart(first, workbench, step_times, processes.timeout)
    guard = DataGuard(workbench)
    data = guard.keep(first.values())
    times = step_times(first, workbench)
    guard.put_back(data)
    return times


def _timed(record: Record, times: Mapping[Hashable, StepTime]) -> Record:
    if not times or record.status not in TRAINED:
        return record
    return dataclasses.replace(record, step_time=times.get(timing_key(record)))
