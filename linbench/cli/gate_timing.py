"""The step times of `linbench gate`: their check against a revision or stored times, and their update."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from linbench.cli.progress import show_count

if TYPE_CHECKING:
    from linbench.cli.gate_options import GateOptions
    from linbench.gate.convergence import Request
    from linbench.gate.timing.check import TimingCheck
    from linbench.gate.timing.fresh_processes import Job
    from linbench.gate.timing.rendering import TimingReport

COUNTED = "step times, processes"
"""The words beside the bar."""


@contextlib.contextmanager
def open_check(request: Request, options: GateOptions) -> Iterator[TimingCheck | None]:
    """Yield the check of step times that the options ask for, or None; the context keeps a revision checked out.

    Raises BaselineError where the revision cannot be had, unless the check is for advice only.
    """
    from linbench.gate.timing.check import StoredTimesCheck
    from linbench.gate.timing.measure import job_of

    if options.timing_mode == "off":
        yield None
        return
    job = job_of(request)
    with contextlib.ExitStack() as stack:
        if options.against is None:
            gates = options.timing_mode == "gate"
            yield StoredTimesCheck(job=job, gates=gates, folder=options.times, plugins=options.plugins)
        else:
            yield _revision_check(stack, job, options.against, options)


def _revision_check(stack: contextlib.ExitStack, job: Job, reference: str, options: GateOptions) -> TimingCheck:
    """Return the check against a revision, which is there until the stack is closed."""
    from linbench.gate.files import BaselineError
    from linbench.gate.timing.check import ImpossibleCheck, RevisionCheck
    from linbench.gate.timing.revision import open_sides

    gates = options.timing_mode == "gate"
    try:
        sides = stack.enter_context(open_sides(reference, options.plugins))
    except BaselineError as error:
        if gates:
            raise
        return ImpossibleCheck(job=job, gates=gates, reference=reference, why=str(error))
    return RevisionCheck(job=job, gates=gates, sides=sides)


def run_check(check: TimingCheck | None, *, quiet: bool) -> TimingReport | None:
    """Run the check where there is one, with a bar on a terminal."""
    if check is None:
        return None
    with show_count(COUNTED, quiet=quiet) as tell:
        return check.report(tell)


def update_stored_times(request: Request, options: GateOptions, reason: str) -> list[str]:
    """Measure and store step times where the options ask for it; returns the lines that say so."""
    if options.timing_mode == "off":
        return []
    from linbench.gate.files import check_place
    from linbench.gate.timing.measure import job_of
    from linbench.gate.timing.update import update_times

    check_place(options.times, Path.cwd())
    job = job_of(request)
    with show_count(COUNTED, quiet=options.quiet) as tell:
        times = update_times(job, options.times, options.plugins, reason=reason, tell=tell)
    count = len(job.optimizers) - len(times.unmeasured)
    return [*times.unmeasured_lines(), f"{times.path}: step times of {count} optimizers"]
