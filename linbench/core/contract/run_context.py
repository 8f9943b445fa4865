"""The run that an optimizer is built for, as far as its factory may know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(slots=True, eq=False)
class _Now:
    """The part of a run that changes from step to step."""

    cost: Callable[[], Tensor] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RunContext:
    """A run, for an optimizer that is built from more than parameters; nothing in it may be assigned to.

    model: the model to be trained. epochs: passes over the data. steps_per_epoch: updates in each.
    batch_size: rows per update. data_size: rows in all. seed: the run's.
    lr: the learning rate asked for, or None.
    base: makes an optimizer of parameters, given a spec as text ("sgd:momentum=0.9"), over other parameters if
        those are given; without an lr in the spec it gets the run's.
    base_factory: what `base` would call, as `factory(params, **parameters)`, for wrappers that want a class.
    """

    model: nn.Module
    epochs: int
    steps_per_epoch: int
    batch_size: int
    data_size: int
    seed: int
    lr: float | None = None
    base: Callable[..., Any] = field(default=lambda spec, *_: _refuse_base(spec))
    base_factory: Callable[[str], Callable[..., Any]] = field(default=lambda spec: _refuse_base(spec))
    _now: _Now = field(default_factory=_Now, repr=False)

    @property
    def params(self) -> list[nn.Parameter]:
        """The model's parameters."""
        return list(self.model.parameters())

    @property
    def named_params(self) -> list[tuple[str, nn.Parameter]]:
        """The model's parameters with their names."""
        return list(self.model.named_parameters())

    @property
    def total_steps(self) -> int:
        """Updates in the whole run."""
        return self.epochs * self.steps_per_epoch

    def closure(self) -> Tensor:
        """Return the cost of the current rows, after clearing the gradients and computing them anew.

        Only while `step` runs; raises RuntimeError before.
        """
        if self._now.cost is None:
            raise RuntimeError("a closure can be called while the optimizer steps only")
        import torch  # here, since a plugin may import RunContext, and listing plugins needs no torch

        for parameter in self.model.parameters():
            parameter.grad = None
        with torch.enable_grad():
            cost = self._now.cost()
            cost.backward()  # type: ignore[no-untyped-call]
        return cost

    @contextmanager
    def offer_closure(self, cost: Callable[[], Tensor]) -> Iterator[None]:
        """Let `closure` evaluate this cost while the optimizer steps; for the harness."""
        self._now.cost = cost
        try:
            yield
        finally:
            self._now.cost = None


def _refuse_base(spec: str) -> Any:
    raise ValueError(f"there is no catalog to find the base optimizer {spec!r} in")
