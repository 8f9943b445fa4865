"""A tensor for every epoch, kept in one: each by itself would take a hundred times the memory of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 10_000
"""Tensors that wait, at most, before they are put together where somebody says that there is time."""


class Series:
    """Tensors of one shape and device, in the order in which they came.

    append: take one more, which must not change afterwards; a list's own method, since training calls it every epoch.
    """

    def __init__(self) -> None:
        self._waiting: list[Tensor] = []
        self._room: Tensor | None = None
        self._used = 0
        self.append = self._waiting.append

    def __len__(self) -> int:
        return self._used + len(self._waiting)

    def last(self) -> Tensor:
        """The newest one. Raises IndexError where there is none."""
        return self._waiting[-1] if self._waiting else self.rows(len(self) - 1)[0]

    def tidy(self) -> None:
        """Put those together that wait, if they are many."""
        if len(self._waiting) >= AT_ONCE:
            self._gather()

    def rows(self, start: int = 0) -> Tensor:
        """Those from `start` on as one tensor, (length − start, …). Raises IndexError for an empty series."""
        self._gather()
        if self._room is None:
            raise IndexError("the series is empty")
        return self._room[start : self._used]

    def _gather(self) -> None:
        if not self._waiting:
            return
        new = torch.stack(self._waiting)
        self._waiting.clear()
        self._room = self._with_room_for(new)
        self._room[self._used : self._used + len(new)] = new
        self._used += len(new)

    def _with_room_for(self, new: Tensor) -> Tensor:
        """The room there is, or twice as much, so that all copying together is linear; the first fits exactly."""
        if self._room is None:
            return new
        if self._used + len(new) <= len(self._room):
            return self._room
        larger = new.new_empty(max(2 * len(self._room), self._used + len(new)), *new.shape[1:])
        larger[: self._used] = self._room[: self._used]
        return larger
