"""The step times of `linbench gate`: against a revision, or against what is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.cli.progress import counting

if TYPE_CHECKING:
    from linbench.core.gate.timing.report import TimingReport
    from linbench.gating.convergence import Request
    from linbench.gating.fresh import Tell

WORDS = "step times, processes"


@contextlib.contextmanager
def times(request: Request, options: dict[str, Any]) -> Iterator[Callable[[], TimingReport | None]]:
    """A function that compares step times as they were asked for; the revision is there before anything is trained."""
    from linbench.gating.revision import against
    from linbench.gating.timing import against_sides, against_stored, job_of, told

    if options["timing"] == "off":
        yield lambda: None
        return
    gates, job, quiet = options["timing"] == "gate", job_of(request), options["quiet"]

    def compared(against: str, compare: Callable[[Tell], TimingReport]) -> TimingReport:
        with counting(WORDS, quiet=quiet) as tell:
            return told(against, lambda: compare(tell))

    if options["against"] is None:
        folder, plugins = _folder(options), options["plugins"]
        yield lambda: compared(str(folder), lambda tell: against_stored(job, folder, plugins, gates, tell))
        return
    with against(options["against"], options["plugins"]) as sides:
        yield lambda: compared(sides.name, lambda tell: against_sides(job, sides, gates, tell))


def store_times(request: Request, options: dict[str, Any], reason: str) -> list[str]:
    """Measure and store, where that was asked for; says what became of it."""
    if options["timing"] == "off":
        return []
    from linbench.core.gate.committed import check_place
    from linbench.gating.timing import job_of, store

    folder = _folder(options)
    check_place(folder, Path.cwd())
    job = job_of(request)
    with counting(WORDS, quiet=options["quiet"]) as tell:
        path, unmeasured = store(job, folder, options["plugins"], reason, tell)
    count = len(job.optimizers) - len(unmeasured)
    return [*(f"not measured: {one}" for one in unmeasured), f"{path}: step times of {count} optimizers"]


def _folder(options: dict[str, Any]) -> Path:
    return Path(options["baseline"].parent / "timing")
