"""Training the parts of a plan: one after the other here, or in forked processes.

Whoever kills or hangs a process is found out case by case, and is an `error`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import LinbenchError
from linbench.core.observer import Observer
from linbench.core.outcome.measurement import failed_record
from linbench.core.running.data_guard import DataGuard
from linbench.core.running.pool import Died, Limit, Tell, in_processes

if TYPE_CHECKING:
    from linbench.core.engines.engine import Engine
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Training:
    """How parts are trained. trajectories: keep the cost curves; a number thins them to about so many points."""

    engine: Engine
    workbench: Workbench
    observer: Observer
    trajectories: bool | int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """How parts are spread. count: processes at a time. timeout: seconds that a case may take, or None."""

    count: int
    timeout: float | None = None

    def for_part(self) -> Callable[[Sequence[object]], Limit] | None:
        """Return the limit of a part of K cases: `timeout` without a sign of progress, and K times as much in all.

        So a case alone gets the timeout itself, and a batch that advances is not cut off for its size.
        """
        timeout = self.timeout
        return None if timeout is None else lambda part: Limit(timeout, timeout * len(part))


def run_in_turn(training: Training, parts: Iterable[list[Case]]) -> Iterator[Iterable[Record]]:
    """Yield the records of each part, trained in this process."""
    guard = DataGuard(training.workbench)
    for part in parts:
        yield guard.run(training.engine, part, training.observer, training.trajectories)


def run_apart(training: Training, parts: Sequence[list[Case]], limits: ProcessLimits) -> Iterator[Sequence[Record]]:
    """Yield the records of each part, trained in a process of its own.

    The cases of a part whose process died, or took too long, come last: each by itself, by the serial loop. Only
    those that fail there too are errors.
    """
    engine, observer = training.engine, training.observer
    listen = functools.partial(_pass_on, observer, {case.key: case for part in parts for case in part})
    suspects: list[list[Case]] = []
    for part, result in _spread(training, parts, limits, listen):
        if not isinstance(result, Died):
            yield result
        elif engine.name == SerialEngine.name and len(part) == 1:
            yield [failed_record(part[0], LinbenchError(result.how), engine.name)]
        else:
            if len(part) > 1:
                observer.note(f"{part[0].optimizer.component.name} runs case by case: {result.how}")
            suspects += [[case] for case in part]
    alone = replace(training, engine=SerialEngine())
    for (case,), result in _spread(alone, suspects, limits, listen):
        if isinstance(result, Died):
            result = [failed_record(case, LinbenchError(result.how), alone.engine.name)]
        yield result


def try_apart(items: Sequence[Item], build: Callable[[Item], object], limits: ProcessLimits) -> list[str | None]:
    """Build each in a process of its own, to see whether this one would survive it: how that one died, or None.

    What `build` raises is left to whoever builds it again.
    """

    def work(item: list[Item], _: Tell) -> None:
        with contextlib.suppress(BaseException):
            build(item[0])

    results = in_processes([[item] for item in items], work, limits.count, _ignore, limits.for_part())
    return [result.how if isinstance(result, Died) else None for _, result in results]


def _spread(
    training: Training, parts: Sequence[list[Case]], limits: ProcessLimits, listen: Callable[[Any], None]
) -> Iterator[tuple[list[Case], list[Record] | Died]]:
    work = functools.partial(_train_part, training)
    return in_processes(parts, work, limits.count, listen, limits.for_part())


def _train_part(training: Training, part: list[Case], tell: Tell) -> list[Record]:
    """Train one part in a forked process."""
    import torch

    torch.set_num_threads(1)
    messenger = _Messenger(tell, training.observer.log_every)
    return list(DataGuard(training.workbench).run(training.engine, part, messenger, training.trajectories))


class _Messenger(Observer):
    """Passes on to the parent process what there is to see while a part is under way."""

    def __init__(self, tell: Tell, log_every: int) -> None:
        self._tell, self.log_every = tell, log_every

    def started(self, case: Case) -> None:
        if self.log_every:
            self._tell(("started", case.key))  # a case may hold what cannot be sent

    def epoch(
        self, epoch: int, weight: Sequence[Sequence[float]] | None, bias: Sequence[float] | None, cost: float
    ) -> None:
        self._tell(("epoch", epoch, weight, bias, cost))

    def advanced(self, run_epochs: int) -> None:
        self._tell(("advanced", run_epochs))

    def note(self, line: str) -> None:
        self._tell(("note", line))


def _pass_on(observer: Observer, cases: dict[str, Case], word: Any) -> None:
    """Call the observer's method that a messenger named, in the parent process."""
    method, *arguments = word
    if method == "started":
        arguments = [cases[arguments[0]]]
    getattr(observer, method)(*arguments)


def _ignore(word: object) -> None:
    """Ignore a word of work that tells nothing."""
