"""Engines run cases: `serial`, the plain loop and the reference, and `batched`, many cases as one tensor program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case


class Engine(Protocol):
    """Runs cases. A case that fails becomes an `error` record; only KeyboardInterrupt and its like get out."""

    @property
    def name(self) -> str:
        """What records call it."""

    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """The cases in the parts that `run` takes, for so many processes; parts do not depend on each other."""

    def run(
        self, cases: Sequence[Case], workbench: Workbench, observer: Observer, trajectories: bool | int = False
    ) -> Iterator[Record]:
        """The records of one part, as they are done.

        trajectories: keep the cost curves; a number thins them to about so many points.
        """
