"""One training step of a batch as a CUDA graph: launched whole, where its small kernels would each wait for a launch.

What is captured is replayed as it was recorded, so only optimizers that keep no state in Python may be: torch's own,
told so with `capturable=True` (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs). Since no watch sees a
replayed step, captured batches are always replayed serially too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, final

import torch

from linbench.core.engines.batches import is_full_batch
from linbench.core.engines.lane_epoch_loop import LaneEpochLoop, LaneTrainer

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case

WARM_UP = 3
"""Steps before the capture: they allocate the optimizer's state, and let the watch see every form of call."""

Capture = Callable[[Callable[[], None]], Callable[[], None]]
"""Records what a function launches, without running it, and returns what launches it again."""


def cuda_graph(launch: Callable[[], None]) -> Callable[[], None]:
    """Capture in a CUDA graph. Raises RuntimeError for what a graph cannot hold, a synchronisation say."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch()
    replay: Callable[[], None] = graph.replay
    return replay


def capture_for(case: Case, setup: Setup) -> Capture | None:
    """Return how to capture the steps of a case's batch; None where they may not be, or nothing would be gained."""
    if setup.torch_device.type != "cuda" or not is_full_batch(case, setup) or "capturable" in case.optimizer.params:
        return None
    try:
        allowed = "capturable" in inspect.signature(case.optimizer.component.resolve()).parameters
    except (ValueError, TypeError):
        allowed = False
    return cuda_graph if allowed else None


@final
class CapturedLoop(LaneEpochLoop):
    """One full-batch update an epoch: the first ones run as they are, the rest as replays of one capture."""

    def __init__(self, trainer: LaneTrainer, capture: Capture) -> None:
        self._trainer, self._capture = trainer, capture
        # A replay writes where the capture wrote, so the costs are copied from here into each epoch's row.
        self._costs = trainer.y.new_empty(len(trainer.model.parameters[0]))
        self._launch: Callable[[], None] = self._update
        self._epochs = 0

    def run_epoch(self, costs: Tensor) -> None:
        """Launch one step on the device, with nothing waited for."""
        if self._epochs == WARM_UP:
            self._launch = self._capture(self._launch)
        self._launch()
        self._epochs += 1
        costs.copy_(self._costs)

    def _update(self) -> None:
        self._trainer.update(self._trainer.rows, self._trainer.y, self._costs)
