"""The optimizer under test: a component with its parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from linbench.comparison import specs_of
from linbench.conformance.contracts import with_contract
from linbench.core.errors import UsageError
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.choice import bind
from linbench.core.request.component import Component
from linbench.core.request.parameters import accepted_parameters
from linbench.core.request.spec import Spec, format_spec, parse_specs

Optimizer = str | Spec | Component | Callable[..., Any]
"""An optimizer to be checked: a spec as text, a Spec, a Component, or a class or callable `f(params, **parameters)`."""

ARROW = "->"


@dataclass(frozen=True, slots=True)
class Reduction:
    """A claim that one setting of an optimizer is another one. special: the setting. known: the other optimizer."""

    special: Subject
    known: Subject

    def __str__(self) -> str:
        return f"{self.special.label} is {self.known.label}"


@dataclass(frozen=True, slots=True)
class Subject:
    """An optimizer under test.

    params: the arguments of the target. catalog: all components that can be named, its own included.
    reductions: the settings in which it is claimed to be another optimizer.
    """

    component: Component
    params: Mapping[str, object]
    catalog: Catalog
    reductions: tuple[Reduction, ...] = ()

    @property
    def label(self) -> str:
        """The optimizer as a spec."""
        return format_spec(self.component.name, self.params)

    @property
    def lr(self) -> float | None:
        """The learning rate; None where the optimizer takes none."""
        lr = self.params.get("lr")
        return float(lr) if isinstance(lr, int | float) else None

    def takes(self, name: str) -> bool:
        """Return whether the signature names that parameter."""
        accepted = accepted_parameters(self.component)
        return accepted is not None and name in accepted.names

    def with_params(self, **changes: object) -> Subject:
        """Return the same optimizer with other parameters."""
        return replace(self, params={**self.params, **changes})

    def with_target(self, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Subject:
        """Return the same optimizer, built through a wrapper with the target's signature."""
        target = self.component.resolve()
        wrapped = functools.update_wrapper(wrap(target), target, updated=())
        return replace(self, component=replace(self.component, target=wrapped))


def subject_of(
    catalog: Catalog,
    optimizer: Optimizer,
    params: Mapping[str, object] | None = None,
    reductions: Iterable[tuple[str, str]] = (),
) -> Subject:
    """Return the subject for an optimizer that a person names.

    reductions: pairs of parameters as in a spec ("momentum=0") and the spec of the optimizer that they make it.
    Raises UsageError for an unknown name or parameter, and for a spec that is several settings.
    """
    if isinstance(optimizer, Component):
        catalog, optimizer = _add_component(catalog, optimizer), Spec(optimizer.name)
    subject = _subject(catalog, specs_of(optimizer), params or {})
    return replace(subject, reductions=tuple(_reduction(subject, params, known) for params, known in reductions))


def parse_reduction(text: str) -> tuple[str, str]:
    """Parse `momentum=0->sgd` to a pair of parameters and spec; raises UsageError for any other form."""
    parameters, arrow, known = (piece.strip() for piece in text.partition(ARROW))
    if not arrow or not known:
        raise UsageError(f"a reduction is written parameters->optimizer, for example momentum=0->sgd, not {text!r}")
    return parameters, known


def _reduction(subject: Subject, parameters: str, known: str) -> Reduction:
    name = subject.component.name
    changes = parse_specs(f"{name}:{parameters}")[0].params
    special = _subject(subject.catalog, [Spec(name, {**subject.params, **changes})])
    return Reduction(special, _subject(subject.catalog, parse_specs(known), lr=special.params.get("lr")))


def _subject(
    catalog: Catalog, specs: Sequence[Spec], params: Mapping[str, object] | None = None, lr: object = None
) -> Subject:
    merged = [Spec(spec.name, {**spec.params, **(params or {})}, spec.target) for spec in specs]
    choices = [choice for spec in merged for choice in bind(catalog, "optimizer", spec, lr)]
    if len(choices) != 1:
        raise UsageError(f"one optimizer with one setting is checked at a time, not {len(choices)}")
    choice = choices[0]
    component = with_contract(_add_component(catalog, choice.component), choice.component, choice.params)
    return Subject(component, choice.params, _add_component(catalog, component))


def _add_component(catalog: Catalog, component: Component) -> Catalog:
    return Catalog([*catalog.offers, Offer(component, "given")])
