"""Tasks spread over forked processes: results in order, and a process that dies or hangs loses only its own task."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from linbench.core.errors import one_line

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Task = TypeVar("Task")
Result = TypeVar("Result")

_LOOK_AROUND = 1.0
"""Seconds between looks for processes that died without a word: what they forked may hold their pipe open."""

_TIME_TO_END = 1.0
"""Seconds that a process has to end once it has sent its result; a thread of a third party may keep it."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a task may take. silence: seconds between words of it. total: seconds in all."""

    silence: float
    total: float


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


@dataclass(slots=True, eq=False)
class _Worker(Generic[Result]):
    position: int
    process: BaseProcess
    connection: Connection
    limit: Limit | None
    started: float
    heard: float

    @property
    def deadline(self) -> float:
        """When it is given up, on the monotonic clock."""
        if self.limit is None:
            return math.inf
        return min(self.heard + self.limit.silence, self.started + self.limit.total)


Tell = Callable[[object], None]
"""Sends word to the parent while a task is under way."""


def can_fork() -> bool:
    """Whether forking a process that uses torch is safe here."""
    return sys.platform == "linux"


def processors() -> int:
    """How many processes can compute at once here; 1 where they cannot be forked."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def in_processes(
    tasks: Sequence[Task],
    work: Callable[[Task, Tell], Result],
    processes: int,
    listen: Callable[[Any], None],
    limit: Callable[[Task], Limit] | None = None,
) -> Iterator[tuple[Task, Result | Died]]:
    """Each task with its result, in the order of the tasks; at most `processes` at a time.

    `work` runs in a fork of this process, so neither it nor a task needs to be picklable; its result does, and what
    it tells, which `listen` is called with as it comes. Whatever it raises, how its process ends, and that it took
    longer than `limit` allows its task, is `Died`. When this generator is closed or interrupted, so are they all, and
    what they started.
    """
    waiting = iter(enumerate(tasks))
    running: dict[int, _Worker[Result]] = {}
    done: dict[int, Result | Died] = {}
    try:
        for next_out in range(len(tasks)):
            while next_out not in done:
                while len(running) < processes and (task := next(waiting, None)) is not None:
                    with _ctrl_c_held():
                        running[task[0]] = _start(*task, work, None if limit is None else limit(task[1]))
                for worker, received in _news(running):
                    if isinstance(received, _Word):
                        listen(received.content)
                        continue
                    done[worker.position] = received if isinstance(received, Died) else received.content
                    del running[worker.position]
            yield tasks[next_out], done.pop(next_out)
    finally:
        for worker in running.values():
            _end(worker, at_once=True)


def _start(position: int, task: Task, work: Callable[[Task, Tell], Result], limit: Limit | None) -> _Worker[Result]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for stream in (sys.stdout, sys.stderr):  # or the child would write what is still buffered a second time
        with contextlib.suppress(Exception):  # there may be none
            stream.flush()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_child, args=(work, task, sender, os.getpid()), daemon=True)
    process.start()
    sender.close()
    now = time.monotonic()
    return _Worker(position, process, receiver, limit, now, now)


@contextlib.contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Ctrl-C comes after this, so that a process that was started is known, and ignores it from its beginning."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child(work: Callable[[Task, Tell], Result], task: Task, sender: Connection, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _leave_with(parent)
    gc.disable()  # one task and it ends: looking through all that it inherited would cost more than it frees
    answer: _Result[Result] | Died
    try:
        answer = _Result(work(task, lambda content: sender.send(_Word(content))))
    except BaseException as error:  # third-party code; nobody else would say what it was
        answer = Died(one_line(error))
    sender.send(answer)


def _leave_with(parent: int) -> None:
    """Lead a group of processes that can be ended together, and end when the parent does, however that ends."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def _news(running: dict[int, _Worker[Result]]) -> Iterator[tuple[_Worker[Result], _Word | _Result[Result] | Died]]:
    """What workers sent, and which of them never will; waits for the first to say something, or for its deadline."""
    by_handle = {worker.connection: worker for worker in running.values()}
    patience = min(worker.deadline for worker in running.values()) - time.monotonic()
    ready = multiprocessing.connection.wait(list(by_handle), max(0.0, min(patience, _LOOK_AROUND)))
    for handle in ready:
        worker = by_handle.pop(handle)  # type: ignore[call-overload]
        worker.heard = time.monotonic()
        yield worker, _receive(worker)
    now = time.monotonic()
    for worker in by_handle.values():  # only those that have sent nothing are judged
        if worker.deadline <= now and not worker.connection.poll():
            yield worker, _given_up(worker)
        elif not worker.process.is_alive() and not worker.connection.poll():
            yield worker, _dead(worker)


def _receive(worker: _Worker[Result]) -> _Word | _Result[Result] | Died:
    """What a worker sent. One that died closes its end of the pipe, which reads as the end of a file."""
    try:
        received: _Word | _Result[Result] | Died = worker.connection.recv()
    except Exception:  # besides the end of the file: what a third party wrote into the pipe
        return _dead(worker)
    if not isinstance(received, _Word):
        _end(worker)
    elif worker.limit is not None and time.monotonic() > worker.started + worker.limit.total:
        return _given_up(worker)  # it goes on and on, and says so
    return received


def _dead(worker: _Worker[Result]) -> Died:
    _end(worker)
    return Died(_how(worker.process.exitcode))


def _given_up(worker: _Worker[Result]) -> Died:
    limit = worker.limit
    _end(worker, at_once=True)
    return Died("stopped" if limit is None else f"stopped after {limit.silence:g} s (--timeout)")


def _end(worker: _Worker[Result], *, at_once: bool = False) -> None:
    """End a process and all that it started; unless that must be at once, it may come to its own end first."""
    if not at_once:
        worker.process.join(_TIME_TO_END)
    if worker.process.is_alive():
        worker.process.kill()
    pid = worker.process.pid
    if pid is not None:
        with contextlib.suppress(OSError):  # none left, or it had not come to lead a group yet
            os.killpg(pid, signal.SIGKILL)
    worker.process.join()
    worker.connection.close()


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):  # real-time signals have no name
            return f"its process was killed by {signal.Signals(-code).name}"
        return f"its process was killed by signal {-code}"
    return f"its process ended with exit code {code}"
