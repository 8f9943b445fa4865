"""Optimizers made from a spec for others: what wrappers wrap, and the companions of optimizers of matrices."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linbench.core.errors import UsageError
from linbench.core.request.catalog import Catalog
from linbench.core.request.choice import bind
from linbench.core.request.spec import parse_specs

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.request.choice import Choice


@dataclass(frozen=True, slots=True)
class Bases:
    """Makes optimizers from a catalog. Raises UsageError for a spec that is not exactly one optimizer."""

    catalog: Catalog = field(default_factory=lambda: Catalog(()))

    def make(self, spec: str, lr: object, params: Sequence[Tensor]) -> Any:
        """The optimizer over these parameters; `lr` is for a spec that names none."""
        choice = self._choice(spec, lr)
        return choice.component.resolve()(params, **choice.params)

    def factory(self, spec: str) -> Callable[..., Any]:
        """The class or factory itself, with what the spec says as its defaults."""
        named = parse_specs(spec)[0].params
        choice = self._choice(spec, None)
        target = choice.component.resolve()
        given = {name: value for name, value in choice.params.items() if name in named}
        return functools.partial(target, **given) if given else target

    def _choice(self, spec: str, lr: object) -> Choice:
        specs = parse_specs(spec)
        choices = list(bind(self.catalog, "optimizer", specs[0], lr)) if len(specs) == 1 else []
        if len(choices) != 1:
            raise UsageError(f"a base is one optimizer, not {spec!r}")
        return choices[0]
