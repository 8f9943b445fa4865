"""Parameters seen along the eigenvectors of the Hessian: what predictions and ridge optima are computed from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.least_squares import Solution

MOST_COLUMNS = 100
"""The most parameters of a target for which records hold what follows: each holds a number for every one of them."""

AGREEMENT = 1e-6
"""How well parts by these eigenvectors must agree with the theory's; of data too ill-conditioned they may not."""

DISTINCT = 1e-8
"""The share of a curvature from which on another one is not the same up to rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenbasis:
    """The eigenvectors of a problem's Hessian that float64 can tell apart.

    vectors: (r, p), one a row, ascending by curvature. curvatures: (r,). optimum: (p, m).
    columns: p, of which the first p − r have curvature zero in `Theory.spectrum`. count: n·m.
    """

    vectors: Tensor
    curvatures: Tensor
    optimum: Tensor
    columns: int
    count: int

    def gap_parts(self, theta: Tensor) -> Tensor:
        """Return the gap of parameters (K, p, m) by eigenvector, (K, p), aligned with `Theory.spectrum`."""
        along = self.vectors @ (theta - self.optimum)
        parts = self.curvatures / 2 * along.square().sum(-1)
        empty = parts.new_zeros(len(parts), self.columns - parts.shape[1])
        return torch.cat([empty, parts], dim=1)

    def ridge_gaps(self, theta: Tensor, decay: float) -> Tensor:
        """Return (K,): the gap of f(θ) + decay/2·‖θ‖², relative to that of zero parameters.

        Its optimum is λ/(λ + decay) times the least-squares one along each eigenvector, and zero along all others
        (Hoerl & Kennard 1970, Technometrics 12:55–67). theta: (K, p, m).
        """
        share = (self.curvatures / (self.curvatures + decay))[:, None]
        goal = share * (self.vectors @ self.optimum)
        along = self.vectors @ theta
        across = theta.square().sum((-2, -1)) - along.square().sum((-2, -1))
        weights = (self.curvatures + decay)[:, None] / 2
        gaps = (weights * (along - goal).square()).sum((-2, -1)) + decay / 2 * across.clamp(min=0)
        return gaps / (weights * goal.square()).sum()


@functools.lru_cache(maxsize=32)
def eigenbasis(solution: Solution) -> Eigenbasis | None:
    """Return the eigenbasis of a solved problem; None with many columns, or where float64 cannot tell them apart."""
    theory, columns = solution.theory, len(solution.parameters)
    if columns > MOST_COLUMNS or not theory.rank:
        return None
    count = theory.n_rows * theory.n_targets
    _, S, Vh = torch.linalg.svd(solution.root, full_matrices=False)
    rank = theory.rank
    if rank > len(S):
        return None
    found = Eigenbasis(Vh[:rank].flip(0), 2 / count * S[:rank].square().flip(0), solution.parameters, columns, count)
    zero = found.gap_parts(torch.zeros_like(solution.parameters)[None])[0]
    known = torch.tensor(theory.gap_parts, dtype=torch.float64)
    # Of equal curvatures only the sum of their parts is determined.
    spectrum = torch.tensor([*theory.spectrum, 2 * theory.L], dtype=torch.float64)
    ends = spectrum.diff() > DISTINCT * spectrum[1:]
    apart = (zero.cumsum(0) - known.cumsum(0))[ends].abs().max()
    return found if bool(apart <= AGREEMENT * max(theory.scale, 0.0)) else None
