"""The gate in a test: on a part of the suite, with its step times where those are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.core.errors import LinbenchError, UsageError
from linbench.core.isolation.process_state import restore_process_state
from linbench.gate.benchmark_row import BenchmarkAccess, add_row
from linbench.gate.configuration import find_suite, suite_of
from linbench.gate.convergence import Request, Training, make_request, run_request, run_update
from linbench.gate.files import BaselineError
from linbench.gate.finding import Kind, fails
from linbench.gate.timing.check import StoredTimesCheck
from linbench.gate.timing.measure import job_of
from linbench.gate.timing.update import update_times
from linbench.plugins.manager import load_plugins

if TYPE_CHECKING:
    from linbench.gate.rendering import Report

ACKNOWLEDGED = (Kind.DRIFT, Kind.NEW, Kind.STALE, Kind.SLOWER)
"""The kinds that an update acknowledges; a case that is gone is dropped by `linbench gate --update --prune` only."""

UPDATE = "pytest --linbench-update"
"""The command that renews a baseline from tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestOptions:
    """The options of linbench on the command line of pytest.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCall:
    """The arguments of one call of the fixture.

    optimizers: specs; none for the whole suite. plugins: files, relative to the root of the tests, or modules.
    suite: other keys of a suite.
    """

    optimizers: Sequence[str]
    plugins: Sequence[str]
    suite: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GateResult:
    """The end of one call. failure: why the test fails, or None. notes: what to know besides, a line each."""

    failure: str | None = None
    notes: list[str] = field(default_factory=list)


def check(options: PytestOptions, call: GateCall, access: BenchmarkAccess) -> GateResult:
    """Run the gate as the fixture was called; a mistake in the call is a failure too."""
    call = replace(call, plugins=[_whole_path(plugin, options.folder) for plugin in call.plugins])
    try:
        request = _request(options, call)
        if options.update is not None:
            return _update(options, call, request, options.update)
        return _compare(options, call, request, access)
    except LinbenchError as error:
        return GateResult(str(error))


def _whole_path(plugin: str, folder: Path) -> str:
    """Return a file of the tests by its whole path, wherever pytest was started; anything else as it is."""
    path = folder / plugin
    return str(path) if path.is_file() else plugin


def _request(options: PytestOptions, call: GateCall) -> Request:
    keys = dict(call.suite)
    if call.optimizers:
        if "optimizers" in keys:
            raise UsageError("linbench_gate() has its optimizers twice")
        keys["optimizers"] = call.optimizers
    keys = {name: list(value) if isinstance(value, tuple) else value for name, value in keys.items()}
    suite_of(keys, "linbench_gate()")
    suite = replace(find_suite(options.folder), **keys)
    catalog = load_plugins(call.plugins).catalog
    with restore_process_state():  # making a plan imports targets
        return make_request(catalog, suite, options.baseline, part=bool(keys))


def _update(options: PytestOptions, call: GateCall, request: Request, reason: str) -> GateResult:
    baseline = run_update(request, reason=reason, folder=options.folder, training=Training(jobs=1))
    if baseline.crashes:
        return GateResult("\n".join(f"not updated: {crash}" for crash in baseline.crashes))
    notes = baseline.change_lines()
    if options.timing != "off":
        times = update_times(job_of(request), options.times, call.plugins, reason=reason)
        notes += [f"{times.path}: step times renewed", *times.unmeasured_lines()]
    return GateResult(notes=notes)


def _compare(options: PytestOptions, call: GateCall, request: Request, access: BenchmarkAccess) -> GateResult:
    if not options.baseline.exists():
        raise BaselineError(f"there is no baseline {options.baseline}: make one with pytest --linbench-update")
    report = run_request(request, Training(jobs=1))
    notes = [advice.line(UPDATE) for advice in report.advice]
    if options.timing == "off":
        return GateResult(_failure(report), notes)
    if access.unavailable is not None:
        return GateResult(_failure(report), [*notes, f"step times are not measured: {access.unavailable}"])
    timing = StoredTimesCheck(
        job=job_of(request), gates=options.timing == "gate", folder=options.times, plugins=call.plugins
    ).report()
    notes.append(timing.summary)
    if not timing.impossible:
        notes += [str(finding) for finding in timing.findings if not fails(finding)]
    no_row = add_row(request.plan, access, timing)
    if no_row is not None:
        notes.append(no_row)
    return GateResult(_failure(replace(report, timing=timing)), notes)


def _failure(report: Report) -> str | None:
    """Return the findings that fail, and how to acknowledge them where that can be done from here; None for none."""
    failing = [finding for finding in report.all_findings if fails(finding)]
    if not failing:
        return None
    lines = [f"linbench gate: {report.summary}", *map(str, failing)]
    if any(finding.kind in ACKNOWLEDGED for finding in failing):
        times_fail = report.timing is not None and any(map(fails, report.timing.findings))
        timing = " --linbench-timing=gate" if times_fail else ""
        lines.append(f"to acknowledge what changed: {UPDATE}{timing}")
    return "\n".join(lines)
