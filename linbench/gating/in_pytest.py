"""What the pytest fixture does: the gate on a part of the suite, and step times through pytest-benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.core.errors import LinbenchError
from linbench.core.gate.suite import find_suite, suite_of
from linbench.core.process_state import kept
from linbench.gating.convergence import Request, make_request, run_request, run_update
from linbench.gating.timing import against_stored, job_of, store, told
from linbench.plugins.manager import load_plugins

if TYPE_CHECKING:
    from linbench.core.gate.report import Report

Benchmark = Any
"""The fixture of pytest-benchmark."""

ROUNDS = 200
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line of pytest says.

    folder: the root of the tests, where the suite and `baseline/` lie. update: the reason to renew the baseline for,
    or None. timing: off, advisory or gate.
    """

    folder: Path
    baseline: Path
    update: str | None = None
    timing: str = "off"


@dataclass(frozen=True, slots=True)
class Outcome:
    """failure: what the test fails with, or None. notes: what is to be known besides, a line each."""

    failure: str | None = None
    notes: list[str] = field(default_factory=list)


def check(
    asked: Asked,
    optimizers: Sequence[str],
    plugins: Sequence[str],
    more: dict[str, Any],
    benchmark: Callable[[], Benchmark] | str,
) -> Outcome:
    """Run the gate as the fixture was called.

    optimizers: specs; none for the whole suite. more: other keys of a suite. benchmark: gives the fixture of
    pytest-benchmark, or is the reason why step times cannot be measured.
    """
    try:
        request = _request(asked, optimizers, plugins, more)
        if asked.update is not None:
            return _update(asked, request, plugins)
        report = run_request(request)
        timing: list[str] = []
        if asked.timing != "off":
            report, timing = _timed(asked, request, plugins, report, benchmark)
    except LinbenchError as error:
        return Outcome(str(error))
    failing = report.exit_code != 0
    notes = [*timing, *(str(one) for one in report.all_findings if not failing)]
    return Outcome(_told(report) if failing else None, notes)


def _request(asked: Asked, optimizers: Sequence[str], plugins: Sequence[str], more: dict[str, Any]) -> Request:
    suite = find_suite(asked.folder)
    if optimizers:
        more = {**more, "optimizers": list(optimizers)}
    checked = suite_of(more, "linbench_gate()")
    suite = replace(suite, **{name: getattr(checked, name) for name in more})
    catalog = load_plugins(plugins).catalog
    with kept():  # making a plan imports targets
        return make_request(catalog, suite, asked.baseline, part=bool(more))


def _update(asked: Asked, request: Request, plugins: Sequence[str]) -> Outcome:
    updated = run_update(request, reason=asked.update or "", folder=asked.folder)
    if updated.crashed:
        return Outcome("\n".join(f"not updated: {one}" for one in updated.crashed))
    notes = [f"{one.case}: {one.what}: {one.was} → {one.now}" for one in updated.changed]
    if asked.timing != "off":
        path, unmeasured = store(job_of(request), asked.baseline.parent / "timing", plugins, asked.update or "")
        notes += [f"{path}: step times renewed", *(f"not measured: {one}" for one in unmeasured)]
    return Outcome(notes=notes)


def _timed(
    asked: Asked, request: Request, plugins: Sequence[str], report: Report, benchmark: Callable[[], Benchmark] | str
) -> tuple[Report, list[str]]:
    if isinstance(benchmark, str):
        return report, [f"step times are not measured: {benchmark}"]
    job, folder = job_of(request), asked.baseline.parent / "timing"
    gates = asked.timing == "gate"
    timing = told(str(folder), gates, lambda: against_stored(job, folder, plugins, gates))
    recorder = benchmark()
    recorder.extra_info["linbench"] = timing.to_dict()
    _benchmarked(request, recorder)
    return replace(report, timing=timing), [timing.summary]


def _benchmarked(request: Request, benchmark: Benchmark) -> None:
    """Let pytest-benchmark time one step of every optimizer that the test is about, for its own tables and files."""
    from linbench.core.gate.timing.stepping import stepping
    from linbench.core.workbench import Workbench

    by_optimizer: dict[str, list[Any]] = {}
    for case in request.plan:
        if case.seed == request.plan.seeds[0] and case.problem is request.plan.problems[0]:
            by_optimizer.setdefault(case.optimizer.label, []).append(case)
    workbench = Workbench(catalog=request.plan.catalog)
    steppings = [stepping(cases, workbench) for cases in by_optimizer.values()]

    def prepare() -> None:
        for one in steppings:
            one.prepare()

    def step() -> None:
        for one in steppings:
            one.step()

    benchmark.pedantic(step, setup=prepare, rounds=ROUNDS, warmup_rounds=WARM_UP)


def _told(report: Report) -> str:
    lines = [f"linbench gate: {report.summary}", *map(str, report.all_findings)]
    timing = " --linbench-timing=gate" if report.timing is not None and report.timing.findings else ""
    return "\n".join([*lines, f"to acknowledge what changed: pytest --linbench-update{timing}"])
