"""Engines run cases. `serial` is the plain training loop and the reference for every other one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.plan import Case
    from linbench.core.record import Record
    from linbench.core.workbench import Workbench


class Engine(Protocol):
    """Runs cases. A case that fails becomes an `error` record; only KeyboardInterrupt and its like get out."""

    name: str

    def run(
        self,
        cases: Sequence[Case],
        workbench: Workbench,
        observer: Observer,
        trajectories: bool | int = False,
    ) -> Iterator[Record]:
        """The records of runnable cases, as they are done, in any order.

        trajectories: keep the cost curves; a number thins them to about so many points.
        """
