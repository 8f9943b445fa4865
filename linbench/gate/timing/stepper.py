"""A stepper: one training step in two halves, what comes before `step` and `step` itself, for whoever times it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linbench.core.engines.serial import Trainer, make_trainer
from linbench.core.errors import Unsuitable
from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case


class Stepper:
    """A case in training. An optimizer that evaluates costs by itself has all of its update in `step`.

    rows: X (n, d) and y (n, m) of every update.
    """

    def __init__(self, trainer: Trainer, batch_size: int | None) -> None:
        self.trainer = trainer
        self.rows = trainer.setup.X[:batch_size], trainer.setup.y[:batch_size]
        self._apart = trainer.driver.contract.plain

    def prepare(self) -> None:
        """Evaluate cost and gradient."""
        if self._apart:
            cost = self.trainer.cost(*self.rows)
            self.trainer.optimizer.zero_grad()
            cost.backward()  # type: ignore[no-untyped-call]

    def step(self) -> None:
        """Update the parameters."""
        if self._apart:
            self.trainer.optimizer.step()
        else:
            self.trainer.update(*self.rows)


def make_stepper(candidates: Sequence[Case], workbench: Workbench) -> Stepper:
    """Begin the first of these cases whose problem, model and optimizer go together.

    Raises Unsuitable where none do.
    """
    reason = Unsuitable("nothing is to be timed")
    for case in candidates:
        try:
            setup = workbench.setup(case)
            with isolate(case.seed, setup.torch_device, threads=1):
                return Stepper(make_trainer(case, setup), case.settings.batch_size)
        except Unsuitable as unsuitable:
            reason = unsuitable
    raise reason
