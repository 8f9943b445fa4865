"""The result of either way to solve a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Optimum:
    """The least-squares optimum of p parameters, in the order of the design's columns, and the curvature about it.

    root: (r, p) with rootᵀ·root = AᵀA. parameters: (p, m). root_tail, parameters_tail: what float64 leaves out of both.
    curvatures: those that are not zero, ascending. gap_parts: the gap at zero parameters along each one's eigenvector.
    """

    root: Tensor
    parameters: Tensor
    curvatures: list[float]
    gap_parts: list[float]
    optimum_cost: float
    zero_cost: float
    root_tail: Tensor | None = None
    parameters_tail: Tensor | None = None
