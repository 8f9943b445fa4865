"""A tensor for every epoch, kept in one: each by itself would take a hundred times the memory of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 10_000
"""Tensors that wait, at most, before they are put together where somebody says that there is time."""


@final
class TensorSeries:
    """Tensors of one shape and device, in the order in which they came.

    append: take one more, which must not change afterwards.
    """

    def __init__(self) -> None:
        self._waiting: list[Tensor] = []
        self._room: Tensor | None = None
        self._used = 0
        # The list's own method, without one of ours around it: training calls it every epoch, and may add no more than
        # 5% to the bare loop (benchmarks/bench_serial.py).
        self.append = self._waiting.append

    def __len__(self) -> int:
        return self._used + len(self._waiting)

    def last(self) -> Tensor:
        """Return the newest one. Raises IndexError where there is none."""
        return self._waiting[-1] if self._waiting else self.rows(len(self) - 1)[0]

    def tidy(self) -> None:
        """Put those together that wait, if they are many."""
        if len(self._waiting) >= AT_ONCE:
            self._gather()

    def rows(self, start: int = 0) -> Tensor:
        """Return those from `start` on as one tensor, (length − start, …). Raises IndexError for an empty series."""
        self._gather()
        if self._room is None:
            raise IndexError("the series is empty")
        return self._room[start : self._used]

    def _gather(self) -> None:
        if not self._waiting:
            return
        new = torch.stack(self._waiting)
        self._waiting.clear()
        self._room = self._make_room(new)
        self._room[self._used : self._used + len(new)] = new
        self._used += len(new)

    def _make_room(self, new: Tensor) -> Tensor:
        """Return the room there is, or twice as much, so that all copying together is linear."""
        if self._room is None:
            return new  # a run that gathers once takes no more than it needs
        if self._used + len(new) <= len(self._room):
            return self._room
        larger = new.new_empty(max(2 * len(self._room), self._used + len(new)), *new.shape[1:])
        larger[: self._used] = self._room[: self._used]
        return larger


@final
class ParameterSeries:
    """W (d, m) and b (m,) of a run, epoch by epoch."""

    def __init__(self) -> None:
        self._weights, self._biases = TensorSeries(), TensorSeries()

    def append(self, weight: Tensor, bias: Tensor) -> None:
        """Take those of one more epoch, which must not change afterwards."""
        self._weights.append(weight)
        self._biases.append(bias)

    def tidy(self) -> None:
        """Put those together that wait, if they are many."""
        self._weights.tidy()
        self._biases.tidy()

    def rows(self, start: int = 0) -> tuple[Tensor, Tensor]:
        """Return the weights (length − start, d, m) and the biases (length − start, m) from `start` on."""
        return self._weights.rows(start), self._biases.rows(start)
