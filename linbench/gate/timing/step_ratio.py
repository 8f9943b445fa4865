"""How long an optimizer's `step` takes, in steps of plain gradient descent, measured within this process.

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
from linbench.gate.timing.stepping import Stepping, stepping

if TYPE_CHECKING:
    from linbench.core.engines.serial import Trainer
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

CYCLE = 60
"""Steps after which work that is done every 2nd … 6th, 10th, 12th, 15th, 20th or 30th step comes at its place again."""

REPEATS = range(5, 14)
"""How often a cycle is gone through: as often as `SECONDS` allow, within this range."""

SECONDS = 0.3
"""How long one optimizer is trained for it, where that is enough."""

SLOW = 0.005
"""Seconds of an update from which on a cycle is a fifth as long."""

STEPS = 6
"""Steps in a block; it divides every cycle."""

CHUNKS = 9
CHUNK_SECONDS = 7e-5
"""The gradient descent of a block is timed in so many parts, each about as long as a step."""

_TINY = 1e-12
"""A learning rate at which the calibration's parameters stay where they are."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """ratios: of each optimizer that could be stepped. unmeasured: why the others could not."""

    ratios: Mapping[str, float]
    unmeasured: Mapping[str, str]


def step_ratios(cases: Mapping[str, Sequence[Case]], workbench: Workbench) -> Ratios:
    """Time of a step ÷ that of a step of gradient descent: mean over a cycle of medians over blocks; one thread.

    Only `step` itself is timed, in training as it is: cost and gradient are evaluated anew before each.
    cases: of each label those that would do; the first whose model and optimizer go together is timed.
    """
    timed: dict[str, _Timed] = {}
    unmeasured: dict[str, str] = {}
    for label, candidates in cases.items():
        try:
            timed[label] = _Timed(stepping(candidates, workbench))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
    with isolate(0, torch.device("cpu"), threads=1):
        ratios = _measured(timed, unmeasured)
    return Ratios(ratios, unmeasured)


def _measured(timed: Mapping[str, _Timed], unmeasured: dict[str, str]) -> dict[str, float]:
    chance = random.Random()  # another order in each process
    going = dict(timed)

    def attempt(label: str, act: Callable[[_Timed], object]) -> None:
        try:
            with restore_process_state():
                act(timed[label])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
            del going[label]

    with defer_collection():
        for label in timed:
            attempt(label, _Timed.warm_up)
        while waiting := [label for label, one in going.items() if one.blocks_left]:
            for label in chance.sample(waiting, len(waiting)):
                descent_first = chance.random() < 0.5
                attempt(label, lambda one: one.block(descent_first))  # noqa: B023  called at once
    return {label: one.ratio for label, one in going.items()}


class _Timed:
    """A trainer whose optimizer's `step` is timed, and gradient descent on parameters of the same shapes."""

    def __init__(self, stepping: Stepping) -> None:
        self._trainer, self._rows, self._step = stepping.trainer, stepping.rows, _Clocked(stepping.trainer)
        parameters = [parameter.detach().clone() for parameter in stepping.trainer.model.parameters()]
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

    def block(self, descent_first: bool) -> None:
        """A few steps, and gradient descent before or after them."""
        if descent_first:
            descent = self._descent_seconds()
            steps = self._steps(STEPS)
        else:
            steps = self._steps(STEPS)
            descent = self._descent_seconds()
        for seconds in steps:
            self._ratios[self._place % len(self._ratios)].append(seconds / descent)
            self._place += 1
        self.blocks_left -= 1

    @property
    def ratio(self) -> float:
        """What all blocks come to."""
        return statistics.fmean(statistics.median(ratios) for ratios in self._ratios)

    def _update_seconds(self) -> float:
        """Seconds of a whole update; the median, since on a busy machine the mean is mostly waiting."""
        times = [time.perf_counter()]
        for _ in range(CYCLE // 2):
            self._steps(1)
            times.append(time.perf_counter())
        return statistics.median(later - earlier for earlier, later in itertools.pairwise(times))

    def _steps(self, count: int) -> list[float]:
        """Seconds of each of so many steps."""
        X, y = self._rows
        clock, update, times = self._step, self._trainer.update, []
        for _ in range(count):
            clock.seconds = 0.0
            update(X, y)
            times.append(clock.seconds)
        return times

    def _descent_seconds(self) -> float:
        """Seconds of θ ← θ − lr·g by hand, as the tutorial without an optimizer has it; the median of a few parts."""
        descent, steps, times = self._descent, self._descents, []
        with torch.no_grad():
            for _ in range(CHUNKS):
                start = time.perf_counter()
                for _ in range(steps):
                    for parameter, gradient in descent:
                        parameter.sub_(gradient, alpha=_TINY)
                times.append(time.perf_counter() - start)
        return statistics.median(times) / steps


class _Clocked:
    """Takes the place of an optimizer's `step`, or of what steps it, and adds up how long it takes."""

    def __init__(self, trainer: Trainer) -> None:
        self.seconds = 0.0
        method = "fused_backward" if trainer.driver.contract.backward == "fused_backward" else "step"
        step: Callable[..., Any] = getattr(trainer.optimizer, method)
        now = time.perf_counter

        def clocked(*arguments: Any, **options: Any) -> Any:
            start = now()
            try:
                return step(*arguments, **options)
            finally:
                self.seconds += now() - start

        setattr(trainer.optimizer, method, clocked)
