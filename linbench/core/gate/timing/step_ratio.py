"""How long an optimizer's `step` takes, in steps of plain gradient descent, measured within this process.

A machine's speed changes from one second to the next; the ratio of two things timed within milliseconds of each other
hardly does. So each block times both, in an order drawn anew, and the median over blocks is what this process says.
What differs from one process to another (where memory lies, in which order dictionaries go) shows between processes
only, which is why one process is no evidence.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.engines.serial import make_trainer
from linbench.core.errors import Unsuitable, one_line
from linbench.core.garbage import collection_put_off
from linbench.core.isolation import isolated
from linbench.core.process_state import kept

if TYPE_CHECKING:
    from linbench.core.engines.serial import Trainer
    from linbench.core.plan import Case
    from linbench.core.workbench import Workbench

BLOCKS = 30
BLOCK_SECONDS = 0.002
"""Of optimizer steps, and half as much of gradient descent; a block must be over before the machine changes."""

WARM_UP_STEPS = 30

_TINY = 1e-12
"""A learning rate at which the calibration's parameters stay where they are."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """ratios: of each optimizer that could be stepped. unmeasured: why the others could not."""

    ratios: Mapping[str, float]
    unmeasured: Mapping[str, str]


def step_ratios(cases: Mapping[str, Sequence[Case]], workbench: Workbench, blocks: int = BLOCKS) -> Ratios:
    """Median over `blocks` of the time of a step ÷ that of a step of gradient descent, one thread.

    Only `step` itself is timed, in training as it is: cost and gradient are evaluated anew before each.
    cases: of each label those that would do; the first whose model and optimizer go together is timed.
    """
    timed: dict[str, _Timed] = {}
    unmeasured: dict[str, str] = {}
    for label, candidates in cases.items():
        try:
            timed[label] = _timed(candidates, workbench)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
    with isolated(0, torch.device("cpu"), threads=1):
        ratios = _measured(timed, unmeasured, blocks)
    return Ratios(ratios, unmeasured)


def _timed(candidates: Sequence[Case], workbench: Workbench) -> _Timed:
    reason = Unsuitable("nothing is to be timed")
    for case in candidates:
        setup = workbench.setup(case)
        try:
            with isolated(case.seed, setup.torch_device, threads=1):
                return _Timed(make_trainer(case, setup), case.settings.batch_size)
        except Unsuitable as unsuitable:
            reason = unsuitable
    raise reason


def _measured(timed: Mapping[str, _Timed], unmeasured: dict[str, str], blocks: int) -> dict[str, float]:
    found: dict[str, list[float]] = {label: [] for label in timed}
    chance = random.Random()  # another order in each process

    def attempt(label: str, act: Callable[[_Timed], object]) -> None:
        try:
            with kept():
                act(timed[label])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # third-party code may raise anything
            unmeasured[label] = one_line(error)
            del found[label]

    with collection_put_off():
        for label in timed:
            attempt(label, _Timed.warm_up)
        for _ in range(blocks):
            for label in chance.sample(list(found), len(found)):
                descent_first = chance.random() < 0.5
                attempt(label, lambda one: found[label].append(one.block(descent_first)))  # noqa: B023  called at once
    return {label: statistics.median(ratios) for label, ratios in found.items()}


class _Timed:
    """A trainer whose optimizer's `step` is timed, and gradient descent on parameters of the same shapes."""

    def __init__(self, trainer: Trainer, batch_size: int | None) -> None:
        self._update, self._step = trainer.update, _Clocked(trainer)
        self._rows = trainer.setup.X[:batch_size], trainer.setup.y[:batch_size]
        parameters = [parameter.detach().clone() for parameter in trainer.model.parameters()]
        self._descent = [(parameter, torch.ones_like(parameter)) for parameter in parameters]
        self._steps = self._descents = 1

    def warm_up(self) -> None:
        """Run until nothing is set up any more, and choose how many steps make a block."""
        self._steps, self._descents = WARM_UP_STEPS, 10 * WARM_UP_STEPS
        for _ in range(2):
            step, descent = self._seconds_per_step(), self._seconds_per_descent()
        self._steps = min(max(1, round(BLOCK_SECONDS / step)), WARM_UP_STEPS)
        self._descents = max(1, round(BLOCK_SECONDS / 2 / descent))

    def block(self, descent_first: bool) -> float:
        """Time of a step in steps of gradient descent."""
        if descent_first:
            descent = self._seconds_per_descent()
            return self._seconds_per_step() / descent
        return self._seconds_per_step() / self._seconds_per_descent()

    def _seconds_per_step(self) -> float:
        X, y = self._rows
        clock, update = self._step, self._update
        clock.seconds = 0.0
        for _ in range(self._steps):
            update(X, y)
        return clock.seconds / self._steps

    def _seconds_per_descent(self) -> float:
        """θ ← θ − lr·g by hand, as the tutorial without an optimizer writes it."""
        descent, steps = self._descent, self._descents
        start = time.perf_counter()
        with torch.no_grad():
            for _ in range(steps):
                for parameter, gradient in descent:
                    parameter.sub_(gradient, alpha=_TINY)
        return (time.perf_counter() - start) / steps


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
