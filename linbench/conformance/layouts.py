"""Parameters that are not plain float32 vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linbench.conformance.claim import NotApplicable, require
from linbench.conformance.training import Regression, draws, require_alike, trajectory

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def trains_non_contiguous_parameters(subject: Subject) -> None:
    """Where a parameter lies in memory changes nothing: a transposed weight is either trained or silently left out."""
    transposed = trajectory(subject, Regression(layout=_transposed))
    if draws(subject):
        raise NotApplicable("it draws random numbers, which fill a tensor in the order of its memory")
    contiguous = trajectory(subject, Regression())
    require_alike(
        subject, transposed, contiguous, "a parameter that is not contiguous is trained otherwise than its copy"
    )


def trains_matrices(subject: Subject) -> None:
    """A model whose only parameter is a matrix can be trained, and its shape stays: most weights are matrices."""
    start, *_, end = trajectory(subject, Regression(bias=False)).parameter(0)
    require(not torch.equal(start, end), "a two-dimensional parameter does not move")
    require(bool(torch.isfinite(end).all()), "a two-dimensional parameter becomes non-finite")


def keeps_float64(subject: Subject) -> None:
    """A float64 run stays float64, to the last bit: else its precision is that of float32 and nobody is told."""
    model = Regression(dtype=torch.float64)
    end = trajectory(subject, model).end
    require(all(tensor.dtype is torch.float64 for tensor in end), "a float64 parameter changes its dtype")
    require(not any(torch.equal(tensor.float().double(), tensor) for tensor in end), "float64 is rounded to float32")


def _transposed(matrix: Tensor) -> Tensor:
    """The same numbers, stored column by column."""
    return matrix.t().contiguous().t()
