"""The update of stored step times: measure here, and keep the times of what was not measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from linbench.gate.timing.baseline_times import BaselineTimes, place, read_times, write_times
from linbench.gate.timing.fingerprint import machine
from linbench.gate.timing.fresh_processes import Job, Tell, tell_nobody
from linbench.gate.timing.measure import measure_here


@dataclass(frozen=True, slots=True)
class TimesUpdate:
    """An update that was written. path: the file. unmeasured: why optimizers of the job have no times in it."""

    path: Path
    unmeasured: Mapping[str, str]

    def unmeasured_lines(self) -> list[str]:
        """Return a line for each optimizer that could not be measured."""
        return [f"not measured: {label}: {why}" for label, why in self.unmeasured.items()]


def update_times(
    job: Job, folder: Path, plugins: Sequence[str], *, reason: str, tell: Tell = tell_nobody
) -> TimesUpdate:
    """Measure, and write the times of this machine; steps that are not in the job keep theirs.

    Raises BaselineError where the file there is damaged, or cannot be written.
    """
    now = measure_here(job, plugins, tell)
    steps = {step: now.optimizers[optimizer] for optimizer, step in job.steps.items() if optimizer in now.optimizers}
    times = BaselineTimes(machine(), steps, dict.fromkeys(steps, reason))
    path = place(folder, times.machine)
    if path.exists():
        before = read_times(path)
        times = replace(times, steps={**before.steps, **steps}, reasons={**before.reasons, **times.reasons})
    return TimesUpdate(write_times(folder, times), now.unmeasured)
