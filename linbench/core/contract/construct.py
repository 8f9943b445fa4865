"""Call an optimizer's class or factory with what the run knows and the spec does not say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linbench.core.contract.run_context import RunContext

BASE_NAMES = frozenset(
    {
        "base_optimizer",
        "base_opt",
        "base",
        "inner_optimizer",
        "inner",
        "optimizer",
        "opt",
        "optim",
    }
)
"""The names that wrappers have for the optimizer that they wrap."""

DEFAULT_BASE = "sgd"

CONTEXT = "run"
"""A factory with a parameter of this name is given the RunContext."""

# Packages have many names for one thing; docs/ecosystem.md shows whose optimizers run because of it.
_PARAMETERS_NAMES = (
    "params",
    "parameters",
    "param_groups",
)
_NAMED_PARAMETERS_NAMES = (
    "named_parameters",
    "named_params",
    "param_names",
)
_MODEL_NAMES = (
    "model",
    "module",
    "net",
    "network",
)
_TOTAL_STEPS_NAMES = (
    "total_steps",
    "num_steps",
    "max_steps",
    "n_steps",
    "training_steps",
    "num_training_steps",
    "total_iterations",
    "num_iterations",
    "max_iterations",
    "n_iterations",
    "max_iters",
    "num_iters",
    "n_iters",
    "t_total",
    "total_iters",
)
_EPOCHS_NAMES = (
    "epochs",
    "num_epochs",
    "n_epochs",
    "max_epochs",
    "total_epochs",
)
_STEPS_PER_EPOCH_NAMES = (
    "steps_per_epoch",
    "num_batches_per_epoch",
    "batches_per_epoch",
    "iterations_per_epoch",
    "num_batches",
    "n_batches",
)
_BATCH_SIZE_NAMES = (
    "batch_size",
    "bs",
)
_DATA_SIZE_NAMES = (
    "data_size",
    "num_data",
    "n_data",
    "dataset_size",
    "train_size",
    "ess",
)

# The value that the run has for a constructor's parameter of each name.
_BY_NAME: dict[str, Callable[[RunContext], Any]] = {
    CONTEXT: lambda run: run,
    **dict.fromkeys(_PARAMETERS_NAMES, lambda run: run.params),
    **dict.fromkeys(_NAMED_PARAMETERS_NAMES, lambda run: run.named_params),
    **dict.fromkeys(_MODEL_NAMES, lambda run: run.model),
    **dict.fromkeys(_TOTAL_STEPS_NAMES, lambda run: run.total_steps),
    **dict.fromkeys(_EPOCHS_NAMES, lambda run: run.epochs),
    **dict.fromkeys(_STEPS_PER_EPOCH_NAMES, lambda run: run.steps_per_epoch),
    **dict.fromkeys(_BATCH_SIZE_NAMES, lambda run: run.batch_size),
    **dict.fromkeys(_DATA_SIZE_NAMES, lambda run: run.data_size),
    "seed": lambda run: run.seed,
}


def construct(target: Callable[..., Any], params: Mapping[str, object], run: RunContext) -> Any:
    """Call the target; raises whatever it raises.

    Its first parameter gets the model's parameters, or what its name stands for (`model`, `named_parameters`,
    `optimizer`); so do other parameters without a default that `params` leaves open, and one called `run`.
    """
    parameters = _signature(target)
    given = dict(params)
    base = base_parameter(parameters)
    if base is not None:
        given[base] = _make_base(base, parameters, given, run)
    first = next((p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)), None)
    for name, parameter in parameters.items():
        if parameter is first or name in given or name not in _BY_NAME:
            continue
        if name == CONTEXT or (parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD):
            given[name] = _BY_NAME[name](run)
    if first is not None:
        argument = given.pop(first.name) if first.name in given else _first_argument(first.name, run)
        return target(argument, **given)
    takes_more = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())
    return target(run.params, **given) if takes_more or not parameters else target(**given)


def base_parameter(parameters: Mapping[str, inspect.Parameter]) -> str | None:
    """Return the name of the parameter that takes another optimizer and has to be given, if there is one."""
    required = (name for name, parameter in parameters.items() if parameter.default is parameter.empty)
    return next((name for name in required if name in BASE_NAMES), None)


def is_provided(name: str) -> bool:
    """Return whether the harness has a value for a constructor's parameter of that name."""
    return name in _BY_NAME or name in BASE_NAMES


def takes_parameters_only(target: Callable[..., Any], params: Mapping[str, object]) -> bool:
    """Return whether the target is called with the parameters and `params`, and nothing else that the run knows."""
    parameters = list(_signature(target).values())
    if parameters and parameters[0].name in _BY_NAME and parameters[0].name not in ("params", "parameters"):
        return False
    rest = [p for p in parameters[1:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in params]
    takes_more = any(p.name == CONTEXT or (p.default is p.empty and is_provided(p.name)) for p in rest)
    return not takes_more and base_parameter({p.name: p for p in parameters}) is None


def _first_argument(name: str, run: RunContext) -> object:
    """Return what the first parameter's name stands for, else the model's parameters, whatever they are called."""
    return _BY_NAME[name](run) if name in _BY_NAME else run.params


def _make_base(
    name: str, parameters: Mapping[str, inspect.Parameter], given: dict[str, object], run: RunContext
) -> object:
    """Return the optimizer that a wrapper wraps, or a factory of it where the wrapper hands keywords on to it."""
    wanted = given.get(name, DEFAULT_BASE)
    if not isinstance(wanted, str):
        return wanted
    keywords = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if keywords and "params" in parameters:
        return run.base_factory(wanted)
    if "lr" not in parameters:
        given.pop("lr", None)
    return run.base(wanted)


def _signature(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(target).parameters
    except (ValueError, TypeError):  # C code without a signature
        return {}
