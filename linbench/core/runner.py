"""From a plan to records: what cannot run is skipped, the rest goes to an engine, in one process or several."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from linbench.core.engines.batched import BatchedEngine
from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import LinbenchError, UsageError
from linbench.core.measurement import failed, skipped
from linbench.core.observer import Observer
from linbench.core.pool import Died, Tell, in_processes, processors
from linbench.core.record import TRAINED, Record, StepTime
from linbench.core.timing import step_times, timing_key

if TYPE_CHECKING:
    from linbench.core.engines import Engine
    from linbench.core.plan import Case, Plan
    from linbench.core.workbench import Workbench

EngineName = Literal["auto", "serial", "batched"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

WORTH_A_PROCESS = 1_000
"""Epochs from which on training takes clearly longer than starting a process for it, some 20 ms."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How cases are run; none of it changes what comes out, but for rounding.

    engine: `auto` is `batched`, or `serial` where somebody watches every epoch. jobs: processes; None takes one for
    each processor, where there is enough to do. max_lanes: cases per batch at most, None chooses. trajectories: keep
    the cost curves, True for every epoch or about so many points. timing: measure the time per step. Raises UsageError for values that cannot be.
    """

    engine: EngineName = "auto"
    jobs: int | None = 1
    max_lanes: int | None = None
    trajectories: bool | int = False
    timing: bool = True

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"jobs must be at least 1, not {self.jobs}")
        if self.max_lanes is not None and self.max_lanes < 1:
            raise UsageError(f"max lanes must be at least 1, not {self.max_lanes}")

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


def check_problems(plan: Plan, workbench: Workbench) -> None:
    """Build each problem once, so that unusable data is an error before anything runs.

    Raises LinbenchError; what else a third party's problem raises comes up again when its cases run.
    """
    for choice in plan.problems:
        try:
            problem = workbench.problem(choice, plan.seeds[0])
        except LinbenchError:
            raise
        except Exception:
            continue
        workbench.check_prediction(problem)


def run(plan: Plan, workbench: Workbench, execution: Execution, observer: Observer | None = None) -> Iterator[Record]:
    """Yield the record of every case as it is done, those of a batch together."""
    observer = observer or Observer()
    engine = execution.make_engine(observer)
    times = _step_times(plan, workbench) if execution.timing else {}
    runnable: list[Case] = []
    for case in plan:
        record = _refusal(case, workbench)
        if record is None:
            runnable.append(case)
        else:
            observer.finished(record)
            yield record
    tasks = list(engine.split(runnable, workbench, execution.processes))
    way = _in_processes if _spread(tasks, plan, observer, execution) else _in_turn
    for records in way(engine, tasks, workbench, observer, execution):
        for record in records:
            timed = _timed(record, times)
            observer.finished(timed)
            yield timed


def in_plan_order(plan: Iterable[Case], records: Iterable[Record]) -> list[Record]:
    """Records sorted as the plan's cases are; cases without one are left out."""
    by_key = {record.key: record for record in records}
    keys = (case.key for case in plan)
    return [by_key[key] for key in keys if key in by_key]


def _spread(tasks: Sequence[list[Case]], plan: Plan, observer: Observer, execution: Execution) -> bool:
    """Whether the tasks go to processes of their own: where that was asked for, or is worth it."""
    if execution.processes == 1 or observer.log_every or any(choice.label != "cpu" for choice in plan.devices):
        return False
    return execution.jobs is not None or (len(tasks) > 1 and plan.settings.epochs >= WORTH_A_PROCESS)


def _in_turn(
    engine: Engine, tasks: Iterable[list[Case]], workbench: Workbench, observer: Observer, execution: Execution
) -> Iterator[Iterable[Record]]:
    for task in tasks:
        yield engine.run(task, workbench, observer, execution.trajectories)


def _in_processes(
    engine: Engine, tasks: list[list[Case]], workbench: Workbench, observer: Observer, execution: Execution
) -> Iterator[Iterable[Record]]:
    def listen(word: Any) -> None:
        method, argument = word
        getattr(observer, method)(argument)

    work = functools.partial(_work, engine, workbench, execution.trajectories)
    for task, result in in_processes(tasks, work, execution.processes, listen):
        if isinstance(result, Died):
            yield [failed(case, LinbenchError(result.how), engine.name) for case in task]
        else:
            yield result


def _work(engine: Engine, workbench: Workbench, trajectories: bool | int, task: list[Case], tell: Tell) -> list[Record]:
    """What a forked process does with one task."""
    import torch

    torch.set_num_threads(1)
    return list(engine.run(task, workbench, _Messenger(tell), trajectories))


class _Messenger(Observer):
    """Passes on to the parent process what there is to see while a task is under way."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def advanced(self, run_epochs: int) -> None:
        self._tell(("advanced", run_epochs))

    def note(self, line: str) -> None:
        self._tell(("note", line))


def _step_times(plan: Plan, workbench: Workbench) -> Mapping[Hashable, StepTime]:
    """The time per step, once for all cases that differ in seed or in the size of numbers only."""
    first: dict[Hashable, Case] = {}
    for case in dataclasses.replace(plan, seeds=plan.seeds[:1]):
        if _refusal(case, workbench) is None:
            first.setdefault(timing_key(case), case)
    return step_times(first, workbench)


def _timed(record: Record, times: Mapping[Hashable, StepTime]) -> Record:
    if not times or record.status not in TRAINED:
        return record
    return dataclasses.replace(record, step_time=times.get(timing_key(record)))


def _refusal(case: Case, workbench: Workbench) -> Record | None:
    try:
        reason = workbench.device(case.device).unavailable()
    except Exception as error:  # third-party code
        return failed(case, error, "none")
    return None if reason is None else skipped(case, reason)
