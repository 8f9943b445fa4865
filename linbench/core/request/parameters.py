"""The keyword parameters that a component's target takes, and whether those of a spec are among them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linbench.core.contract.construct import BASE_NAMES, base_parameter, is_provided
from linbench.core.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from linbench.core.request.component import Component, Kind

HARNESS_ARGUMENTS: Mapping[Kind, int] = {"optimizer": 1, "model": 2, "device": 0, "problem": 1, "reporter": 1}
"""How many arguments the harness itself passes to a target, by position, before a spec's parameters."""


NO_DEFAULT = inspect.Parameter.empty
"""Stands for a default that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedParameters:
    """The keyword parameters that a target takes.

    names: those that it names. required: those of them without a default. any_keyword: it has `**kwargs`.
    wraps: it takes another optimizer, whose lr is given as its own. own_lr: the default of its `lr`; a number, None
    where the author wrote None, or `NO_DEFAULT`.
    """

    names: tuple[str, ...]
    required: frozenset[str]
    any_keyword: bool
    wraps: bool = False
    own_lr: object = NO_DEFAULT

    def takes(self, name: str) -> bool:
        """Return whether the target can be called with that keyword."""
        return self.any_keyword or name in self.names or (self.wraps and (name == "lr" or name in BASE_NAMES))

    def check(self, component: Component, params: Mapping[str, object]) -> None:
        """Raise UsageError for a parameter that the target does not take, or one that it needs and was not given."""
        of = f"{component.kind} {component.name!r}"
        for name in params:
            if not self.takes(name):
                raise unknown_name("parameter", name, self.names, of)
        for name in self.names:
            from_harness = component.kind == "optimizer" and is_provided(name)
            if name in self.required and name not in params and not from_harness:
                raise UsageError(f"{of} needs {name!r}: {component.name}:{name}=…")


def accepted_parameters(component: Component) -> AcceptedParameters | None:
    """Return what a component's target can be called with; None where it cannot be imported or inspected.

    A registered target that cannot be imported is no usage error: its cases end as `error` records.
    """
    try:
        accepted = signature_of(component.resolve(), HARNESS_ARGUMENTS[component.kind])
    except (Exception, SystemExit):  # raised by a third party's import, and again, for the record, when a case runs
        return None
    return accepted if accepted is None or component.kind == "optimizer" else replace(accepted, wraps=False)


def signature_of(target: Callable[..., Any], harness_arguments: int) -> AcceptedParameters | None:
    """Return the keyword parameters of a callable beyond the harness's; None for C code without a signature."""
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (ValueError, TypeError):
        return None
    own = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][harness_arguments:]
    named = [p for p in own if p.kind is not p.POSITIONAL_ONLY]
    return AcceptedParameters(
        names=tuple(p.name for p in named),
        required=frozenset(p.name for p in named if p.default is p.empty),
        any_keyword=any(p.kind is p.VAR_KEYWORD for p in parameters),
        wraps=base_parameter({p.name: p for p in parameters}) is not None,
        own_lr=next((p.default for p in named if p.name == "lr"), NO_DEFAULT),
    )
