"""Observers watch the training: progress bars, training logs. Watching never changes a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linbench.core.outcome.record import Record
    from linbench.core.request.case import Case


class Observer:
    """Told what happens; this one ignores it. Subclasses override what they want to see.

    log_every: call `epoch` after every so many epochs; 0 for never.
    """

    log_every: int = 0

    def started(self, case: Case) -> None:
        """Called when a case begins (serial engine only)."""

    def epoch(
        self, epoch: int, weight: Sequence[Sequence[float]] | None, bias: Sequence[float] | None, cost: float
    ) -> None:
        """Called after `epoch` updates, with W (d, m), b (m,), and the cost that they were computed from.

        Both are None for a model that is not XW + b, and b is empty where the problem has no intercept.
        """

    def advanced(self, run_epochs: int) -> None:
        """Called when so many more epochs of runs are done (a batch of K runs counts each epoch K times)."""

    def finished(self, record: Record) -> None:
        """Called when a case has its record."""

    def note(self, line: str) -> None:
        """Called with a line that a user should know of, and that belongs to no single record."""
