"""The gate on convergence: run a suite, and compare its cases with the committed baseline."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from linbench.comparison import lr_of, run_plan, seeds_of, specs_of
from linbench.core.errors import UsageError
from linbench.core.outcome.record import Status
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import DType, Settings
from linbench.core.running.execution import Execution
from linbench.gate.baseline import read_baseline, write_baseline
from linbench.gate.files import BaselineError, check_place
from linbench.gate.finding import Kind
from linbench.gate.judge import judge_all
from linbench.gate.metrics import SCHEMA, CaseMetrics, label_of, metrics_of, settings_of
from linbench.gate.rendering import Report
from linbench.gate.rules import Renaming, advice_of, renamings
from linbench.gate.tolerance import RTOL
from linbench.gate.update import BaselineUpdate, update
from linbench.gate.versions import versions_of

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.request.case import Case
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.plan import Plan
    from linbench.gate.configuration import Suite
    from linbench.store.session import StoreSession


@dataclass(frozen=True, slots=True)
class Request:
    """A gate, resolved. plan: the cases that were selected. only: the pattern that selected them.

    among: the labels of a suite that is a part of what the baseline is of, None for a whole one.
    """

    plan: Plan
    baseline: Path
    only: str | None = None
    among: frozenset[str] | None = None

    def selects(self, label: str) -> bool:
        """Return whether a case of the suite or of the baseline is looked at."""
        if self.among is not None and label not in self.among:
            return False
        return self.only is None or fnmatch.fnmatchcase(label, self.only)

    @property
    def whole(self) -> bool:
        """True where all of the baseline is looked at."""
        return self.only is None and self.among is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The circumstances in which a suite is trained; they change no number.

    jobs: processes, one a processor unless given. observer: watches. session: keeps the records in a store; StoreError
    is raised, before anything runs, where it cannot.
    """

    jobs: int | None = None
    observer: Observer | None = None
    session: StoreSession | None = None


def make_request(
    catalog: Catalog, suite: Suite, baseline: Path, only: str | None = None, *, part: bool = False
) -> Request:
    """Resolve a suite against a catalog; raises UsageError for what cannot be run, or where nothing is selected.

    part: the baseline is of a larger suite, whose other cases are none of this request's business.
    """
    settings = Settings(
        epochs=suite.epochs, batch_size=suite.batch_size, target=suite.target, dtype=_dtype(suite.dtype)
    )
    plan = make_plan(
        catalog,
        optimizers=specs_of(suite.optimizers),
        models=specs_of(suite.models),
        devices=specs_of("cpu"),
        problems=specs_of(suite.problems),
        seeds=seeds_of(suite.seeds),
        lr=lr_of(suite.lr),
        settings=settings,
    )
    request = Request(plan, baseline, only, frozenset(map(label_of, plan)) if part else None)
    left_out = frozenset(case.digest for case in plan if not request.selects(label_of(case)))
    return replace(request, plan=replace(plan, done=left_out))


def _dtype(text: str) -> DType:
    if text not in RTOL:
        raise UsageError(f"dtype of a gate must be {' or '.join(RTOL)}, not {text!r}")
    known: dict[str, DType] = {name: name for name in get_args(DType)}
    return known[text]


def run_request(request: Request, training: Training | None = None) -> Report:
    """Run the suite and compare. Raises BaselineError where there is nothing to compare with, before anything runs."""
    baseline = read_baseline(request.baseline)
    renamed = renamings(request.plan, baseline)
    was = _selection(request, baseline, renamed)
    _check_selection(request, was)
    labels = {label_of(case) for case in request.plan}
    before = {one.label_before for one in renamed.values()}
    if request.whole and not (labels | before) & set(was):
        raise BaselineError(
            f"the suite and {request.baseline} have no case in common: is it the baseline of another suite?"
        )
    now = measure(request.plan, training)
    findings = judge_all(now, was, renamed)
    return Report(
        findings=[one for one in findings if one.kind is not Kind.RULES],
        advice=advice_of(findings),
        cases=sorted({*now, *was} - (before - set(now))),
        suite=settings_of(request.plan.settings),
        baseline=str(request.baseline),
    )


def run_update(
    request: Request,
    *,
    reason: str,
    prune: bool = False,
    folder: Path | None = None,
    training: Training | None = None,
) -> BaselineUpdate:
    """Run the suite and write its cases into the baseline, where they differ; the rest of the file stays.

    folder: the place that the command is run in, the current directory unless given.
    Raises BaselineError for a baseline that is damaged, or would be written outside the folder and its repository; the
    file is as before then.
    """
    check_place(request.baseline, folder or Path.cwd())
    was = read_baseline(request.baseline) if request.baseline.exists() else {}
    renamed = renamings(request.plan, was)
    selection = _selection(request, was, renamed)
    _check_selection(request, selection)
    stale = next((label for label, case in was.items() if case.schema != SCHEMA and label not in selection), None)
    if stale is not None:
        raise BaselineError(f"{request.baseline} is of an older schema: update all of it, without --only")
    now = measure(request.plan, training)
    result = update(
        was,
        now,
        judge_all(now, selection, renamed),
        reason=reason,
        prune=prune,
        replaced=_replaced(request, renamed, now),
    )
    if result.cases != was:
        write_baseline(request.baseline, result.cases)
    return result


def measure(plan: Plan, training: Training | None = None) -> dict[str, CaseMetrics]:
    """Return the metrics of every case by its label: from the serial loop, in one process or several."""
    if not len(plan):
        return {}
    training = training or Training()
    cases: dict[str, Case] = {case.key: case for case in plan}
    execution = Execution(engine="serial", jobs=training.jobs, trajectories=True, timing=False)
    metrics: dict[str, CaseMetrics] = {}
    for record in run_plan(plan, execution, observer=training.observer, session=training.session):
        case = cases[record.key]
        label = label_of(case)
        metrics[label] = metrics_of(record, label, versions_of(case))
    return metrics


def _selection(
    request: Request, cases: Mapping[str, CaseMetrics], renamed: Mapping[str, Renaming]
) -> dict[str, CaseMetrics]:
    """Return the cases of a baseline that are looked at. renamed: those of the suite that have other labels there."""
    before = {one.label_before for one in renamed.values()}
    return {label: case for label, case in cases.items() if request.selects(label) or label in before}


def _replaced(request: Request, renamed: Mapping[str, Renaming], now: Mapping[str, CaseMetrics]) -> set[str]:
    """Return the labels that nothing has any more, since their cases have others; of a part of a suite, none."""
    if request.among is not None:
        return set()
    before = {one.label_before for label, one in renamed.items() if now[label].status is not Status.ERROR}
    return before - {label_of(case) for case in replace(request.plan, done=frozenset())} if before else before


def _check_selection(request: Request, was: Mapping[str, CaseMetrics]) -> None:
    if not len(request.plan) and not was:
        names: Sequence[Any] = request.plan.optimizers
        example = f"*{names[0].label}*" if names else "*"
        raise UsageError(
            f"no case is called {request.only!r}: the pattern is for the whole label, for example {example!r}"
        )
