"""What the watch raises where a batch may not be one."""

from __future__ import annotations

from typing import Literal


class NotSeparable(Exception):  # noqa: N818  not an error: the batch is run another way
    """The optimizer did something that may mix lanes.

    only: it would be no trouble among cases with the same hyperparameters, or with the same model.
    """

    def __init__(self, reason: str, *, only: Literal["hyperparameters", "models"] | None = None) -> None:
        super().__init__(reason)
        self.only = only
