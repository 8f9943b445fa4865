"""The serial engine's loops over the epochs of one run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from linbench.core.engines.batches import Batches
    from linbench.core.engines.cost_recorder import CostRecorder
    from linbench.core.engines.serial import Trainer


class EpochLoop(ABC):
    """Trains one case to the end of its epochs, or until it may stop."""

    __slots__ = ()

    @abstractmethod
    def run(self) -> int:
        """Train; return how often cost and gradient were evaluated."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class FullBatchLoop(EpochLoop):
    """The tutorial's loop; the cost that each update was computed from is the cost of the epoch before it."""

    trainer: Trainer
    recorder: CostRecorder

    def run(self) -> int:
        """Train with one evaluation an epoch."""
        # What the harness adds to a step must stay below 5% (benchmarks/bench_serial.py): everything is looked up once,
        # and the update stands here instead of in a method.
        trainer, recorder = self.trainer, self.recorder
        model, optimizer, X, y = trainer.model, trainer.optimizer, trainer.setup.X, trainer.setup.y
        record, epochs, due = recorder.costs.append, recorder.epochs, recorder.due
        mean = torch.mean
        for epoch in range(1, epochs + 1):
            cost = mean((model(X) - y) ** 2)
            optimizer.zero_grad()
            cost.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            record(cost.detach())
            if epoch == due:
                due = recorder.pause(epoch)
                if recorder.over:
                    break
        return epoch


@final
@dataclass(frozen=True, slots=True, eq=False)
class GeneralLoop(EpochLoop):
    """Mini-batches, closures, modes: the cost of an epoch is measured apart, over all rows."""

    trainer: Trainer
    recorder: CostRecorder
    batches: Batches

    def run(self) -> int:
        """Train with as many evaluations as the optimizer asks for."""
        trainer, recorder, evaluations = self.trainer, self.recorder, 0
        for epoch in range(1, recorder.epochs + 1):
            with trainer.driver.evaluation_mode():
                recorder.measure()
            for X, y in self.batches.epoch():
                evaluations += trainer.update(X, y)
            if epoch == recorder.due:
                with trainer.driver.evaluation_mode():
                    recorder.pause(epoch)
                if recorder.over:
                    break
        return evaluations
