"""What the pytest fixture does: the gate on a part of the suite, and its step times where those are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.core.errors import LinbenchError, UsageError
from linbench.core.isolation.process_state import restore_process_state
from linbench.gate.benchmark_row import Benchmark, add_row
from linbench.gate.configuration import find_suite, suite_of
from linbench.gate.convergence import Request, make_request, run_request, run_update
from linbench.gate.files import BaselineError
from linbench.gate.finding import Kind, exit_code
from linbench.gate.timing.measure import against_stored, job_of, store, told
from linbench.plugins.manager import load_plugins

if TYPE_CHECKING:
    from linbench.gate.rendering import Report
    from linbench.gate.timing.rendering import TimingReport

ACKNOWLEDGED = (Kind.DRIFT, Kind.NEW, Kind.STALE, Kind.SLOWER)
"""What an update makes the baseline; a case that is gone is dropped by `linbench gate --update --prune` only."""


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What the command line of pytest says.

    folder: the root of the tests, where the suite and `baseline/` lie. update: the reason to renew the baseline for,
    or None. timing: off, advisory or gate.
    """

    folder: Path
    baseline: Path
    update: str | None = None
    timing: str = "off"

    @property
    def times(self) -> Path:
        """The folder of stored step times."""
        return self.baseline.parent / "timing"


@dataclass(frozen=True, slots=True)
class GateResult:
    """failure: what the test fails with, or None. notes: what is to be known besides, a line each."""

    failure: str | None = None
    notes: list[str] = field(default_factory=list)


def check(
    asked: GateOptions,
    optimizers: Sequence[str],
    plugins: str | Sequence[str],
    more: Mapping[str, Any],
    benchmark: Callable[[], Benchmark] | str,
) -> GateResult:
    """Run the gate as the fixture was called.

    optimizers: specs; none for the whole suite. plugins: files, relative to the root of the tests, or modules.
    more: other keys of a suite. benchmark: gives the fixture of pytest-benchmark, or is the reason why step times
    cannot be measured.
    """
    found = [_found(plugin, asked.folder) for plugin in ([plugins] if isinstance(plugins, str) else plugins)]
    try:
        request = _request(asked, optimizers, found, more)
        if asked.update is not None:
            return _update(asked, request, found, asked.update)
        return _compare(asked, request, found, benchmark)
    except LinbenchError as error:
        return GateResult(str(error))


def _found(plugin: str, folder: Path) -> str:
    """A file of the tests by its whole path, wherever pytest was started; anything else as it is."""
    path = folder / plugin
    return str(path) if path.is_file() else plugin


def _request(asked: GateOptions, optimizers: Sequence[str], plugins: Sequence[str], more: Mapping[str, Any]) -> Request:
    if optimizers:
        if "optimizers" in more:
            raise UsageError("linbench_gate() has its optimizers twice")
        more = {**more, "optimizers": optimizers}
    more = {name: list(value) if isinstance(value, tuple) else value for name, value in more.items()}
    suite_of(more, "linbench_gate()")
    suite = replace(find_suite(asked.folder), **more)
    catalog = load_plugins(plugins).catalog
    with restore_process_state():  # making a plan imports targets
        return make_request(catalog, suite, asked.baseline, part=bool(more))


def _update(asked: GateOptions, request: Request, plugins: Sequence[str], reason: str) -> GateResult:
    updated = run_update(request, reason=reason, folder=asked.folder, jobs=1)
    if updated.crashed:
        return GateResult("\n".join(f"not updated: {one}" for one in updated.crashed))
    notes = [f"{one.case}: {one.what}: {one.was} → {one.now}" for one in updated.changed]
    if asked.timing != "off":
        path, unmeasured = store(job_of(request), asked.times, plugins, reason)
        notes += [f"{path}: step times renewed", *(f"not measured: {one}" for one in unmeasured)]
    return GateResult(notes=notes)


def _compare(
    asked: GateOptions, request: Request, plugins: Sequence[str], benchmark: Callable[[], Benchmark] | str
) -> GateResult:
    if not asked.baseline.exists():
        raise BaselineError(f"there is no baseline {asked.baseline}: make one with pytest --linbench-update")
    report = run_request(request, jobs=1)
    notes: list[str] = []
    if asked.timing != "off":
        timing, notes = _timed(asked, request, plugins, benchmark)
        report = replace(report, timing=timing)
    return GateResult(_told(report) if report.exit_code else None, notes)


def _timed(
    asked: GateOptions, request: Request, plugins: Sequence[str], benchmark: Callable[[], Benchmark] | str
) -> tuple[TimingReport | None, list[str]]:
    """Step times, where they can be measured, and what is to be known of them but for what fails."""
    if isinstance(benchmark, str):
        return None, [f"step times are not measured: {benchmark}"]
    job, gates = job_of(request), asked.timing == "gate"
    timing = told(str(asked.times), gates, lambda: against_stored(job, asked.times, plugins, gates))
    no_row = add_row(request.plan, benchmark, timing)
    fine = [] if timing.impossible else [str(one) for one in timing.findings if not exit_code([one])]
    return timing, [timing.summary, *fine, *([no_row] if no_row else [])]


def _told(report: Report) -> str:
    """What fails, and how to acknowledge it where that can be done from here."""
    failing = [one for one in report.all_findings if exit_code([one])]
    lines = [f"linbench gate: {report.summary}", *map(str, failing)]
    if any(one.kind in ACKNOWLEDGED for one in failing):
        timing = " --linbench-timing=gate" if report.timing is not None and exit_code(report.timing.findings) else ""
        lines.append(f"to acknowledge what changed: pytest --linbench-update{timing}")
    return "\n".join(lines)
