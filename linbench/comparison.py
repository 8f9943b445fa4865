"""`linbench.compare`: the matrix from Python, and the result that prints as the table."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from linbench.core.errors import UsageError
from linbench.core.isolation.neutral import neutral_context
from linbench.core.problem.problem import Problem
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import DType, Settings
from linbench.core.request.spec import Spec, Sweep, parse_specs, parse_value
from linbench.core.running import runner
from linbench.core.running.admission import check_problems
from linbench.core.running.execution import EngineName, Execution
from linbench.plugins.manager import load_plugins
from linbench.results import serialize
from linbench.results.table.render import render
from linbench.store.contents import RecordContents
from linbench.store.session import StoreSession, plugin_versions
from linbench.store.store import Store

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.request.plan import Plan

Wanted = str | Spec | Callable[..., Any] | Problem
"""One thing to compare: a spec as text (or several, separated by commas), a Spec, a class or callable, a Problem."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The records of one comparison, in the order of its plan. Prints as the table.

    planned: how many cases there were to run; more than there are records only where it was interrupted.
    """

    records: Sequence[Record]
    planned: int

    @property
    def interrupted(self) -> bool:
        """Whether some cases were not run."""
        return len(self.records) < self.planned

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __str__(self) -> str:
        return render(self.records)

    def _repr_html_(self) -> str:
        return render(self.records, style="html")

    def to_json(self) -> str:
        """Return the document of `linbench compare --format json`."""
        return serialize.as_json(self.records)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one flat dictionary per record, ready for pandas or polars."""
        return serialize.as_rows(self.records)


class TrainingOptions(TypedDict, total=False):
    """The fields of `Settings` and `Execution` by their names: each may be given to `compare` by itself."""

    epochs: int
    batch_size: int | None
    target: float
    dtype: DType
    stop_at_target: bool
    engine: EngineName
    jobs: int | None
    max_lanes: int | None
    trajectories: bool | int
    timing: bool
    timeout: float | None
    isolate: bool


def compare(
    optimizers: Wanted | Sequence[Wanted] = "sgd,adam,rmsprop",
    models: Wanted | Sequence[Wanted] = "manual,linear",
    devices: Wanted | Sequence[Wanted] = "cpu",
    problems: Wanted | Sequence[Wanted] = "study-hours",
    *,
    lr: float | str | Iterable[float] | None = None,
    seeds: int | str | Sequence[int] = 1,
    settings: Settings | None = None,
    execution: Execution | None = None,
    predict: Sequence[float] | None = None,
    plugins: Iterable[str] = (),
    observer: Observer | None = None,
    store: str | Path | Store | None = None,
    resume: bool = False,
    **options: Unpack[TrainingOptions],
) -> Comparison:
    """Train every combination and return what became of each.

    optimizers: also classes and callables `f(params, **parameters)`; models, problems: likewise, and Problem objects.
    lr: a value, several, or a sweep as text, for every optimizer whose spec names none. seeds: a count (0 … n − 1),
    a list, or text. settings: epochs, batch size, target, dtype. execution: engine, processes, what is kept of a run.
    predict: one value per feature. plugins: files or module names to load besides the installed ones.
    store: keep the records there; None for nowhere. resume: take what earlier runs have in it, train only the rest.
    options: fields of `Settings` and `Execution` by their names, `epochs=500, timing=False`; they change what
    `settings` and `execution` say.

    Raises UsageError for a request that cannot be carried out, TypeError for an option that there is not. Ctrl-C ends
    it early with the records done so far.
    """
    settings, execution = with_options("compare", settings or Settings(), execution or Execution(), options)
    with neutral_context():  # which puts back as well what the targets that a plan imports have changed
        loaded = load_plugins(plugins)
        plan = make_plan(
            loaded.catalog,
            optimizers=specs_of(optimizers),
            models=specs_of(models),
            devices=specs_of(devices),
            problems=specs_of(problems),
            seeds=seeds_of(seeds),
            lr=lr_of(lr),
            settings=settings,
        )
        session = _open_session(store, resume, plugin_versions(loaded.statuses))
        comparison = compare_plan(plan, execution, predict, observer, session)
    if session is not None and session.lost() is not None:
        warnings.warn(str(session.lost()), RuntimeWarning, stacklevel=2)
    return comparison


def with_options(
    function: str, settings: Settings, execution: Execution, options: Mapping[str, Any]
) -> tuple[Settings, Execution]:
    """Return both with the fields that options name changed; raises TypeError for a name that neither has."""
    of_settings = {field.name for field in fields(Settings) if field.init}
    of_execution = {field.name for field in fields(Execution)}
    for name in options:
        if name not in of_settings | of_execution:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return (
        replace(settings, **{name: value for name, value in options.items() if name in of_settings}),
        replace(execution, **{name: value for name, value in options.items() if name in of_execution}),
    )


def compare_plan(
    plan: Plan,
    execution: Execution | None = None,
    predict: Sequence[float] | None = None,
    observer: Observer | None = None,
    session: StoreSession | None = None,
) -> Comparison:
    """Run a plan; see `compare`."""
    records: list[Record] = []
    with contextlib.suppress(KeyboardInterrupt):  # what is done must survive an interrupt
        for record in run_plan(plan, execution, predict, observer, session):
            records.append(record)  # noqa: PERF402  not extend, which would keep none
    return Comparison(runner.in_plan_order(plan, records), len(plan))


def run_plan(
    plan: Plan,
    execution: Execution | None = None,
    predict: Sequence[float] | None = None,
    observer: Observer | None = None,
    session: StoreSession | None = None,
) -> Iterator[Record]:
    """Yield the records of a plan as they are done; nothing is kept, so a million of them take no memory.

    session: keeps them in a store, and takes from it what it has; those come first.
    """
    workbench = Workbench(predict, plan.catalog)
    execution = execution or Execution()
    check_problems(plan, workbench, execution.isolation)
    if session is None:
        yield from runner.run(plan, workbench, execution, observer)
        return
    contents = RecordContents(predict, execution.trajectories, execution.timing)
    with contextlib.closing(
        session.records(plan, contents, lambda rest: runner.run(rest, workbench, execution, observer), observer)
    ) as records:
        yield from records


def _open_session(
    store: str | Path | Store | None, resume: bool, plugins: Mapping[str, str | None]
) -> StoreSession | None:
    if store is None:
        if resume:
            raise UsageError("resume needs a store: store=PATH")
        return None
    return StoreSession(store.path if isinstance(store, Store) else Path(store), resume, plugins=plugins)


def specs_of(wanted: Wanted | Sequence[Wanted]) -> list[Spec]:
    """Return the specs of text, Specs, classes, callables and Problems, or of a sequence of those."""
    if isinstance(wanted, str):
        return parse_specs(wanted)
    if isinstance(wanted, Spec):
        return [wanted]
    if isinstance(wanted, Problem):
        return [Spec(f"given-{wanted.fingerprint[:8]}", {}, _Given(wanted))]
    if isinstance(wanted, functools.partial) and not wanted.args:
        return [Spec(_name_of(wanted.func), wanted.keywords, wanted.func)]
    if callable(wanted):
        return [Spec(_name_of(wanted), {}, wanted)]
    return [spec for one in wanted for spec in specs_of(one)]


def seeds_of(seeds: int | str | Sequence[int]) -> Sequence[int]:
    """Return the seeds: `5` is 0 … 4; `0,3,7` and sequences are themselves. Raises UsageError for anything else."""
    if isinstance(seeds, str):
        try:
            numbers = [int(piece) for piece in seeds.split(",")]
        except ValueError:
            raise UsageError(f"seeds must be a count or whole numbers separated by commas, not {seeds!r}") from None
        seeds = numbers if "," in seeds else numbers[0]
    chosen = range(seeds) if isinstance(seeds, int) else tuple(seeds)
    if not chosen:
        raise UsageError("at least one seed is needed")
    if min(chosen) < 0:
        raise UsageError(f"a seed must not be negative: {min(chosen)}")
    return chosen


def lr_of(lr: float | str | Iterable[float] | None) -> object:
    """Return a number, a Sweep or None. Text is a value, a sweep, or values separated by commas."""
    if isinstance(lr, str):
        value = parse_value(lr if "," not in lr or lr.lstrip().startswith("[") else f"[{lr}]")
        values: Sequence[object] = value.values if isinstance(value, Sweep) else (value,)
        bad = next((item for item in values if isinstance(item, bool) or not isinstance(item, int | float)), None)
        if bad is not None:
            raise UsageError(f"lr must be a number, a list [0.01,0.1] or a range 1e-4..1@20, not {lr!r}")
        return value
    plain = _plain(lr)
    return Sweep(tuple(map(_plain, plain))) if isinstance(plain, Iterable) else plain


def _plain(value: Any) -> Any:
    """Return Python's own numbers for those of numpy and torch, one or many."""
    return value.tolist() if hasattr(value, "tolist") else value


def _name_of(target: Callable[..., Any]) -> str:
    inner = target.func if isinstance(target, functools.partial) else target
    return str(getattr(inner, "__name__", type(inner).__name__)).strip("<>")


@dataclass(frozen=True, slots=True)
class _Given:
    """The target of a Problem given directly: the same data for every seed."""

    problem: Problem

    @property
    def provenance(self) -> str:
        """The data, which distinguish it in a case's key."""
        return self.problem.fingerprint

    def __call__(self, seed: int) -> Problem:
        return self.problem
