"""The rows of each update: all of them, or mini-batches in an order that only the seed decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case


class Batches(ABC):
    """The data, epoch by epoch."""

    __slots__ = ()

    @abstractmethod
    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the rows and the targets of each update of the next epoch."""


def is_full_batch(case: Case, setup: Setup) -> bool:
    """Return whether each update of a case takes all rows."""
    size = case.settings.batch_size
    return size is None or size >= len(setup.X)


def make_batches(case: Case, setup: Setup) -> Batches:
    """Return the batches of one case."""
    size = case.settings.batch_size
    if size is None or is_full_batch(case, setup):
        return WholeData(setup.X, setup.y)
    return MiniBatches(setup.X, setup.y, size, batch_order(case.seed, len(setup.X)))


def make_lane_batches(cases: Sequence[Case], setup: Setup, rows: Tensor) -> LaneMiniBatches:
    """Return the mini-batches of K cases, each in the order that its seed gives the serial engine.

    rows: (n, …), those of `setup` as the lane model takes them.
    """
    size = cases[0].settings.batch_size or len(rows)
    seeds = list(dict.fromkeys(case.seed for case in cases))
    orders = tuple(batch_order(seed, len(rows)) for seed in seeds)
    order_of_lane = torch.tensor([seeds.index(case.seed) for case in cases], device=rows.device)
    return LaneMiniBatches(rows=rows, y=setup.y, size=size, orders=orders, order_of_lane=order_of_lane)


def batch_order(seed: int, n_rows: int) -> Iterator[Tensor]:
    """Yield the order of the rows in each epoch, (n,)."""
    # Drawn on the CPU: each device has a generator of its own, and the order must be the same on all of them.
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randperm(n_rows, generator=generator)


@final
@dataclass(frozen=True, slots=True, eq=False)
class WholeData(Batches):
    """One update an epoch, of all rows as they are."""

    X: Tensor
    y: Tensor

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield everything at once."""
        yield self.X, self.y


@final
@dataclass(frozen=True, slots=True, eq=False)
class MiniBatches(Batches):
    """Updates of `size` rows each; the last one of an epoch takes what is left."""

    X: Tensor
    y: Tensor
    size: int
    orders: Iterator[Tensor]

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield rows (size, d) and targets (size, m) of each update."""
        order = next(self.orders).to(self.X.device)
        for batch in order.split(self.size):  # type: ignore[no-untyped-call]
            yield self.X[batch], self.y[batch]


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LaneMiniBatches(Batches):
    """Updates of `size` rows each, for K lanes at once.

    orders: one for each seed. order_of_lane: (K,), the position in `orders` of each lane's own.
    """

    rows: Tensor
    y: Tensor
    size: int
    orders: Sequence[Iterator[Tensor]]
    order_of_lane: Tensor

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield rows and targets of each update: (K, size, …), or (size, …) where all lanes see the same ones."""
        shared = len(self.orders) == 1
        order = torch.stack([next(one) for one in self.orders]).to(self.rows.device)
        for batch in order.split(self.size, dim=1):  # type: ignore[no-untyped-call]
            chosen = batch[0] if shared else batch[self.order_of_lane]
            yield self.rows[chosen], self.y[chosen]
