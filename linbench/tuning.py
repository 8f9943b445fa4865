"""`linbench.tune`: the same number of trials for every optimizer, then the tuned comparison beside the default one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from linbench.comparison import Wanted, run_plan, seeds_of, specs_of
from linbench.core import tuning
from linbench.core.errors import UsageError
from linbench.core.plan import DType, Settings, bind, make_plan
from linbench.core.record import finite
from linbench.core.runner import Execution
from linbench.core.serialize import as_json
from linbench.core.spec import Range, Spec
from linbench.core.table.tuning import render
from linbench.core.tuning import Score, Sensitivity, Trial, best, budgets, median_best, score, sensitivity, space_of
from linbench.plugins.manager import load_plugins

if TYPE_CHECKING:
    from linbench.core.catalog import Catalog
    from linbench.core.observer import Observer
    from linbench.core.plan import Choice, Plan
    from linbench.core.record import Record
    from linbench.core.store.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning found for one optimizer on one problem with one model.

    trials: every point with its score on the tuning seeds. default, tuned: scores on fresh seeds, of the parameters
    that linbench uses anyway and of the best trial's. default_label, tuned_label: both as specs.
    sensitivity: for each searched parameter. edges: those whose best value lies at an end of its range.
    curve: for 1, 2, 4, … trials the median epochs to the target of the best of so many, drawn from all of them.
    """

    problem: str
    model: str
    optimizer: str
    default_label: str
    tuned_label: str
    trials: Sequence[Trial]
    default: Score
    tuned: Score
    best: Trial
    sensitivity: Mapping[str, Sensitivity | None]
    edges: Sequence[tuple[str, str]]
    curve: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The result of a tuning, which prints as a table.

    records: those of the comparison on fresh seeds, default and tuned. budget: trials per optimizer.
    """

    results: Sequence[Tuned]
    records: Sequence[Record]
    budget: int
    tuning_seeds: Sequence[int]
    fresh_seeds: Sequence[int]

    def __str__(self) -> str:
        return render(self)

    def to_json(self) -> str:
        """The document of `linbench tune --format json`: that of `compare`, with `tuning` beside its records."""
        document = json.loads(as_json(self.records))
        document["tuning"] = {
            "budget": self.budget,
            "tuning_seeds": list(self.tuning_seeds),
            "fresh_seeds": list(self.fresh_seeds),
            "results": [finite(_as_dict(result)) for result in self.results],
        }
        return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)


def _as_dict(result: Tuned) -> dict[str, Any]:
    content = asdict(result)
    content["curve"] = {str(budget): epochs for budget, epochs in result.curve.items()}
    content["edges"] = [{"parameter": name, "end": end} for name, end in result.edges]
    return content


def tune(
    optimizers: Wanted | Sequence[Wanted] = "sgd,adam,rmsprop",
    models: Wanted | Sequence[Wanted] = "linear",
    problems: Wanted | Sequence[Wanted] = "study-hours",
    *,
    budget: int = 50,
    seeds: int | str | Sequence[int] = 5,
    search_seed: int = 0,
    epochs: int = 2000,
    batch_size: int | None = None,
    target: float = 1e-6,
    dtype: DType = "float32",
    jobs: int | None = 1,
    plugins: Sequence[str] = (),
    observer: Observer | None = None,
) -> Tuning:
    """Search every optimizer's space with the same number of trials, and compare what was found on fresh seeds.

    budget: trials per optimizer, problem and model. seeds: tuning seeds; as many fresh ones follow the largest.
    search_seed: draws the trials. The other arguments are those of `compare`.
    Raises UsageError for a request that cannot be carried out.
    """
    request = make_request(
        load_plugins(plugins).catalog,
        optimizers=specs_of(optimizers),
        models=specs_of(models),
        problems=specs_of(problems),
        budget=budget,
        seeds=seeds_of(seeds),
        search_seed=search_seed,
        settings=Settings(epochs, batch_size, target, dtype),
    )
    return run_request(request, Execution(jobs=jobs, timing=False), observer)


@dataclass(frozen=True, slots=True)
class Request:
    """A tuning, resolved. drawn: of each optimizer the name, the searched space, its default and its trials."""

    base: Plan
    drawn: Sequence[_Drawn]
    budget: int
    tuning_seeds: Sequence[int]
    fresh_seeds: Sequence[int]

    @property
    def searches(self) -> Plan:
        """Every trial from every tuning seed."""
        trials = [choice for drawn in self.drawn for choice in drawn.choices]
        return replace(self.base, optimizers=_once(trials), seeds=self.tuning_seeds)


@dataclass(frozen=True, slots=True)
class _Drawn:
    name: str
    space: tuning.Space
    points: Sequence[Mapping[str, float]]
    choices: Sequence[Choice]
    default: Choice


def make_request(
    catalog: Catalog,
    *,
    optimizers: Sequence[Spec],
    models: Sequence[Spec],
    problems: Sequence[Spec],
    budget: int,
    seeds: Sequence[int],
    search_seed: int,
    settings: Settings,
) -> Request:
    """Draw every optimizer's trials; raises UsageError for what cannot be searched."""
    if budget < 1:
        raise UsageError(f"the budget must be at least 1 trial, not {budget}")
    drawn = [_draw(catalog, spec, budget, search_seed) for spec in optimizers]
    base = make_plan(
        catalog,
        optimizers=[Spec("sgd")],
        models=models,
        devices=[Spec("cpu")],
        problems=problems,
        seeds=seeds,
        settings=settings,
    )
    first = max(seeds) + 1
    return Request(base, drawn, budget, tuple(seeds), tuple(range(first, first + len(seeds))))


def run_request(
    request: Request, execution: Execution, observer: Observer | None = None, recorder: Recorder | None = None
) -> Tuning:
    """Run the trials, pick the best, and run those and the defaults again on fresh seeds.

    recorder: keeps the records of both in a store, as two runs of it.
    """
    again = None if recorder is None else replace(recorder)
    found = _by_cell(run_plan(request.searches, execution, observer=observer, recorder=recorder))
    cells = [(p.label, m.label) for p in request.base.problems for m in request.base.models]
    winners = {(*cell, drawn.name): _winner(drawn, found, cell) for cell in cells for drawn in request.drawn}
    chosen = [w.choice for w in winners.values()] + [drawn.default for drawn in request.drawn]
    final = replace(request.base, optimizers=_once(chosen), seeds=request.fresh_seeds)
    records = list(run_plan(final, execution, observer=observer, recorder=again))
    fresh = _by_cell(iter(records))
    results = [_tuned(drawn, winners[*cell, drawn.name], cell, fresh) for cell in cells for drawn in request.drawn]
    shown = {(r.problem, r.model, label) for r in results for label in (r.default_label, r.tuned_label)}
    kept = [record for record in records if (record.problem, record.model, _label(record)) in shown]
    return Tuning(results, kept, request.budget, request.tuning_seeds, request.fresh_seeds)


@dataclass(frozen=True, slots=True)
class _Winner:
    trials: Sequence[Trial]
    trial: Trial
    choice: Choice


def _draw(catalog: Catalog, spec: Spec, budget: int, seed: int) -> _Drawn:
    fixed = {name: value for name, value in spec.params.items() if not isinstance(value, Range)}
    (default,) = _one(catalog, Spec(spec.name, fixed, spec.target))
    space = space_of(default.component, spec.params)
    unknown = [name for name in space.ranges if name not in spec.params and name not in default.params]
    space = tuning.Space({name: span for name, span in space.ranges.items() if name not in unknown})
    points: list[dict[str, float]] = space.trials(budget, seed) if space.ranges else [{}]
    choices = [_one(catalog, Spec(spec.name, {**fixed, **point}, spec.target))[0] for point in points]
    return _Drawn(str(Spec(spec.name, fixed)), space, points, choices, default)


def _one(catalog: Catalog, spec: Spec) -> list[Choice]:
    choices = list(bind(catalog, "optimizer", spec))
    if len(choices) != 1:
        raise UsageError(f"{spec}: tune searches ranges, lr=1e-4..1; a list is for compare")
    return choices


def _once(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple({choice.label: choice for choice in choices}.values())


def _label(record: Record) -> str:
    from linbench.core.table.rows import optimizer_label

    return optimizer_label(record)


def _by_cell(records: Iterator[Record]) -> dict[tuple[str, str, str], list[Record]]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        found.setdefault((record.problem, record.model, _label(record)), []).append(record)
    return found


def _winner(drawn: _Drawn, found: Mapping[Any, Sequence[Record]], cell: tuple[str, str]) -> _Winner:
    pairs = zip(drawn.points, drawn.choices, strict=True)
    trials = [Trial(point, score(found[*cell, choice.label])) for point, choice in pairs]
    trial = best(trials)
    return _Winner(trials, trial, drawn.choices[trials.index(trial)])


def _tuned(drawn: _Drawn, winner: _Winner, cell: tuple[str, str], fresh: Mapping[Any, Sequence[Record]]) -> Tuned:
    spans = drawn.space.ranges
    return Tuned(
        problem=cell[0],
        model=cell[1],
        optimizer=drawn.name,
        default_label=drawn.default.label,
        tuned_label=winner.choice.label,
        trials=winner.trials,
        default=score(fresh[*cell, drawn.default.label]),
        tuned=score(fresh[*cell, winner.choice.label]),
        best=winner.trial,
        sensitivity={name: sensitivity(winner.trials, name, span) for name, span in spans.items()},
        edges=drawn.space.edges(winner.trial.params),
        curve={k: median_best(winner.trials, k) for k in budgets(len(winner.trials))},
    )
