"""One training step of a batch as a CUDA graph: launched whole, where its small kernels would each wait for a launch.

What is captured is replayed as it was recorded, so only optimizers that keep no state in Python may be: torch's own,
told so with `capturable=True`. Since no watch sees a replayed step, captured batches are always replayed serially too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_models import LaneModel
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
    """How the steps of a case's batch may be captured; None where they may not, or it would gain nothing."""
    size = case.settings.batch_size
    whole = size is None or size >= len(setup.X)
    if setup.torch_device.type != "cuda" or not whole or "capturable" in case.optimizer.params:
        return None
    try:
        allowed = "capturable" in inspect.signature(case.optimizer.component.resolve()).parameters
    except (ValueError, TypeError):
        allowed = False
    return cuda_graph if allowed else None


class CapturedEpochs:
    """Epochs of one full-batch update each: the first run as they are, the rest as replays of one capture."""

    def __init__(self, model: LaneModel, step: Callable[[], None], rows: Tensor, y: Tensor, capture: Capture) -> None:
        self._costs = y.new_empty(len(model.parameters[0]))
        self._capture, self._done = capture, 0

        def launch() -> None:
            model.backward(rows, y, self._costs)
            step()

        self._launch = launch

    def run(self, costs: Tensor) -> None:
        """One epoch; writes its costs (K,). On the device, with nothing waited for."""
        if self._done == WARM_UP:
            self._launch = self._capture(self._launch)
        self._launch()
        self._done += 1
        costs.copy_(self._costs)
