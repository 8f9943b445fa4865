"""The check of step times: the code that runs here against another revision or against stored times."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from linbench.gate.files import BaselineError
from linbench.gate.timing.baseline_times import find_times, place
from linbench.gate.timing.decision import StepComparison, compare_sides, confirm
from linbench.gate.timing.fingerprint import differences, fingerprint, machine
from linbench.gate.timing.fresh_processes import Job, Tell, tell_nobody
from linbench.gate.timing.measure import Measurement, measure_here, measure_sides
from linbench.gate.timing.rendering import TimingReport

if TYPE_CHECKING:
    from linbench.gate.timing.revision import Sides

Measure = Callable[[Job], Measurement]
"""A function that measures both sides once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingCheck(abc.ABC):
    """A check that is ready to be run. gates: a slower step fails it; else that is advice."""

    job: Job
    gates: bool

    @property
    @abc.abstractmethod
    def against(self) -> str:
        """The other side in words."""

    @abc.abstractmethod
    def run(self, tell: Tell = tell_nobody) -> TimingReport:
        """Measure, compare and report; raises BaselineError where there is nothing to compare with."""

    def report(self, tell: Tell = tell_nobody) -> TimingReport:
        """Run it; where that is impossible the report says why, beside the report on convergence."""
        try:
            return self.run(tell)
        except BaselineError as error:
            return TimingReport((), self.against, self.gates, impossible=str(error))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionCheck(TimingCheck):
    """The working tree against another revision or environment, both measured now."""

    sides: Sides

    @property
    def against(self) -> str:
        """The name of the revision, or the path of the Python."""
        return self.sides.name

    def run(self, tell: Tell = tell_nobody) -> TimingReport:
        """Measure both sides in turns, five fresh processes each; what is slower is measured once more.

        Raises BaselineError as `measure_sides` does, and where no optimizer is on both sides.
        """
        comparisons = decide(self.job, lambda job: measure_sides(job, self.sides, tell))
        if all(one.ratio is None for one in comparisons):
            raise BaselineError(
                f"no optimizer can be timed both here and in {self.sides.name}: {_reasons(comparisons)}"
            )
        return TimingReport(comparisons, self.against, self.gates)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTimesCheck(TimingCheck):
    """The code that runs now against the committed times of this machine, else of the one most like it.

    folder: the place of the files. plugins: as `--plugin`.
    """

    folder: Path
    plugins: Sequence[str] = ()

    @property
    def against(self) -> str:
        """The folder of stored times."""
        return str(self.folder)

    def run(self, tell: Tell = tell_nobody) -> TimingReport:
        """Measure five fresh processes; against the times of another machine the result is advice only.

        Raises BaselineError where nothing is stored, or a file is damaged.
        """
        here = machine()
        times = find_times(self.folder, here)
        comparisons = decide(
            self.job, lambda job: Measurement(now=measure_here(job, self.plugins, tell), was=times.of(job.steps))
        )
        same_machine = fingerprint(times.machine) == fingerprint(here)
        return TimingReport(
            comparisons,
            against=f"those in {place(self.folder, times.machine)}",
            gates=self.gates and same_machine,
            note="" if same_machine else f"they are of another machine: {differences(times.machine, here)}",
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ImpossibleCheck(TimingCheck):
    """A check whose other side cannot be had. reference: its name. why: the reason."""

    reference: str
    why: str

    @property
    def against(self) -> str:
        """The name that the user gave."""
        return self.reference

    def run(self, tell: Tell = tell_nobody) -> TimingReport:
        """Raise BaselineError."""
        raise BaselineError(self.why)


def decide(job: Job, measure: Measure) -> list[StepComparison]:
    """Compare every optimizer; those that may be slower are measured once more before that counts."""
    first = _compare(measure(job))
    suspects = [one.optimizer for one in first if one.suspect]
    again = {one.optimizer: one for one in _compare(measure(job.only(suspects)))} if suspects else {}
    return [confirm(one, again[one.optimizer]) if one.optimizer in again else one for one in first]


def _compare(measurement: Measurement) -> list[StepComparison]:
    return compare_sides(measurement.now, measurement.was)


def _reasons(comparisons: Sequence[StepComparison]) -> str:
    return "; ".join(dict.fromkeys(one.why for one in comparisons if one.why)) or "the suite names none"
