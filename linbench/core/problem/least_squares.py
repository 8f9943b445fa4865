"""The exact answer to a problem, in float64: optimum, spectrum and the gap of any parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.core.problem.closed_form import Theory

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A solved problem: its `theory`, and the tensors that gaps are computed with.

    root: (r, d + 1) with rootᵀ·root = AᵀA, so that ‖A·v‖ = ‖root·v‖ at r ≤ d + 1 rows instead of n.
    parameters: (d + 1, m), the optimum with the bias as last row.
    """

    root: Tensor
    parameters: Tensor
    theory: Theory

    def gap(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Cost above the optimum, (θ − θ*)ᵀ·(AᵀA/n)·(θ − θ*), averaged over targets.

        weight: (…, d, m), bias: (…, m), any dtype; returns (…,) float64. Computed as ‖A(θ − θ*)‖²/(n·m), which
        has no cancellation, so a gap of 1e-20 is as exact as one of 1.
        """
        theta = torch.cat([weight, bias.unsqueeze(-2)], dim=-2).to("cpu", torch.float64)
        distance = self.root @ (theta - self.parameters)
        return distance.square().sum((-2, -1)) / (self.theory.n_rows * self.theory.n_targets)


def solve(problem: Problem) -> Solution:
    """Least squares by singular values, float64, refined once; minimum norm where A is rank-deficient.

    Singular values up to max(n, d + 1)·eps·σ_max count as zero (the convention of LAPACK's and numpy's lstsq).
    """
    X, y = problem.X, problem.y
    n, m = y.shape
    design = torch.cat([X, torch.ones(n, 1, dtype=torch.float64)], dim=1)
    U, S, Vh = torch.linalg.svd(design, full_matrices=False)
    cutoff = max(design.shape) * torch.finfo(torch.float64).eps * S[0]
    rank = int((cutoff < S).sum())
    pseudo_inverse = (Vh[:rank].T / S[:rank]) @ U[:, :rank].T
    parameters = pseudo_inverse @ y
    parameters = parameters + pseudo_inverse @ (y - design @ parameters)
    spectrum = torch.zeros(problem.n_features + 1, dtype=torch.float64)
    spectrum[-rank:] = (2 / (n * m) * S[:rank].square()).flip(0)
    gap_parts = torch.zeros_like(spectrum)
    gap_parts[-rank:] = ((U[:, :rank].T @ y).square().sum(1) / (n * m)).flip(0)
    theory = Theory(
        weight=tuple(tuple(row) for row in parameters[:-1].tolist()),
        bias=tuple(parameters[-1].tolist()),
        optimum_cost=float((design @ parameters - y).square().mean()),
        zero_cost=float(y.square().mean()),
        spectrum=tuple(spectrum.tolist()),
        rank=rank,
        n_rows=problem.n_rows,
        n_features=problem.n_features,
        n_targets=problem.n_targets,
        gap_parts=tuple(gap_parts.tolist()),
    )
    return Solution(S[:, None] * Vh, parameters, theory)
