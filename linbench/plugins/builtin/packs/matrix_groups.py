"""Factories of optimizers that want their matrices in a parameter group of their own.

An attribute of this module is the factory of pytorch_optimizer's class of that name.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from linbench import RunContext


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _with_use_muon(getattr(importlib.import_module("pytorch_optimizer"), name))


def SplitOpt(run: RunContext, lr: float = 0.02, adamw_lr: float = 0.001) -> Any:  # noqa: N802 - it stands for the class
    """Return heavyball's SplitOpt as its docstring shows it: Muon for the matrices, AdamW for the rest.

    lr: Muon's. adamw_lr: AdamW's. Raises ValueError where the model has no matrix.
    """
    heavyball = importlib.import_module("heavyball")
    matrices, others = _split_parameters(run, "SplitOpt")
    return heavyball.SplitOpt(
        [
            {"params": matrices, "optimizer": heavyball.Muon, "lr": lr},
            {"params": others, "optimizer": heavyball.AdamW, "lr": adamw_lr},
        ]
    )


@functools.cache  # so that a class has one factory, as it is one class
def _with_use_muon(optimizer: Callable[..., Any]) -> Callable[..., Any]:
    """Return a factory of the class, with its own parameters, over groups marked by `use_muon`."""

    @functools.wraps(optimizer, updated=())
    def factory(run: RunContext, **parameters: object) -> Any:
        matrices, others = _split_parameters(run, optimizer.__name__)
        groups = [{"params": matrices, "use_muon": True}]
        return optimizer([*groups, {"params": others, "use_muon": False}] if others else groups, **parameters)

    signature = inspect.signature(optimizer)
    _, *own = signature.parameters.values()
    context = inspect.Parameter("run", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    vars(factory)["__signature__"] = signature.replace(parameters=[context, *own])
    return factory


def _split_parameters(run: RunContext, name: str) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the model's matrices, and its other parameters. name: the optimizer's, for errors."""
    matrices = [parameter for parameter in run.params if parameter.ndim == 2]
    if not matrices:
        raise ValueError(f"{name} needs two-dimensional parameters, and the model has none")
    return matrices, [parameter for parameter in run.params if parameter.ndim != 2]
