"""The built-in models, those of the tutorial: W and b made by hand, and nn.Linear."""

from __future__ import annotations

from linbench import Component, hookimpl


@hookimpl
def linbench_models() -> list[Component]:
    """Return `manual` and `linear`."""
    return [
        Component(
            "model",
            "manual",
            "linbench.plugins.builtin.manual_model:ManualModel",
            summary="W and b as two tensors that start at zero",
        ),
        Component(
            "model",
            "linear",
            "torch.nn:Linear",
            summary="torch.nn.Linear, initialised from the case's seed",
        ),
    ]
