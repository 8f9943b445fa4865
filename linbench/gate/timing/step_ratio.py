"""The time of an optimizer's `step`, in steps of plain gradient descent, measured within this process.

A machine's speed changes from one second to the next; the ratio of two things timed within milliseconds of each other
hardly does. So each block times both, in an order drawn anew. On a busy machine many blocks are interrupted, but few
single steps are: every step is timed by itself, and medians are taken of steps at the same place of a cycle, whose mean
then holds what an optimizer does every so many steps only. What differs from one process to another (where memory lies,
in which order dictionaries go) shows between processes only, which is why one process is no evidence.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.errors import one_line
from linbench.core.isolation.garbage import defer_collection
from linbench.core.isolation.isolate import isolate
from linbench.core.isolation.process_state import restore_process_state
from linbench.gate.timing.stepper import Stepper, make_stepper

if TYPE_CHECKING:
    from linbench.core.engines.serial import Trainer
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

CYCLE = 60
"""Steps after which work that is done every 2nd … 6th, 10th, 12th, 15th, 20th or 30th step comes at its place again."""

REPEATS = range(5, 14)
"""Numbers of times that a cycle may be gone through; `SECONDS` decide which."""

SECONDS = 0.3
"""Seconds for which one optimizer is trained, where that is enough."""

SLOW = 0.005
"""Seconds; from updates of this length on a cycle is a fifth as long."""

STEPS = 6
"""Steps in a block; it divides every cycle."""

CHUNKS = 9
CHUNK_SECONDS = 7e-5
"""The gradient descent of a block is timed in so many parts, each about as long as a step."""

_TINY = 1e-12
"""A learning rate at which the calibration's parameters stay where they are."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Step ratios. ratios: of each optimizer that could be stepped. unmeasured: why the others could not."""

    ratios: Mapping[str, float]
    unmeasured: Mapping[str, str]


def step_ratios(cases: Mapping[str, Sequence[Case]], workbench: Workbench) -> Ratios:
    """Return the time of a step ÷ that of a step of gradient descent; one thread.

    It is the mean over a cycle of medians over blocks. Only `step` itself is timed, in training as it is: cost and
    gradient are evaluated anew before each.
    cases: of each label those that would do; the first whose model and optimizer go together is timed.
    """
    timers: dict[str, _StepTimer] = {}
    unmeasured: dict[str, str] = {}
    for label, candidates in cases.items():
        try:
            timers[label] = _StepTimer(make_stepper(candidates, workbench))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
    with isolate(0, torch.device("cpu"), threads=1):
        ratios = _measure(timers, unmeasured)
    return Ratios(ratios, unmeasured)


def _measure(timers: Mapping[str, _StepTimer], unmeasured: dict[str, str]) -> dict[str, float]:
    """Run all timers to their end; one that raises is left out, and named in `unmeasured`."""
    chance = random.Random()  # another order in each process
    running = dict(timers)

    def attempt(label: str, act: Callable[[], None]) -> None:
        try:
            with restore_process_state():
                act()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
            del running[label]

    with defer_collection():
        for label, timer in timers.items():
            attempt(label, timer.warm_up)
        while waiting := [label for label, timer in running.items() if timer.blocks_left]:
            for label in chance.sample(waiting, len(waiting)):
                timer = running[label]
                attempt(label, timer.block_after_descent if chance.random() < 0.5 else timer.block_before_descent)
    return {label: timer.ratio for label, timer in running.items()}


class _StepTimer:
    """A trainer whose optimizer's `step` is timed, and gradient descent on parameters of the same shapes."""

    def __init__(self, stepper: Stepper) -> None:
        self._trainer, self._rows, self._clock = stepper.trainer, stepper.rows, _StepClock(stepper.trainer)
        parameters = [parameter.detach().clone() for parameter in stepper.trainer.model.parameters()]
        self._descent = [(parameter, torch.ones_like(parameter)) for parameter in parameters]
        self._descents = 1
        self._ratios: list[list[float]] = []
        self._place = 0
        self.blocks_left = 0

    def warm_up(self) -> None:
        """Run until nothing is set up any more, and choose how much to measure."""
        update = self._update_seconds()
        cycle = CYCLE if update < SLOW else CYCLE // 5
        repeats = min(max(REPEATS.start, round(SECONDS / (cycle * update))), REPEATS.stop - 1)
        self._ratios = [[] for _ in range(cycle)]
        self.blocks_left = repeats * cycle // STEPS
        self._descent_seconds()
        self._descents = max(1, round(CHUNK_SECONDS / self._descent_seconds()))

    def block_after_descent(self) -> None:
        """Time gradient descent, then a few steps."""
        descent = self._descent_seconds()
        self._add(self._steps(STEPS), descent)

    def block_before_descent(self) -> None:
        """Time a few steps, then gradient descent."""
        steps = self._steps(STEPS)
        self._add(steps, self._descent_seconds())

    def _add(self, steps: Sequence[float], descent: float) -> None:
        for seconds in steps:
            self._ratios[self._place % len(self._ratios)].append(seconds / descent)
            self._place += 1
        self.blocks_left -= 1

    @property
    def ratio(self) -> float:
        """The mean over the places of a cycle of the medians over all blocks."""
        return statistics.fmean(statistics.median(ratios) for ratios in self._ratios)

    def _update_seconds(self) -> float:
        """Return the seconds of a whole update; the median, since on a busy machine the mean is mostly waiting."""
        times = [time.perf_counter()]
        for _ in range(CYCLE // 2):
            self._steps(1)
            times.append(time.perf_counter())
        return statistics.median(later - earlier for earlier, later in itertools.pairwise(times))

    def _steps(self, count: int) -> list[float]:
        """Return the seconds of each of so many steps."""
        X, y = self._rows
        clock, update, times = self._clock, self._trainer.update, []
        for _ in range(count):
            clock.seconds = 0.0
            update(X, y)
            times.append(clock.seconds)
        return times

    def _descent_seconds(self) -> float:
        """Return the seconds of θ ← θ − lr·g by hand, as the tutorial without an optimizer has it.

        They are the median of a few parts.
        """
        descent, steps, times = self._descent, self._descents, []
        with torch.no_grad():
            for _ in range(CHUNKS):
                start = time.perf_counter()
                for _ in range(steps):
                    for parameter, gradient in descent:
                        parameter.sub_(gradient, alpha=_TINY)
                times.append(time.perf_counter() - start)
        return statistics.median(times) / steps


class _StepClock:
    """A clock in the place of an optimizer's `step`, or of what steps it, that adds up the seconds it takes."""

    def __init__(self, trainer: Trainer) -> None:
        self.seconds = 0.0
        method = "fused_backward" if trainer.driver.contract.backward == "fused_backward" else "step"
        step: Callable[..., Any] = getattr(trainer.optimizer, method)
        now = time.perf_counter

        def step_on_clock(*arguments: Any, **options: Any) -> Any:
            start = now()
            try:
                return step(*arguments, **options)
            finally:
                self.seconds += now() - start

        setattr(trainer.optimizer, method, step_on_clock)
