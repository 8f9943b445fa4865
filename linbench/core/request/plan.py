"""From specs to cases: every cell of the matrix, fully resolved and validated before anything runs."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from linbench.core.contract.construct import BASE_NAMES, base_parameter, is_provided
from linbench.core.device import check_device
from linbench.core.errors import ComponentError, UsageError, one_line, unknown_name
from linbench.core.request.component import DEFAULT_LR, Component, Kind
from linbench.core.request.provenance import file_hashes, source_of, version_of
from linbench.core.request.spec import FIRST_PARAMETER, Range, Spec, Sweep, format_spec, format_value, parse_specs

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog

SCHEMA = 1
"""Version of the JSON records."""

KEY_SCHEMA = 2
"""Version of what a case's key is made of."""

DType = Literal["float32", "float64", "bfloat16", "float16"]
DTYPES: tuple[DType, ...] = get_args(DType)

# How many arguments the harness itself passes, by position, before a spec's parameters.
_HARNESS_ARGUMENTS: dict[Kind, int] = {"optimizer": 1, "model": 2, "device": 0, "problem": 1, "reporter": 1}


@dataclass(frozen=True, slots=True)
class Choice:
    """A component with the parameters that its target is called with. source: which code that is (`provenance`)."""

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
        object.__setattr__(self, "json", _canonical(content))

    def build(self, *arguments: object) -> Any:
        """Call the target; raises whatever the target raises."""
        return self.component.resolve()(*arguments, **self.params)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all cases of a plan share.

    epochs: passes over the data. batch_size: rows per update, None for the full batch.
    target: the relative gap at which a run counts as converged. dtype: of data and parameters while training.
    stop_at_target: end a run at the first look after it has converged, diverged or stalled.
    Raises UsageError for values that cannot be run.
    """

    epochs: int = 2000
    batch_size: int | None = None
    target: float = 1e-6
    dtype: DType = "float32"
    stop_at_target: bool = False
    json: str = field(init=False, repr=False, compare=False)
    """Their part of a case's key, with the versions of what trains."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UsageError(f"epochs must be at least 1, not {self.epochs}")
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch size must be at least 1, not {self.batch_size}")
        if not (0 < self.target < math.inf):
            raise UsageError(f"target must be a positive relative gap, not {self.target}")
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)
        content = {name: getattr(self, name) for name in self.__slots__ if name != "json"}
        versions = {name: version_of(name) for name in ("linbench", "torch")}
        object.__setattr__(self, "json", f'{_canonical(content)},"versions":{_canonical(versions)}')


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix: everything that decides its numbers."""

    problem: Choice
    model: Choice
    optimizer: Choice
    device: Choice
    seed: int
    settings: Settings

    @property
    def key(self) -> str:
        """`digest` in hexadecimal."""
        return self.digest.hex()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the case's canonical JSON: all that can change its numbers, and nothing that cannot.

        That is: this schema, the versions of linbench and torch, the code of the problem, model, optimizer and device
        that come from elsewhere, their parameters, the content of files that the problem reads, seed and settings.
        """
        text = (
            f'{{"device":{self.device.json},"model":{self.model.json},"optimizer":{self.optimizer.json},'
            f'"problem":{self.problem.json},"schema":{KEY_SCHEMA},"seed":{self.seed},"settings":{self.settings.json}}}'
        )
        return hashlib.sha256(text.encode()).digest()

    @property
    def label(self) -> str:
        """One line that names the case to a person."""
        parts = [
            self.problem.label,
            self.model.label,
            self.optimizer.label,
            self.device.label,
            f"seed {self.seed}",
        ]
        return " · ".join(parts)


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
        problems=_distinct("problem", _choices(catalog, "problem", problems)),
        devices=_distinct("device", map(_named_by_device, _choices(catalog, "device", devices))),
        models=_distinct("model", _choices(catalog, "model", models)),
        optimizers=_distinct("optimizer", _choices(catalog, "optimizer", optimizers, lr)),
        seeds=tuple(dict.fromkeys(seeds)),
        settings=settings or Settings(),
        catalog=catalog,
    )
    if not plan.seeds:
        raise UsageError("no seed is given")
    return plan


def bind(catalog: Catalog, kind: Kind, spec: Spec, lr: object = None) -> Iterator[Choice]:
    """One spec's choices: its component with its parameters, once for every combination of its sweeps."""
    component = Component(kind, spec.name, spec.target) if spec.target else catalog.find(kind, spec.name)
    accepted = accepted_parameters(component)
    params = {**component.defaults, **_with_first_named(component, accepted, spec.params)}
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
        yield Choice(component, chosen, format_spec(component.name, _lr_first(chosen)), code)


def _refuse_ranges(component: Component, params: Mapping[str, object]) -> None:
    for name, value in params.items():
        if isinstance(value, Range):
            text = f"{name}={format_value(value)}"
            raise UsageError(
                f"{component.name}: {text} is a range to be searched by linbench tune; add a count, {text}@20"
            )


@dataclass(frozen=True, slots=True)
class Accepted:
    """The keyword parameters that a target takes."""

    names: tuple[str, ...]
    required: frozenset[str]
    any_keyword: bool
    wraps: bool = False
    """Whether it takes another optimizer, whose lr is given as its own."""

    def takes(self, name: str) -> bool:
        """Whether the target can be called with that keyword."""
        return self.any_keyword or name in self.names or (self.wraps and (name == "lr" or name in BASE_NAMES))

    def check(self, component: Component, params: Mapping[str, object]) -> None:
        """Raise UsageError for a parameter that the target does not take, or one that it needs and was not given."""
        of = f"{component.kind} {component.name!r}"
        for name in params:
            if not self.takes(name):
                raise unknown_name("parameter", name, self.names, of)
        for name in self.names:
            if (
                name in self.required
                and name not in params
                and not (component.kind == "optimizer" and is_provided(name))
            ):
                raise UsageError(f"{component.kind} {component.name!r} needs {name!r}: {component.name}:{name}=…")


def accepted_parameters(component: Component) -> Accepted | None:
    """What a component's target can be called with; None where the target cannot be imported or inspected.

    A registered target that cannot be imported is no usage error: its cases end as `error` records.
    """
    try:
        accepted = signature_of(component.resolve(), _HARNESS_ARGUMENTS[component.kind])
        return accepted if accepted is None or component.kind == "optimizer" else replace(accepted, wraps=False)
    except (
        Exception,
        SystemExit,
    ):  # what a third party's import raises comes up again, and is recorded, when a case runs
        return None


def signature_of(target: Callable[..., Any], harness_arguments: int) -> Accepted | None:
    """The keyword parameters of a callable beyond those the harness passes; None for C code without a signature."""
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (ValueError, TypeError):
        return None
    own = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][harness_arguments:]
    named = [p for p in own if p.kind is not p.POSITIONAL_ONLY]
    return Accepted(
        names=tuple(p.name for p in named),
        required=frozenset(p.name for p in named if p.default is p.empty),
        any_keyword=any(p.kind is p.VAR_KEYWORD for p in parameters),
        wraps=base_parameter({p.name: p for p in parameters}) is not None,
    )


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def jsonable(value: object) -> Any:
    """A value as JSON can hold it: tuples become lists, non-finite numbers and other objects text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [jsonable(item) for item in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    if callable(value):
        return f"{value.__module__}:{getattr(value, '__qualname__', type(value).__qualname__)}"
    return repr(value)


def _sources_of_bases(catalog: Catalog, params: Mapping[str, object]) -> list[str | None]:
    """The code of the optimizers that an optimizer is told to wrap."""
    found = []
    for name in BASE_NAMES.intersection(params):
        base = params[name]
        if isinstance(base, str):
            with contextlib.suppress(UsageError):  # no spec, or of nothing: its cases end as errors
                found += [source_of(catalog.find("optimizer", spec.name).target) for spec in parse_specs(base)]
        elif callable(base):
            found.append(source_of(base))
    return found


def _choices(catalog: Catalog, kind: Kind, specs: Iterable[Spec], lr: object = None) -> Iterator[Choice]:
    return itertools.chain.from_iterable(bind(catalog, kind, spec, lr) for spec in _named_apart(specs))


def _distinct(kind: Kind, choices: Iterable[Choice]) -> tuple[Choice, ...]:
    found = tuple({choice.label: choice for choice in choices}.values())
    if not found:
        raise UsageError(f"no {kind} is given")
    return found


def _with_first_named(
    component: Component, accepted: Accepted | None, params: Mapping[str, object]
) -> dict[str, object]:
    if FIRST_PARAMETER not in params:
        return dict(params)
    names = tuple(component.parameters) or (accepted.names if accepted else ())
    if not names:
        raise UsageError(f"{component.kind} {component.name!r} takes no parameter without a name")
    if names[0] in params:
        raise UsageError(f"{component.kind} {component.name!r}: {names[0]!r} is given twice")
    return {names[0] if key == FIRST_PARAMETER else key: value for key, value in params.items()}


def _lr_first(params: dict[str, object]) -> dict[str, object]:
    return {"lr": params["lr"], **params} if "lr" in params else params


def _named_apart(specs: Iterable[Spec]) -> Iterator[Spec]:
    """Objects given directly may share a name (two lambdas, or a function named sgd); records must tell them apart."""
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


def _named_by_device(choice: Choice) -> Choice:
    """Let a device that stands for another (`auto`, `cuda` for `cuda:0`) say what records call it."""
    try:
        device = choice.build()
        check_device(device)
    except ComponentError as error:
        raise UsageError(f"device {choice.label!r} cannot be used: {error}") from error
    except (Exception, SystemExit) as error:  # third-party code
        raise UsageError(f"device {choice.label!r} cannot be used: {one_line(error)}") from error
    return Choice(choice.component, choice.params, getattr(device, "name", choice.label), choice.source)
