"""The interface of engines: `serial` is the plain loop and the reference, `batched` runs many cases as one program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case


class Engine(ABC):
    """Runs cases. A case that fails becomes an `error` record; only KeyboardInterrupt and its like get out.

    name: the engine's name in records.
    """

    __slots__ = ()

    name: ClassVar[str]

    @abstractmethod
    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """Yield the parts that `run` takes, enough for so many processes; parts do not depend on each other."""

    @abstractmethod
    def run(
        self, cases: Sequence[Case], workbench: Workbench, observer: Observer, trajectories: bool | int = False
    ) -> Iterator[Record]:
        """Yield the records of one part, as they are done.

        trajectories: keep the cost curves; a number thins them to about so many points.
        """
