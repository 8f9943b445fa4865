"""The contract between an optimizer and the loop around it: declared by a plugin, or found out from the optimizer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

from linbench.core.errors import ComponentError

COMPANION = "adamw"
"""The optimizer of the parameters that an optimizer of matrices refuses."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The needs of an optimizer besides `zero_grad`, `backward`, `step`. None: found out by looking and trying.

    closure: `step` must be given a closure that evaluates cost and gradient.
    backward_first: the gradient must be there before `step(closure)` is called (SAM and its kin).
    create_graph: the gradient must be differentiable itself (Hessian-vector products).
    modes: parameters are those to be judged between `eval()` and `train()` only (schedule-free methods).
    sparse: gradients must be sparse tensors.
    backward: the name of a method that is called with the cost, instead of `cost.backward()`.
    curvature_every: `update_hessian()` wants a gradient on sampled targets after every so many steps (Sophia).
    enable_grad: gradients have to be turned on again after each step, which leaves them off.
    matrices: it takes two-dimensional parameters only. companion: the spec of what trains the others.

    Raises ComponentError where `curvature_every` is not positive.
    """

    closure: bool | None = None
    backward_first: bool | None = None
    create_graph: bool | None = None
    modes: bool | None = None
    sparse: bool | None = None
    backward: str | None = None
    curvature_every: int | None = None
    enable_grad: bool | None = None
    matrices: bool | None = None
    companion: str = COMPANION

    def __post_init__(self) -> None:
        if self.curvature_every is not None and self.curvature_every < 1:
            raise ComponentError(f"curvature_every must be at least 1, not {self.curvature_every}")

    @property
    def plain(self) -> bool:
        """Whether `zero_grad`, `backward`, `step` is all it needs."""
        return not self.needs()

    def needs(self) -> list[str]:
        """Return what it needs beyond that, by the names of the fields."""
        return [f.name for f in fields(self) if f.name != "companion" and getattr(self, f.name)]

    def with_defaults(self, defaults: Contract) -> Self:
        """Return a copy in which what this contract leaves open is taken from another."""
        open_fields = [f.name for f in fields(self) if getattr(self, f.name) is None]
        return replace(self, **{name: getattr(defaults, name) for name in open_fields})
