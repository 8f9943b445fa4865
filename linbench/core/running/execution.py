"""How cases are run: by which engine, in how many processes, with what kept of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from linbench.core.engines.batched import BatchedEngine
from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import UsageError
from linbench.core.running.parts import ProcessLimits
from linbench.core.running.pool import processors

if TYPE_CHECKING:
    from linbench.core.engines.engine import Engine
    from linbench.core.observer import Observer

EngineName = Literal["auto", "serial", "batched"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How cases are run; none of it changes what comes out, but for rounding.

    engine: `auto` is `batched`, or `serial` where somebody watches every epoch. jobs: processes; None takes one for
    each processor, where there is enough to do. max_lanes: cases per batch at most, None chooses. trajectories: keep
    the cost curves, True for every epoch or about so many points. timing: measure the time per step.
    timeout: seconds after which a case is stopped and is an error; None for never. isolate: train in processes of
    their own, so that one that dies is an error of its case alone; a timeout does that too.
    Raises UsageError for values that cannot be.
    """

    engine: EngineName = "auto"
    jobs: int | None = 1
    max_lanes: int | None = None
    trajectories: bool | int = False
    timing: bool = True
    timeout: float | None = None
    isolate: bool = False

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"jobs must be at least 1, not {self.jobs}")
        if self.max_lanes is not None and self.max_lanes < 1:
            raise UsageError(f"max lanes must be at least 1, not {self.max_lanes}")
        if self.timeout is not None and not (0 < self.timeout < math.inf):
            raise UsageError(f"timeout must be a positive number of seconds, not {self.timeout:g}")

    @property
    def process_count(self) -> int:
        """How many processes may train at once."""
        return self.jobs if self.jobs is not None else processors()

    @property
    def isolation(self) -> ProcessLimits | None:
        """The limits of the processes that keep cases apart; None where that is not asked for."""
        if not self.isolate and self.timeout is None:
            return None
        return ProcessLimits(count=self.process_count, timeout=self.timeout)

    def make_engine(self, observer: Observer) -> Engine:
        """Make the engine; raises UsageError where a training log is wanted of one that has no single loop to log."""
        if observer.log_every and self.engine == "batched":
            raise UsageError("a training log needs the serial engine: --engine serial")
        if self.engine == "serial" or observer.log_every:
            return SerialEngine()
        return BatchedEngine(self.max_lanes)
