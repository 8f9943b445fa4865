"""`linbench.tune`: the same number of trials for every optimizer, then the tuned comparison beside the default one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from linbench.comparison import TrainingOptions, Wanted, run_plan, seeds_of, specs_of, with_options
from linbench.core.errors import UsageError
from linbench.core.isolation.neutral import neutral_context
from linbench.core.outcome.record import finite
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.core.request.spec import Spec
from linbench.core.running.execution import Execution
from linbench.plugins.manager import load_plugins
from linbench.results.serialize import as_json
from linbench.tuning.draw import TrialPlan, draw_trials
from linbench.tuning.result import Flip, TuningResult, WiderSearch, flips
from linbench.tuning.table import render
from linbench.tuning.trials import (
    WIDER,
    Trial,
    best,
    budget_beyond,
    budgets,
    median_best,
    score,
    score_beyond,
    sensitivity,
)

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.choice import Choice
    from linbench.core.request.plan import Plan
    from linbench.store.session import StoreSession


@dataclass(frozen=True, slots=True)
class Tuning:
    """The result of a tuning, which prints as a table.

    records: those of the comparison on fresh seeds, default and tuned. budget: trials per optimizer.
    wider_budget: trials per optimizer outside of what was searched.
    """

    results: Sequence[TuningResult]
    records: Sequence[Record]
    budget: int
    wider_budget: int
    tuning_seeds: Sequence[int]
    fresh_seeds: Sequence[int]

    @property
    def flips(self) -> list[Flip]:
        """The pairs of optimizers whose order a wider space changes."""
        return flips(self.results)

    def __str__(self) -> str:
        return render(self)

    def to_json(self) -> str:
        """The document of `linbench tune --format json`: that of `compare`, with `tuning` beside its records."""
        document = json.loads(as_json(self.records))
        document["tuning"] = {
            "budget": self.budget,
            "tuning_seeds": list(self.tuning_seeds),
            "fresh_seeds": list(self.fresh_seeds),
            "wider": {"factor": WIDER, "budget": self.wider_budget},
            "flips": [_flip_as_dict(flip) for flip in self.flips],
            "results": [finite(_as_dict(result)) for result in self.results],
        }
        return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)


def _as_dict(result: TuningResult) -> dict[str, Any]:
    content = asdict(result)
    content["curve"] = {str(budget): epochs for budget, epochs in result.curve.items()}
    for part in (content, content["wider"]):
        part["edges"] = [{"parameter": name, "end": end} for name, end in part["edges"]]
    return content


def _flip_as_dict(flip: Flip) -> dict[str, str]:
    where = {"problem": flip.rising.problem, "model": flip.rising.model}
    return {**where, "rising": flip.rising.optimizer, "falling": flip.falling.optimizer}


def tune(
    optimizers: Wanted | Sequence[Wanted] = "sgd,adam,rmsprop",
    models: Wanted | Sequence[Wanted] = "linear",
    problems: Wanted | Sequence[Wanted] = "study-hours",
    *,
    budget: int = 50,
    seeds: int | str | Sequence[int] = 5,
    search_seed: int = 0,
    settings: Settings | None = None,
    execution: Execution | None = None,
    plugins: Sequence[str] = (),
    observer: Observer | None = None,
    **options: Unpack[TrainingOptions],
) -> Tuning:
    """Search every optimizer's space with the same number of trials, and compare what was found on fresh seeds.

    Half as many again are drawn outside of it, and only tell whether a wider space would change the order.
    budget: trials per optimizer, problem and model. seeds: tuning seeds; as many fresh ones follow the largest.
    search_seed: draws the trials. The other arguments are those of `compare`; step times are not measured.
    Raises UsageError for a request that cannot be carried out, TypeError for an option that there is not.
    """
    settings, execution = with_options("tune", settings or Settings(), execution or Execution(), options)
    with neutral_context():
        request = make_request(
            load_plugins(plugins).catalog,
            optimizers=specs_of(optimizers),
            models=specs_of(models),
            problems=specs_of(problems),
            budget=budget,
            seeds=seeds_of(seeds),
            search_seed=search_seed,
            settings=settings,
        )
        return run_request(request, replace(execution, timing=False), observer)


@dataclass(frozen=True, slots=True)
class TuningRequest:
    """A tuning, resolved. drawn: what is to be tried of each optimizer."""

    base: Plan
    drawn: Sequence[TrialPlan]
    budget: int
    wider_budget: int
    tuning_seeds: Sequence[int]
    fresh_seeds: Sequence[int]

    @property
    def searches(self) -> Plan:
        """Every trial from every tuning seed."""
        trials = [one.choice for drawn in self.drawn for one in (*drawn.searched, *drawn.beyond)]
        return replace(self.base, optimizers=_once(trials), seeds=self.tuning_seeds)


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
) -> TuningRequest:
    """Draw every optimizer's trials; raises UsageError for what cannot be searched."""
    if budget < 1:
        raise UsageError(f"the budget must be at least 1 trial, not {budget}")
    drawn = draw_trials(catalog, optimizers, budget, search_seed)
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
    return TuningRequest(
        base, drawn, budget, budget_beyond(budget), tuple(seeds), tuple(range(first, first + len(seeds)))
    )


def run_request(
    request: TuningRequest, execution: Execution, observer: Observer | None = None, session: StoreSession | None = None
) -> Tuning:
    """Run the trials, pick the best, and run those and the defaults again on fresh seeds.

    session: keeps the records of both in a store, as two runs of it.
    """
    again = None if session is None else replace(session)
    found = _by_cell(run_plan(request.searches, execution, observer=observer, session=session))
    cells = [(p.label, m.label) for p in request.base.problems for m in request.base.models]
    searched = [_search(drawn, found, cell) for cell in cells for drawn in request.drawn]
    defaults = [drawn.default for drawn in request.drawn]
    chosen = [one.winner for one in searched] + defaults + [one.wider_winner for one in searched]
    final = replace(request.base, optimizers=_once(chosen), seeds=request.fresh_seeds)
    records = list(run_plan(final, execution, observer=observer, session=again))
    fresh = _by_cell(iter(records))
    results = [_result(one, fresh) for one in searched]
    shown = {(r.problem, r.model, label) for r in results for label in (r.default_label, r.tuned_label)}
    shown_records = [record for record in records if (record.problem, record.model, _label(record)) in shown]
    return Tuning(
        results, shown_records, request.budget, request.wider_budget, request.tuning_seeds, request.fresh_seeds
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """One optimizer's trials on one problem with one model, judged on the tuning seeds, and the best of both spaces."""

    drawn: TrialPlan
    cell: tuple[str, str]
    trials: Sequence[Trial]
    beyond: Sequence[Trial]
    best: Trial
    winner: Choice
    wider_best: Trial
    wider_winner: Choice


def _once(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple({choice.label: choice for choice in choices}.values())


def _label(record: Record) -> str:
    from linbench.results.table.rows import optimizer_label

    return optimizer_label(record)


def _by_cell(records: Iterator[Record]) -> dict[tuple[str, str, str], list[Record]]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        found.setdefault((record.problem, record.model, _label(record)), []).append(record)
    return found


def _search(drawn: TrialPlan, found: Mapping[Any, Sequence[Record]], cell: tuple[str, str]) -> _Search:
    trials = [Trial(one.point, score(found[*cell, one.choice.label])) for one in drawn.searched]
    beyond = [Trial(one.point, score_beyond(found[*cell, one.choice.label])) for one in drawn.beyond]
    every, candidates = [*trials, *beyond], [*drawn.searched, *drawn.beyond]
    first, wider = best(trials), best(every)
    winner, wider_winner = (candidates[every.index(trial)].choice for trial in (first, wider))
    return _Search(drawn, cell, trials, beyond, first, winner, wider, wider_winner)


def _result(judged: _Search, fresh: Mapping[Any, Sequence[Record]]) -> TuningResult:
    drawn, cell, trials = judged.drawn, judged.cell, judged.trials
    space = drawn.space
    return TuningResult(
        problem=cell[0],
        model=cell[1],
        optimizer=drawn.name,
        default_label=drawn.default.label,
        tuned_label=judged.winner.label,
        trials=trials,
        default=score(fresh[*cell, drawn.default.label]),
        tuned=score(fresh[*cell, judged.winner.label]),
        best=judged.best,
        sensitivity={name: sensitivity(trials, name, span) for name, span in space.ranges.items()},
        edges=space.edges(judged.best.params),
        curve={k: median_best(trials, k) for k in budgets(len(trials))},
        wider=_wider(judged, fresh),
    )


def _wider(judged: _Search, fresh: Mapping[Any, Sequence[Record]]) -> WiderSearch:
    label = judged.wider_winner.label
    return WiderSearch(
        trials=judged.beyond,
        best=judged.wider_best,
        label=label,
        score=score(fresh[*judged.cell, label]),
        edges=judged.drawn.space.wider().edges(judged.wider_best.params),
    )
