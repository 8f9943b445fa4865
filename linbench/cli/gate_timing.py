"""The step times of `linbench gate`: against a revision, or against what is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.cli.progress import counting

if TYPE_CHECKING:
    from linbench.gate.convergence import Request
    from linbench.gate.timing.fresh_processes import Job, Tell
    from linbench.gate.timing.rendering import TimingReport

WORDS = "step times, processes"


@contextlib.contextmanager
def times(request: Request, options: dict[str, Any]) -> Iterator[Callable[[], TimingReport | None]]:
    """A function that compares step times as they were asked for; the revision is there before anything is trained.

    Raises BaselineError where there is none to compare with, unless it is asked for advice only.
    """
    from linbench.gate.timing.measure import against_stored, job_of, told

    if options["timing"] == "off":
        yield lambda: None
        return
    gates, job, quiet = options["timing"] == "gate", job_of(request), options["quiet"]

    def compared(against: str, compare: Callable[[Tell], TimingReport]) -> TimingReport:
        with counting(WORDS, quiet=quiet) as tell:
            return told(against, gates, lambda: compare(tell))

    with contextlib.ExitStack() as stack:
        if options["against"] is None:
            folder, plugins = _folder(options), options["plugins"]
            yield lambda: compared(str(folder), lambda tell: against_stored(job, folder, plugins, gates, tell))
        else:
            name, compare = _against_revision(stack, job, options["against"], options["plugins"], gates)
            yield lambda: compared(name, compare)


def _against_revision(
    stack: contextlib.ExitStack, job: Job, reference: str, plugins: Sequence[str], gates: bool
) -> tuple[str, Callable[[Tell], TimingReport]]:
    """What the revision is called, and the comparison with it; it is there until the stack is closed."""
    from linbench.gate.files import BaselineError
    from linbench.gate.timing.measure import against_sides
    from linbench.gate.timing.rendering import TimingReport
    from linbench.gate.timing.revision import against

    try:
        sides = stack.enter_context(against(reference, plugins))
    except BaselineError as error:
        if gates:
            raise
        impossible = TimingReport((), reference, gates, impossible=str(error))
        return reference, lambda _: impossible
    return sides.name, lambda tell: against_sides(job, sides, gates, tell)


def store_times(request: Request, options: dict[str, Any], reason: str) -> list[str]:
    """Measure and store, where that was asked for; says what became of it."""
    if options["timing"] == "off":
        return []
    from linbench.gate.files import check_place
    from linbench.gate.timing.measure import job_of, store

    folder = _folder(options)
    check_place(folder, Path.cwd())
    job = job_of(request)
    with counting(WORDS, quiet=options["quiet"]) as tell:
        path, unmeasured = store(job, folder, options["plugins"], reason, tell)
    count = len(job.optimizers) - len(unmeasured)
    return [*(f"not measured: {one}" for one in unmeasured), f"{path}: step times of {count} optimizers"]


def _folder(options: dict[str, Any]) -> Path:
    return Path(options["baseline"].parent / "timing")
