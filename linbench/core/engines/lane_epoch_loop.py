"""The loop over the epochs of a batch: the same for all batches, but for how one epoch is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from linbench.core.criteria import LOOK_EVERY

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.batches import Batches
    from linbench.core.engines.lane_models import LaneModel
    from linbench.core.engines.lane_recorder import LaneCostRecorder
    from linbench.core.engines.lane_watch import LaneWatch
    from linbench.core.observer import Observer

_REPORTS = 50  # to the observer, of each batch


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LaneTrainer:
    """K models and their one optimizer on a setup's data, ready to be stepped.

    step: takes a step of the optimizer that it is given; called under the watch. rows: as the model takes them.
    """

    model: LaneModel
    optimizer: Any
    step: Callable[[Any], object]
    watch: LaneWatch
    rows: Tensor
    y: Tensor

    def update(self, rows: Tensor, y: Tensor, costs: Tensor | None = None) -> None:
        """Take one optimizer step on these rows, and write the costs (K,) before it where they are wanted."""
        self.model.backward(rows, y, costs)
        with self.watch:
            self.step(self.optimizer)


class LaneEpochLoop(ABC):
    """Trains K lanes to the end of their epochs."""

    @final
    def train(self, recorder: LaneCostRecorder, observer: Observer) -> int:
        """Train until the epochs are used up, or all lanes may stop; return the epochs that it took."""
        settings = recorder.settings
        every, told = max(1, settings.epochs // _REPORTS), 0
        for epoch in range(1, settings.epochs + 1):
            self.run_epoch(recorder.next_row())
            recorder.keep_parameters()
            if epoch - told >= every or epoch == settings.epochs:
                observer.advanced((epoch - told) * recorder.count)
                told = epoch
            if settings.stop_at_target and epoch % LOOK_EVERY == 0 and recorder.stop_lanes(epoch):
                break
        return epoch

    @abstractmethod
    def run_epoch(self, costs: Tensor) -> None:
        """Train one epoch, and write the costs (K,) before it."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LaneFullBatchLoop(LaneEpochLoop):
    """One update an epoch; its costs are those that the update was computed from."""

    trainer: LaneTrainer

    def run_epoch(self, costs: Tensor) -> None:
        """Take one step on all rows."""
        self.trainer.update(self.trainer.rows, self.trainer.y, costs)


@final
@dataclass(frozen=True, slots=True, eq=False)
class LaneMiniBatchLoop(LaneEpochLoop):
    """Several updates an epoch; costs are measured over all rows."""

    trainer: LaneTrainer
    batches: Batches

    def run_epoch(self, costs: Tensor) -> None:
        """Measure, then take one step on each batch."""
        self.trainer.model.measure(self.trainer.rows, self.trainer.y, costs)
        for rows, y in self.batches.epoch():
            self.trainer.update(rows, y)
