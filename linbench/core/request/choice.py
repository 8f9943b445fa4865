"""A component with its parameters, and how specs are bound to the components that they name."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linbench.core.contract.construct import BASE_NAMES
from linbench.core.device import check_device
from linbench.core.errors import ComponentError, UsageError, one_line
from linbench.core.request.canonical import canonical_json, jsonable
from linbench.core.request.component import DEFAULT_LR, Component, Kind
from linbench.core.request.parameters import AcceptedParameters, accepted_parameters
from linbench.core.request.provenance import file_hashes, source_of
from linbench.core.request.spec import FIRST_PARAMETER, Range, Spec, Sweep, format_spec, format_value, parse_specs

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Choice:
    """A component with the parameters that its target is called with.

    label: the spec that names it to people and in records. source: which code it is (`provenance`).
    """

    component: Component
    params: Mapping[str, object]
    label: str
    source: str | None = None
    json: str = field(init=False, repr=False, compare=False)
    """Its part of a case's key, as canonical JSON; written once, for a choice is part of many cases."""

    def __post_init__(self) -> None:
        content: dict[str, object] = {"name": self.component.identity, "params": jsonable(self.params)}
        if self.component.kind == "device":  # `cuda` and `cuda:0` are one device, and have one label
            content = {"name": self.label}
        if self.source is not None:
            content["source"] = self.source
        if self.component.kind == "problem":
            files = file_hashes(self.params.values())
            content |= {"files": files} if files else {}
        object.__setattr__(self, "json", canonical_json(content))

    def build(self, *arguments: object) -> Any:
        """Call the target; raises whatever the target raises."""
        return self.component.resolve()(*arguments, **self.params)


def choose(catalog: Catalog, kind: Kind, specs: Iterable[Spec], lr: object = None) -> tuple[Choice, ...]:
    """Return the choices of several specs, each once; raises UsageError where there is none, and as `bind` does."""
    bound = itertools.chain.from_iterable(bind(catalog, kind, spec, lr) for spec in _number_namesakes(specs))
    choices = map(_label_by_device, bound) if kind == "device" else bound
    distinct = tuple({choice.label: choice for choice in choices}.values())
    if not distinct:
        raise UsageError(f"no {kind} is given")
    return distinct


def bind(catalog: Catalog, kind: Kind, spec: Spec, lr: object = None) -> Iterator[Choice]:
    """Yield one spec's choices: its component with its parameters, once for every combination of its sweeps.

    lr: of an optimizer whose spec names none; None stands for the component's own default, else 0.01.
    Raises UsageError for an unknown name, or parameters that the target does not take.
    """
    component = Component(kind, spec.name, spec.target) if spec.target else catalog.find(kind, spec.name)
    accepted = accepted_parameters(component)
    params = {**component.defaults, **_name_first_parameter(component, accepted, spec.params)}
    if kind == "optimizer" and "lr" not in spec.params and (accepted is None or accepted.takes("lr")):
        params["lr"] = lr if lr is not None else component.defaults.get("lr", DEFAULT_LR)
    if accepted is not None:
        accepted.check(component, params)
    _refuse_ranges(component, params)
    source = source_of(component.target)
    swept = [value.values if isinstance(value, Sweep) else (value,) for value in params.values()]
    for values in itertools.product(*swept):
        chosen = dict(zip(params, values, strict=True))
        wrapped = _sources_of_bases(catalog, chosen) if kind == "optimizer" else []
        code = " + ".join(filter(None, [source, *wrapped])) or None
        yield Choice(component, chosen, format_spec(component.name, _put_lr_first(chosen)), code)


def _number_namesakes(specs: Iterable[Spec]) -> Iterator[Spec]:
    """Number objects that share a name (two lambdas, or a function named sgd), so that records tell them apart."""
    specs = list(specs)
    targets: dict[str, list[object]] = {spec.name: [None] for spec in specs if spec.target is None}
    for spec in specs:
        if spec.target is None:
            yield spec
            continue
        same_name = targets.setdefault(spec.name, [])
        if spec.target not in same_name:
            same_name.append(spec.target)
        number = 1 + same_name.index(spec.target)
        yield spec if number == 1 else Spec(f"{spec.name}#{number}", spec.params, spec.target)


def _label_by_device(choice: Choice) -> Choice:
    """Let a device that stands for another (`auto`, `cuda` for `cuda:0`) say what records call it."""
    try:
        device = choice.build()
        check_device(device)
    except ComponentError as error:
        raise UsageError(f"device {choice.label!r} cannot be used: {error}") from error
    except (Exception, SystemExit) as error:  # third-party code
        raise UsageError(f"device {choice.label!r} cannot be used: {one_line(error)}") from error
    return Choice(choice.component, choice.params, getattr(device, "name", choice.label), choice.source)


def _name_first_parameter(
    component: Component, accepted: AcceptedParameters | None, params: Mapping[str, object]
) -> dict[str, object]:
    """Return the parameters with the name of the component's first one for a value that was given without a name."""
    if FIRST_PARAMETER not in params:
        return dict(params)
    names = tuple(component.parameters) or (accepted.names if accepted else ())
    if not names:
        raise UsageError(f"{component.kind} {component.name!r} takes no parameter without a name")
    if names[0] in params:
        raise UsageError(f"{component.kind} {component.name!r}: {names[0]!r} is given twice")
    return {names[0] if key == FIRST_PARAMETER else key: value for key, value in params.items()}


def _refuse_ranges(component: Component, params: Mapping[str, object]) -> None:
    for name, value in params.items():
        if isinstance(value, Range):
            text = f"{name}={format_value(value)}"
            raise UsageError(
                f"{component.name}: {text} is a range to be searched by linbench tune; add a count, {text}@20"
            )


def _put_lr_first(params: dict[str, object]) -> dict[str, object]:
    return {"lr": params["lr"], **params} if "lr" in params else params


def _sources_of_bases(catalog: Catalog, params: Mapping[str, object]) -> list[str | None]:
    """Return the code of the optimizers that an optimizer is told to wrap."""
    found = []
    for name in BASE_NAMES.intersection(params):
        base = params[name]
        if isinstance(base, str):
            with contextlib.suppress(UsageError):  # no spec, or of nothing: its cases end as errors
                found += [source_of(catalog.find("optimizer", spec.name).target) for spec in parse_specs(base)]
        elif callable(base):
            found.append(source_of(base))
    return found
