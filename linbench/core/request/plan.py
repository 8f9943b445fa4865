"""From specs to cases: every cell of the matrix, fully resolved and validated before anything runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linbench.core.errors import UsageError
from linbench.core.request.case import Case
from linbench.core.request.choice import Choice, choose
from linbench.core.request.settings import Settings

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.spec import Spec


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered cases of one command: problem × device × model × optimizer × seed, made as they are asked for.

    done: the digests of cases that are left out, since their records are there already.
    """

    problems: Sequence[Choice]
    devices: Sequence[Choice]
    models: Sequence[Choice]
    optimizers: Sequence[Choice]
    seeds: Sequence[int]
    settings: Settings = field(default_factory=Settings)
    catalog: Catalog | None = field(default=None, repr=False, compare=False)
    done: frozenset[bytes] = field(default=frozenset(), repr=False)

    def __len__(self) -> int:
        return math.prod(map(len, self._axes())) - len(self.done)

    def __iter__(self) -> Iterator[Case]:
        for problem, device, model, optimizer, seed in itertools.product(*self._axes()):
            case = Case(problem, model, optimizer, device, seed, self.settings)
            if not self.done or case.digest not in self.done:
                yield case

    def _axes(self) -> tuple[Sequence[Any], ...]:
        return self.problems, self.devices, self.models, self.optimizers, self.seeds


def make_plan(
    catalog: Catalog,
    *,
    problems: Iterable[Spec],
    devices: Iterable[Spec],
    models: Iterable[Spec],
    optimizers: Iterable[Spec],
    seeds: Sequence[int] = (0,),
    lr: object = None,
    settings: Settings | None = None,
) -> Plan:
    """Resolve specs against a catalog.

    lr: a number or a Sweep for every optimizer that takes an `lr` and whose spec names none; None stands for
        the component's own default, else 0.01.
    Raises UsageError for an unknown name, a parameter that the target does not take, or an empty axis.
    """
    plan = Plan(
        problems=choose(catalog, "problem", problems),
        devices=choose(catalog, "device", devices),
        models=choose(catalog, "model", models),
        optimizers=choose(catalog, "optimizer", optimizers, lr),
        seeds=tuple(dict.fromkeys(seeds)),
        settings=settings or Settings(),
        catalog=catalog,
    )
    if not plan.seeds:
        raise UsageError("no seed is given")
    return plan
