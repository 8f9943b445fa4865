"""The rows of each update, in the order that the seed gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case


def batches(case: Case, setup: Setup) -> Callable[[], Iterator[tuple[Tensor, Tensor]]]:
    """One pass over the data in a new order each time it is called; the order depends on the seed alone."""
    size = case.settings.batch_size
    if size is None or size >= len(setup.X):
        return lambda: iter([(setup.X, setup.y)])
    orders = batch_order(case.seed, len(setup.X))

    def one_pass() -> Iterator[tuple[Tensor, Tensor]]:
        order = next(orders)
        for rows in order.to(setup.X.device).split(size):  # type: ignore[no-untyped-call]
            yield setup.X[rows], setup.y[rows]

    return one_pass


def lane_batches(
    cases: Sequence[Case], filled: Sequence[int], setup: Setup, rows: Tensor
) -> Callable[[], Iterator[tuple[Tensor, Tensor]]] | None:
    """One pass over the data, every lane in the order that its seed gives the serial engine; None for full batches."""
    size = cases[0].settings.batch_size
    if size is None or size >= len(setup.X):
        return None
    seeds = list(dict.fromkeys(cases[i].seed for i in filled))
    orders = {seed: batch_order(seed, len(setup.X)) for seed in seeds}
    lane_of = torch.tensor([seeds.index(cases[i].seed) for i in filled], device=setup.X.device)

    def one_pass() -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.stack([next(orders[seed]) for seed in seeds]).to(setup.X.device)
        for some in order.split(size, dim=1):  # type: ignore[no-untyped-call]
            chosen = some[0] if len(seeds) == 1 else some[lane_of]
            yield rows[chosen], setup.y[chosen]

    return one_pass


def batch_order(seed: int, n_rows: int) -> Iterator[Tensor]:
    """The order of the rows in each epoch, (n,); drawn on the CPU, so alike on every device and in every engine."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randperm(n_rows, generator=generator)
