"""The exception that ends a batch whose lanes may not be independent of each other."""

from __future__ import annotations

from typing import Literal


class NotSeparable(Exception):  # noqa: N818  not an error: the batch is run another way
    """The optimizer did something that may mix lanes.

    only: what the trouble hangs on; there would be none among cases that share their hyperparameters, or their model.
    """

    def __init__(self, reason: str, *, only: Literal["hyperparameters", "models"] | None = None) -> None:
        super().__init__(reason)
        self.only = only
