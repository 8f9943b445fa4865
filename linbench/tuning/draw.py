"""The points that are tried of each optimizer, drawn from its space and from around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linbench.core.errors import UsageError
from linbench.core.request.choice import bind
from linbench.core.request.spec import Range, Spec
from linbench.tuning.trials import Space, budget_beyond, space_of

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.choice import Choice


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point of a space, and the optimizer with these parameters."""

    point: Mapping[str, float]
    choice: Choice


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The candidates of one optimizer.

    name: its spec without the searched parameters. searched: candidates in `space`. beyond: candidates outside of it,
    in the wider space. default: the optimizer with the parameters that linbench uses anyway.
    """

    name: str
    space: Space
    searched: Sequence[Candidate]
    beyond: Sequence[Candidate]
    default: Choice


def draw_trials(catalog: Catalog, specs: Sequence[Spec], budget: int, seed: int) -> list[TrialPlan]:
    """Draw `budget` candidates for every spec, and `budget_beyond(budget)` around its space.

    A spec without a searched parameter has a single candidate. Specs that differ in their ranges only have those in
    their names. Raises UsageError for a spec that cannot be searched.
    """
    drawn = [_draw(catalog, spec, budget, seed) for spec in specs]
    count = Counter(one.name for one in drawn)
    pairs = zip(specs, drawn, strict=True)
    return [one if count[one.name] == 1 else replace(one, name=str(spec)) for spec, one in pairs]


def _draw(catalog: Catalog, spec: Spec, budget: int, seed: int) -> TrialPlan:
    fixed = {name: value for name, value in spec.params.items() if not isinstance(value, Range)}
    default = _single_choice(catalog, Spec(spec.name, fixed, spec.target))
    space = space_of(default.component, spec.params)
    unknown = [name for name in space.ranges if name not in spec.params and name not in default.params]
    space = Space({name: span for name, span in space.ranges.items() if name not in unknown})
    points: list[dict[str, float]] = space.points(budget, seed) if space.ranges else [{}]
    points_beyond = space.points_beyond(budget_beyond(budget), seed) if space.ranges else []

    def candidate(point: Mapping[str, float]) -> Candidate:
        return Candidate(point, _single_choice(catalog, Spec(spec.name, {**fixed, **point}, spec.target)))

    return TrialPlan(
        name=str(Spec(spec.name, fixed)),
        space=space,
        searched=list(map(candidate, points)),
        beyond=list(map(candidate, points_beyond)),
        default=default,
    )


def _single_choice(catalog: Catalog, spec: Spec) -> Choice:
    choices = list(bind(catalog, "optimizer", spec))
    if len(choices) != 1:
        raise UsageError(f"{spec}: tune searches ranges, lr=1e-4..1; a list is for compare")
    return choices[0]
