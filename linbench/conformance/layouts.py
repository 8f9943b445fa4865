"""Checks of parameters that are not plain float32 vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linbench.conformance.requirement import NotApplicable, require
from linbench.conformance.training import Regression, draws_random_numbers, require_alike, train

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def trains_non_contiguous_parameters(subject: Subject) -> None:
    """Check that the layout of a parameter in memory changes nothing: else a transposed weight is silently left out."""
    transposed = train(subject, Regression(layout=_store_by_column))
    if draws_random_numbers(subject):
        raise NotApplicable("it draws random numbers, which fill a tensor in the order of its memory")
    contiguous = train(subject, Regression())
    require_alike(
        subject, transposed, contiguous, "a parameter that is not contiguous is trained otherwise than its copy"
    )


def trains_matrices(subject: Subject) -> None:
    """Check that a model whose only parameter is a matrix can be trained: most weights are matrices."""
    start, *_, end = train(subject, Regression(bias=False)).parameter(0)
    require(not torch.equal(start, end), "a two-dimensional parameter does not move")
    require(bool(torch.isfinite(end).all()), "a two-dimensional parameter becomes non-finite")


def keeps_float64(subject: Subject) -> None:
    """Check that a float64 run stays float64, to the last bit: else its precision is silently that of float32."""
    model = Regression(dtype=torch.float64)
    end = train(subject, model).end
    require(all(tensor.dtype is torch.float64 for tensor in end), "a float64 parameter changes its dtype")
    require(not any(torch.equal(tensor.float().double(), tensor) for tensor in end), "float64 is rounded to float32")


def _store_by_column(matrix: Tensor) -> Tensor:
    return matrix.t().contiguous().t()
