"""The exact answer to a problem: optimum, spectrum and the gap of any parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.core.errors import ProblemError
from linbench.core.problem.closed_form import Theory
from linbench.core.problem.double_double import Pair, multiply, subtract
from linbench.core.problem.exact_solution import solve_exactly
from linbench.core.problem.singular_values import factorize, solve_by_singular_values, suffices

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.optimum import Optimum
    from linbench.core.problem.problem import Problem

MOST_COLUMNS = 256
"""Problems of more columns are solved in float64, whatever they are: exact work grows with the cube."""

TINY = torch.finfo(torch.float64).tiny

ROUNDING = 8 * torch.finfo(torch.float64).eps
"""The share of |y| that the rounding of a residual may be, for each row."""

_NUMBERS_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A solved problem: its `theory`, and the tensors that gaps are computed with.

    root: (r, p) with rootᵀ·root = AᵀA, so that ‖A·v‖ = ‖root·v‖ at r ≤ p rows instead of n; p is d + 1, or d in a
        problem without intercept.
    parameters: (p, m), the optimum with the bias as last row where there is one.
    root_tail, parameters_tail: what float64 leaves out of both, where the data call for it.
    """

    root: Tensor
    parameters: Tensor
    theory: Theory
    root_tail: Tensor | None = None
    parameters_tail: Tensor | None = None

    def gap(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Cost above the optimum, (θ − θ*)ᵀ·(AᵀA/n)·(θ − θ*), averaged over targets.

        weight: (…, d, m), bias: (…, m), any dtype; returns (…,) float64. Computed as ‖A(θ − θ*)‖²/(n·m), which
        has no cancellation, so a gap of 1e-20 is as exact as one of 1. In a problem without intercept θ is the weight
        alone, whatever the bias.
        """
        theta = torch.cat([weight, bias.unsqueeze(-2)], dim=-2) if self.theory.intercept else weight
        theta = theta.to("cpu", torch.float64)
        squares = (self.root @ (theta - self.parameters)).square().sum((-2, -1))
        if self.root_tail is not None and self.parameters_tail is not None:
            root, optimum = Pair(self.root, self.root_tail), Pair(self.parameters, self.parameters_tail)
            precise = _squared_lengths(root, optimum, theta)
            squares = torch.where(precise.isfinite(), precise, squares)  # infinite where halves of numbers are
        return squares / (self.theory.n_rows * self.theory.n_targets)


def solve(problem: Problem) -> Solution:
    """Return the exact answer to a problem; of minimum norm where the optimum is not unique.

    In float64 (`singular_values`) where that is enough, else from exact inner products (`exact_solution`).
    Raises ProblemError where squares of the data, or what follows from them, are beyond float64.
    """
    _check_range(problem)
    ones = torch.ones(problem.n_rows, int(problem.intercept), dtype=torch.float64)
    design = torch.cat([problem.X, ones], dim=1)
    factors = factorize(design)
    small = design.shape[1] + problem.n_targets <= MOST_COLUMNS
    if not factors.rank:
        raise ProblemError("every feature is zero in every row, and there is no intercept: there is nothing to fit")
    if not suffices(factors, design, problem.intercept) and small:
        return _solution(problem, solve_exactly(design, problem.y, problem.intercept))
    optimum = solve_by_singular_values(factors, design, problem.y)
    if small and optimum.optimum_cost <= (ROUNDING * len(design)) ** 2 * optimum.zero_cost:
        # The data fit but for rounding, so all digits of the optimum cost are rounding too.
        optimum = solve_exactly(design, problem.y, problem.intercept)
    return _solution(problem, optimum)


def _check_range(problem: Problem) -> None:
    """Raise ProblemError where the squares of a column are beyond float64."""
    columns = torch.cat([problem.X, problem.y], dim=1)
    names = (*problem.features, *problem.targets)
    standardizable = problem.n_features if problem.intercept else 0  # standardizing shifts features
    numbers = zip(names, columns.abs().amax(0).tolist(), columns.square().sum(0).tolist(), strict=True)
    for i, (name, largest, square) in enumerate(numbers):
        values, way_out = f"values up to {largest:.2g}", ", or standardize it" if i < standardizable else ""
        if math.isinf(square):
            raise ProblemError(
                f"column {name!r} holds {values}, whose squares overflow float64: scale it down{way_out}"
            )
        if largest and square < TINY * problem.y.numel():
            raise ProblemError(f"column {name!r} holds {values}, whose squares vanish in float64: scale it up{way_out}")


def _solution(problem: Problem, optimum: Optimum) -> Solution:
    """Return an optimum with all that follows from it. Raises ProblemError where that is beyond float64."""
    d, rank = problem.n_features, len(optimum.curvatures)
    zeros = (0.0,) * (len(optimum.parameters) - rank)
    rows = optimum.parameters.tolist()
    theory = Theory(
        weight=tuple(tuple(row) for row in rows[:d]),
        bias=tuple(rows[d]) if problem.intercept else (),
        optimum_cost=optimum.optimum_cost,
        zero_cost=optimum.zero_cost,
        spectrum=(*zeros, *optimum.curvatures),
        rank=rank,
        n_rows=problem.n_rows,
        n_features=problem.n_features,
        n_targets=problem.n_targets,
        gap_parts=(*zeros, *optimum.gap_parts),
        intercept=problem.intercept,
    )
    if theory.mu < TINY or not math.isfinite(theory.condition_number):
        raise ProblemError(
            f"the curvatures lie between {theory.mu:.2g} and {theory.L:.2g}, which is too far apart for float64: "
            f"scale {'or standardize ' if problem.intercept else ''}the columns"
        )
    return Solution(optimum.root, optimum.parameters, theory, optimum.root_tail, optimum.parameters_tail)


def _squared_lengths(root: Pair, optimum: Pair, theta: Tensor) -> Tensor:
    """Return ‖root·(θ − θ*)‖² of parameters (…, p, m), so many at a time that what is in between stays small."""
    rows = theta.reshape(-1, *theta.shape[-2:])
    at_once = max(1, _NUMBERS_AT_ONCE // (len(root.head) * theta.shape[-1]))
    squares = [multiply(root, subtract(some, optimum)).square().sum((-2, -1)) for some in torch.split(rows, at_once)]
    return torch.cat(squares).reshape(theta.shape[:-2])
