"""The hooks of linbench. Each returns components of one kind; nothing is imported before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.plugins.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linbench.core.request.component import Component


@hookspec
def linbench_optimizers() -> Iterable[Component]:  # type: ignore[empty-body]
    """Return optimizers; a target is called as `target(params, **parameters)` and returns a `torch.optim.Optimizer`."""


@hookspec
def linbench_models() -> Iterable[Component]:  # type: ignore[empty-body]
    """Return models; a target is called as `target(n_features, n_targets, **parameters)` and returns an `nn.Module`."""


@hookspec
def linbench_devices() -> Iterable[Component]:  # type: ignore[empty-body]
    """Return devices; a target is called as `target(**parameters)` and returns a `linbench.Device`."""


@hookspec
def linbench_problems() -> Iterable[Component]:  # type: ignore[empty-body]
    """Return problems; a target is called as `target(seed, **parameters)` and returns a `linbench.Problem`."""


@hookspec
def linbench_reporters() -> Iterable[Component]:  # type: ignore[empty-body]
    """Return reporters; a target is called as `target(records, **parameters)` and returns `str` or `bytes`."""
