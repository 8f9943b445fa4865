"""A component with its parameters, and how specs are bound to the components that they name."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from linbench.core.contract.construct import BASE_NAMES
from linbench.core.device import check_device
from linbench.core.errors import ComponentError, UsageError, one_line
from linbench.core.request.canonical import canonical_json, keyable
from linbench.core.request.component import DEFAULT_LR, Component, Kind
from linbench.core.request.content import Unkeyable
from linbench.core.request.parameters import NO_DEFAULT, AcceptedParameters, accepted_parameters
from linbench.core.request.provenance import file_hashes, source_of
from linbench.core.request.spec import FIRST_PARAMETER, Range, Spec, Sweep, format_spec, format_value, parse_specs

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Choice:
    """A component with the parameters that its target is called with.

    label: the spec that names it to people and in records. source: which code it is (`provenance`).
    lr_is_default: nobody asked for its lr. unkeyable: what it holds whose content cannot be told, so that its key is
    another one every time; None where there is no such thing.
    """

    component: Component
    params: Mapping[str, object]
    label: str
    source: str | None = None
    lr_is_default: bool = False
    unkeyable: str | None = None
    json: str = field(init=False, repr=False, compare=False)
    """Its part of a case's key, as canonical JSON; written once, for a choice is part of many cases."""

    def __post_init__(self) -> None:
        content: dict[str, object] = {"name": self.component.identity}
        if self.component.kind == "device":  # `cuda` and `cuda:0` are one device, and have one label
            content = {"name": self.label}
        else:
            try:
                content["params"] = keyable(self.params)
            except Unkeyable as what:
                object.__setattr__(self, "unkeyable", str(what))
        if self.unkeyable is not None:
            content["unkeyable"] = uuid.uuid4().hex  # no earlier record can have it
        if self.source is not None:
            content["source"] = self.source
        if self.component.kind == "problem":
            files = file_hashes(self.params.values())
            content |= {"files": files} if files else {}
        object.__setattr__(self, "json", canonical_json(content))

    def build(self, *arguments: object, **others: object) -> Any:
        """Call the target, with its parameters and others of the harness; raises whatever the target raises."""
        return self.component.resolve()(*arguments, **self.params, **others)


def choose(catalog: Catalog, kind: Kind, specs: Iterable[Spec], lr: object = None) -> tuple[Choice, ...]:
    """Return the choices of several specs, each once; raises UsageError where there is none, and as `bind` does."""
    bound = itertools.chain.from_iterable(bind(catalog, kind, spec, lr) for spec in _number_namesakes(specs))
    choices = map(_label_by_device, bound) if kind == "device" else bound
    distinct = tuple({(choice.label, choice.json): choice for choice in choices}.values())
    if len({choice.label for choice in distinct}) < len(distinct):
        distinct = tuple(_number_same_labels(distinct))
    if not distinct:
        raise UsageError(f"no {kind} is given")
    return distinct


def bind(catalog: Catalog, kind: Kind, spec: Spec, lr: object = None) -> Iterator[Choice]:
    """Yield one spec's choices: its component with its parameters, once for every combination of its sweeps.

    lr: of an optimizer whose spec names none; None stands for the default that its component declares, else that of
    its own signature, else 0.01.
    Raises UsageError for an unknown name, or parameters that the target does not take.
    """
    component = Component(kind, spec.name, spec.target) if spec.target else catalog.find(kind, spec.name)
    accepted = accepted_parameters(component)
    params = {**component.defaults, **_name_first_parameter(component, accepted, spec.params)}
    lr_is_default = kind == "optimizer" and "lr" not in spec.params and lr is None
    if kind == "optimizer" and "lr" not in spec.params:
        params = _with_lr(params, accepted, lr)
    if accepted is not None:
        accepted.check(component, params)
    _refuse_ranges(component, params)
    source, unkeyable = _source(component.target)
    swept = [value.values if isinstance(value, Sweep) else (value,) for value in params.values()]
    for values in itertools.product(*swept):
        chosen = dict(zip(params, values, strict=True))
        wrapped = _sources_of_bases(catalog, chosen) if kind == "optimizer" else []
        code = " + ".join(filter(None, [source, *wrapped])) or None
        label = format_spec(component.name, _put_lr_first(chosen))
        yield Choice(component, chosen, label, code, lr_is_default and "lr" in chosen, unkeyable)


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


def _number_same_labels(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Number choices that have one label and are not the same: what they hold can neither be told nor shown."""
    met: dict[str, int] = {}
    for choice in choices:
        number = met[choice.label] = met.get(choice.label, 0) + 1
        if number == 1:
            yield choice
            continue
        component = replace(choice.component, name=f"{choice.component.name}#{number}")
        label = format_spec(component.name, _put_lr_first(dict(choice.params)))
        yield replace(choice, component=component, label=label)


def _label_by_device(choice: Choice) -> Choice:
    """Let a device that stands for another (`auto`, `cuda` for `cuda:0`) say what records call it."""
    try:
        device = choice.build()
        check_device(device)
    except ComponentError as error:
        raise UsageError(f"device {choice.label!r} cannot be used: {error}") from error
    except (Exception, SystemExit) as error:  # third-party code
        raise UsageError(f"device {choice.label!r} cannot be used: {one_line(error)}") from error
    return replace(choice, label=getattr(device, "name", choice.label))


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


def _with_lr(params: dict[str, object], accepted: AcceptedParameters | None, lr: object) -> dict[str, object]:
    """Return the parameters of an optimizer whose spec names no lr with the one that it runs at, if it takes one."""
    others = {name: value for name, value in params.items() if name != "lr"}
    if accepted is not None and not accepted.takes("lr"):
        return others  # a pack declares one lr for all of its classes, and some take none
    if lr is not None:
        return {**others, "lr": lr}
    if "lr" in params:
        return {**others, "lr": params["lr"]}
    own = NO_DEFAULT if accepted is None else accepted.own_lr
    if own is None:  # the author's way to say that it finds its own
        return others
    is_number = isinstance(own, int | float) and not isinstance(own, bool)
    return {**others, "lr": own if is_number else DEFAULT_LR}


def _source(target: str | Callable[..., Any]) -> tuple[str | None, str | None]:
    """Return which code a target is, and what it holds that keeps this from being told."""
    try:
        return source_of(target), None
    except Unkeyable as what:
        return None, str(what)


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
