"""What a plugin offers: a named, lazily resolved target of one kind."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from linbench.core.contract.contract import Contract
from linbench.core.errors import ComponentError

Kind = Literal["optimizer", "model", "device", "problem", "reporter"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DEFAULT_LR = 0.01
"""The lr of an optimizer for which neither a spec nor `--lr` nor its component names one."""

_NAME = re.compile(r"[^\s,:=()\[\]{}'\"]+")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that a plugin offers.

    kind: which of `KINDS` it is; it decides how the target is called (see the hook specifications).
    name: what a spec calls it; no white space, commas, colons, equals signs, brackets or quotes.
    target: `"package.module:attribute"`, imported at first use, or the object itself.
    defaults: arguments that the target is always called with unless a spec says otherwise.
    summary: one line for `linbench list`.
    parameters: what a spec may set, with the values the target itself defaults to; shown by `linbench list`
        without importing the target. The first one also takes a value without a name (`cuda:1`).
    contract: what an optimizer needs of the training loop; only what it does not show by itself has to be declared.
    search: the lowest and highest value of each parameter that `linbench tune` searches, on a logarithmic scale;
        lr from 1e-4 to 10 where nothing is declared.

    Raises ComponentError when a field is not as described.
    """

    kind: Kind
    name: str
    target: str | Callable[..., Any]
    defaults: Mapping[str, object] = field(default_factory=dict)
    summary: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    contract: Contract | None = None
    search: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ComponentError(f"component kind {self.kind!r} is not one of {', '.join(KINDS)}")
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ComponentError(f"{self.kind} name {self.name!r} is not a plain word")
        well_formed = _TARGET.fullmatch(self.target) if isinstance(self.target, str) else callable(self.target)
        if not well_formed:
            raise ComponentError(
                f"{self.kind} {self.name!r}: target {self.target!r} is neither 'package.module:attribute' nor callable"
            )
        if self.contract is not None and not isinstance(self.contract, Contract):
            raise ComponentError(f"{self.kind} {self.name!r}: contract must be a linbench.Contract")
        for name, ends in self.search.items():
            if not (isinstance(ends, tuple) and len(ends) == 2 and 0 < ends[0] < ends[1]):
                raise ComponentError(f"{self.kind} {self.name!r}: search of {name!r} must be two positive numbers")
        for name in ("defaults", "parameters"):
            value = getattr(self, name)
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise ComponentError(f"{self.kind} {self.name!r}: {name} must map parameter names to values")
            object.__setattr__(self, name, MappingProxyType(dict(value)))

    def resolve(self) -> Callable[..., Any]:
        """The target itself, imported now if it was given as text; raises whatever the import raises."""
        target = pkgutil.resolve_name(self.target) if isinstance(self.target, str) else self.target
        if not callable(target):
            raise ComponentError(f"{self.kind} {self.name!r}: target {self.target!r} is not callable")
        return target

    @property
    def identity(self) -> str:
        """What distinguishes it in a case's key: the name, and for an object given directly where it was defined."""
        if isinstance(self.target, str):
            return self.name
        module = getattr(self.target, "__module__", type(self.target).__module__)
        return f"{module}:{self.name}"
