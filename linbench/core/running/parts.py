"""Parts of a plan in forked processes: whoever kills or hangs one is found out case by case, and is an `error`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    from linbench.core.request.plan import Case

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """How parts are spread. count: processes at a time. timeout: seconds that a case may take, or None."""

    count: int
    timeout: float | None = None

    def limit(self) -> Callable[[Sequence[object]], Limit] | None:
        """For a part of K cases: `timeout` without a sign of progress, and K times as much in all.

        So a case alone gets the timeout itself, and a batch that advances is not cut off for its size.
        """
        timeout = self.timeout
        return None if timeout is None else lambda part: Limit(timeout, timeout * len(part))


def run_apart(
    engine: Engine,
    parts: Sequence[list[Case]],
    workbench: Workbench,
    observer: Observer,
    trajectories: bool | int,
    processes: ProcessLimits,
) -> Iterator[Sequence[Record]]:
    """The records of each part, trained in a process of its own.

    The cases of a part whose process died, or took too long, come last: each by itself, by the serial loop. Only
    those that fail there too are errors.
    """
    listen = functools.partial(_listen, observer, {case.key: case for part in parts for case in part})
    suspects: list[list[Case]] = []
    for part, result in _spread(engine, parts, workbench, observer, trajectories, processes, listen):
        if not isinstance(result, Died):
            yield result
        elif engine.name == SerialEngine.name and len(part) == 1:
            yield [failed_record(part[0], LinbenchError(result.how), engine.name)]
        else:
            if len(part) > 1:
                observer.note(f"{part[0].optimizer.component.name} runs case by case: {result.how}")
            suspects += [[case] for case in part]
    alone = SerialEngine()
    for (case,), result in _spread(alone, suspects, workbench, observer, trajectories, processes, listen):
        yield [failed_record(case, LinbenchError(result.how), alone.name)] if isinstance(result, Died) else result


def try_apart(items: Sequence[Item], build: Callable[[Item], object], processes: ProcessLimits) -> list[str | None]:
    """Build each in a process of its own, to see whether this one would survive it: how that one died, or None.

    What `build` raises is left to whoever builds it again.
    """

    def work(item: list[Item], _: Tell) -> None:
        with contextlib.suppress(BaseException):
            build(item[0])

    results = in_processes([[item] for item in items], work, processes.count, _ignore, processes.limit())
    return [result.how if isinstance(result, Died) else None for _, result in results]


def _spread(
    engine: Engine,
    parts: Sequence[list[Case]],
    workbench: Workbench,
    observer: Observer,
    trajectories: bool | int,
    processes: ProcessLimits,
    listen: Callable[[Any], None],
) -> Iterator[tuple[list[Case], list[Record] | Died]]:
    work = functools.partial(_work, engine, workbench, trajectories, observer.log_every)
    return in_processes(parts, work, processes.count, listen, processes.limit())


def _work(
    engine: Engine, workbench: Workbench, trajectories: bool | int, log_every: int, part: list[Case], tell: Tell
) -> list[Record]:
    """What a forked process does with one part."""
    import torch

    torch.set_num_threads(1)
    return list(DataGuard(workbench).run(engine, part, _Messenger(tell, log_every), trajectories))


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


def _listen(observer: Observer, cases: dict[str, Case], word: Any) -> None:
    method, *arguments = word
    if method == "started":
        arguments = [cases[arguments[0]]]
    getattr(observer, method)(*arguments)


def _ignore(word: object) -> None:
    """For work that tells nothing."""
