"""Tasks spread over forked processes: results in order, and a process that dies loses only its own task."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Died:
    """What is left of a task whose process ended before it had a result. how: for people."""

    how: str


@dataclass(frozen=True, slots=True)
class _Word:
    content: object


@dataclass(frozen=True, slots=True)
class _Result(Generic[Result]):
    content: Result


@dataclass(frozen=True, slots=True, eq=False)
class _Worker(Generic[Result]):
    position: int
    process: BaseProcess
    connection: Connection


Tell = Callable[[object], None]
"""Sends word to the parent while a task is under way."""


def processors() -> int:
    """How many processes can compute at once here; 1 where forking a process that uses torch is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def in_processes(
    tasks: Sequence[Task], work: Callable[[Task, Tell], Result], processes: int, listen: Tell
) -> Iterator[tuple[Task, Result | Died]]:
    """Each task with its result, in the order of the tasks; at most `processes` at a time.

    `work` runs in a fork of this process, so neither it nor a task needs to be picklable; its result does, and what
    it tells, which `listen` is called with as it comes. An exception in it ends its process, and is `Died`. When this
    generator is closed or interrupted, so are they all.
    """
    waiting = iter(enumerate(tasks))
    running: dict[int, _Worker[Result]] = {}
    done: dict[int, Result | Died] = {}
    try:
        for next_out in range(len(tasks)):
            while next_out not in done:
                while len(running) < processes and (task := next(waiting, None)) is not None:
                    running[task[0]] = _start(*task, work)
                for worker in _heard(running):
                    collected: _Word | _Result[Result] | Died = _receive(worker)
                    if isinstance(collected, _Word):
                        listen(collected.content)
                        continue
                    done[worker.position] = collected if isinstance(collected, Died) else collected.content
                    del running[worker.position]
            yield tasks[next_out], done.pop(next_out)
    finally:
        for worker in running.values():
            worker.process.kill()
            worker.process.join()


def _start(position: int, task: Task, work: Callable[[Task, Tell], Result]) -> _Worker[Result]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sys.stdout.flush()  # or the child would write what is still buffered a second time
    sys.stderr.flush()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_child, args=(work, task, sender), daemon=True)
    process.start()
    sender.close()
    return _Worker(position, process, receiver)


def _child(work: Callable[[Task, Tell], Result], task: Task, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    gc.disable()  # one task and it ends: looking through all that it inherited would cost more than it frees
    sender.send(_Result(work(task, lambda content: sender.send(_Word(content)))))


def _heard(running: dict[int, _Worker[Result]]) -> list[_Worker[Result]]:
    """The workers that have something to say, or never will; waits for the first one."""
    by_handle = {worker.connection: worker for worker in running.values()}
    ready = multiprocessing.connection.wait(list(by_handle))
    return [by_handle[handle] for handle in ready]  # type: ignore[index]


def _receive(worker: _Worker[Result]) -> _Word | _Result[Result] | Died:
    """What a worker sent. One that died closes its end of the pipe, which reads as the end of a file."""
    try:
        result: _Word | _Result[Result] | Died = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        result = Died(_how(worker.process.exitcode))
    if isinstance(result, _Word):
        return result
    worker.connection.close()
    worker.process.join()
    return result


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"
