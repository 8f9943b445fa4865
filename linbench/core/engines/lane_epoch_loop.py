"""Epochs of lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_models import LaneModel


@dataclass(frozen=True, slots=True, eq=False)
class FullBatch:
    """Epochs of one update."""

    model: LaneModel
    step: Callable[[], None]
    rows: Tensor
    y: Tensor

    def run(self, costs: Tensor) -> None:
        """One epoch; writes the costs (K,) before it."""
        self.model.backward(self.rows, self.y, costs)
        self.step()


@dataclass(frozen=True, slots=True, eq=False)
class MiniBatches:
    """Epochs of several updates; costs are measured over all rows."""

    model: LaneModel
    step: Callable[[], None]
    rows: Tensor
    y: Tensor
    batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]

    def run(self, costs: Tensor) -> None:
        """One epoch; writes the costs (K,) before it."""
        self.model.measure(self.rows, self.y, costs)
        for rows, y in self.batches():
            self.model.backward(rows, y, None)
            self.step()
