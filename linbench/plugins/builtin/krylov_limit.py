"""Conjugate gradients as an optimizer: no competitor, but the limit that methods of gradients are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from linbench import RunContext


class KrylovLimit(torch.optim.Optimizer):
    """Conjugate gradients: each step ends at the least cost in θ_0 + span of the gradients (Hestenes & Stiefel 1952).

    The step goes along the gradient made conjugate to all directions before, twice, so that rounding does not cost
    what exact arithmetic would not; by −gᵀp/pᵀHp. It needs one Hessian-vector product, got by differentiating the
    gradient, which must have been computed with `create_graph=True`. There is no lr.

    On a quadratic it arrives within rank(H) steps, up to rounding. It keeps two vectors per direction, starts anew
    after as many directions as there are parameters, and stands still for a step where the curvature along a
    direction is rounding (below machine epsilon times the largest seen). All parameter groups are trained as one.
    Raises ValueError for a run of mini-batches, where there is no such limit, and RuntimeError for gradients that
    cannot be differentiated.
    """

    def __init__(self, params: Iterable[Any], run: RunContext | None = None) -> None:
        if run is not None and run.steps_per_epoch > 1:
            raise ValueError("the Krylov limit is one of full batches: leave out the batch size")
        super().__init__(params, {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step of conjugate gradients."""
        cost = None if closure is None else closure()
        parameters = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        if parameters:
            self._step(parameters)
        return cost

    def _step(self, parameters: list[Tensor]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        gradient = _flatten(gradients)
        state = self.state[parameters[0]]
        if not state or len(state["directions"]) >= len(gradient):
            empty = gradient.new_empty(0, len(gradient))
            state.update(directions=empty, images=empty, curvatures=empty[:, 0])
        direction = _make_conjugate(-gradient, state["directions"], state["images"], state["curvatures"])
        length = direction.norm()
        if length == 0:
            return
        direction = direction / length
        image = _flatten(_hessian_product(gradients, parameters, direction))
        curvature = direction @ image
        largest = torch.cat([state["curvatures"], curvature[None]]).max()
        if curvature <= torch.finfo(gradient.dtype).eps * largest:
            state.clear()
            return
        _move(parameters, -(gradient @ direction) / curvature * direction)
        state["directions"] = torch.cat([state["directions"], direction[None]])
        state["images"] = torch.cat([state["images"], image[None]])
        state["curvatures"] = torch.cat([state["curvatures"], curvature[None]])


def _make_conjugate(vector: Tensor, directions: Tensor, images: Tensor, curvatures: Tensor) -> Tensor:
    """Take the parts along directions p from a vector: return v − Σ p·(pᵀHv)/(pᵀHp)."""
    for _ in range(2):
        vector = vector - directions.T @ (images @ vector / curvatures)
    return vector


def _hessian_product(gradients: list[Tensor], parameters: list[Tensor], vector: Tensor) -> list[Tensor]:
    if not any(gradient.requires_grad for gradient in gradients):
        raise RuntimeError("the gradients have no grad_fn: compute them with create_graph=True")
    return list(torch.autograd.grad(gradients, parameters, _split(vector, parameters), materialize_grads=True))


def _flatten(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def _split(vector: Tensor, like: list[Tensor]) -> list[Tensor]:
    pieces = torch.split(vector, [tensor.numel() for tensor in like])
    return [piece.view(tensor.shape) for piece, tensor in zip(pieces, like, strict=True)]


@torch.no_grad()
def _move(parameters: list[Tensor], step: Tensor) -> None:
    for parameter, part in zip(parameters, _split(step, parameters), strict=True):
        parameter.add_(part)
