"""The truth about a problem in eighty digits: optimum, spectrum, gaps. Nothing here knows linbench."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import mpmath
import numpy as np

DIGITS = 80

ZERO = mpmath.mpf(10) ** -50
"""The share of the largest eigenvalue below which one is zero: those of float64 data are zero, or above 1e-40."""

mpmath.mp.dps = DIGITS


def extended(value) -> np.longdouble:
    """Return a number of mpmath in the longest floating-point type of the machine."""
    return np.longdouble(mpmath.nstr(value, 25)) if mpmath.isfinite(value) else np.longdouble(float(value))


@dataclass(eq=False)
class Truth:
    """A problem's exact answer.

    X: (n, d), y: (n, m), float64. curvatures: the eigenvalues of the Hessian 2/(n·m)·AᵀA, A = [X 1], ascending, zeros
    included. vectors: one eigenvector per curvature. along: the optimum of least norm along each, (p, m).
    """

    X: np.ndarray
    y: np.ndarray
    curvatures: list = field(init=False)
    vectors: list = field(init=False)
    along: list = field(init=False)
    rank: int = field(init=False)
    optimum: list = field(init=False)
    optimum_cost: mpmath.mpf = field(init=False)
    zero_cost: mpmath.mpf = field(init=False)

    def __post_init__(self) -> None:
        n, m = self.y.shape
        A = mpmath.matrix(np.c_[self.X, np.ones(n)].tolist())
        Y = mpmath.matrix(self.y.tolist())
        p = A.cols
        gram, right = A.T * A, A.T * Y
        values, vectors = mpmath.eigsy(gram)
        scale = mpmath.mpf(2) / (n * m)
        largest = max(values)
        self.curvatures = [value * scale if value > ZERO * largest else mpmath.mpf(0) for value in values]
        self.vectors = [[vectors[row, i] for row in range(p)] for i in range(p)]
        self.rank = sum(value > 0 for value in self.curvatures)
        self.along = [
            [
                sum(self.vectors[i][row] * right[row, target] for row in range(p)) / values[i]
                if self.curvatures[i]
                else mpmath.mpf(0)
                for target in range(m)
            ]
            for i in range(p)
        ]
        self.optimum = [
            [sum(self.along[i][target] * self.vectors[i][row] for i in range(p)) for target in range(m)]
            for row in range(p)
        ]
        self.zero_cost = sum(mpmath.mpf(value) ** 2 for value in self.y.ravel().tolist()) / (n * m)
        cost = self.zero_cost - sum(self._part(i, [0] * m) for i in range(p))
        self.optimum_cost = cost if cost > ZERO * self.zero_cost else mpmath.mpf(0)

    @property
    def scale(self):
        """The cost at zero parameters − the optimum cost; zero where that is rounding."""
        gap = self.zero_cost - self.optimum_cost
        return gap if gap > ZERO * self.zero_cost else mpmath.mpf(0)

    @property
    def nonzero(self) -> list:
        return self.curvatures[len(self.curvatures) - self.rank :]

    @property
    def L(self):  # noqa: N802  the field's own name
        return self.curvatures[-1]

    @property
    def mu(self):
        return self.nonzero[0]

    def _part(self, i, along):
        return self.curvatures[i] / 2 * sum((a - b) ** 2 for a, b in zip(along, self.along[i], strict=True))

    def components(self, theta: np.ndarray) -> list:
        """Return parameters (p, m) along each eigenvector."""
        rows = [[mpmath.mpf(value) for value in row] for row in np.asarray(theta, dtype=np.float64).tolist()]
        return [
            [mpmath.fdot(vector, [row[target] for row in rows]) for target in range(len(rows[0]))]
            for vector in self.vectors
        ]

    def gap_parts(self, theta: np.ndarray) -> list:
        """Return the gap of parameters (p, m) by eigenvector."""
        return [self._part(i, along) for i, along in enumerate(self.components(theta))]

    def gap(self, theta: np.ndarray):
        """Return cost − optimum cost, infinite for parameters that are not finite."""
        if not np.isfinite(theta).all():
            return mpmath.inf
        return sum(self.gap_parts(theta))

    def ridge_relative_gap(self, theta: np.ndarray, decay: float):
        """Return the gap of f(θ) + decay/2·‖θ‖² above its least value, relative to that of zero parameters."""
        decay = mpmath.mpf(decay)
        gap = zero = mpmath.mpf(0)
        for curvature, along, best in zip(self.curvatures, self.components(theta), self.along, strict=True):
            goal = [curvature / (curvature + decay) * value for value in best]
            gap += (curvature + decay) / 2 * sum((a - b) ** 2 for a, b in zip(along, goal, strict=True))
            zero += (curvature + decay) / 2 * sum(b * b for b in goal)
        return gap / zero if zero else mpmath.inf

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Return the gradient at parameters (p, m), rounded from extended precision."""
        n, m = self.y.shape
        A = np.c_[self.X, np.ones(n)].astype(np.longdouble)
        residual = A @ np.asarray(theta, dtype=np.longdouble) - self.y
        return 2 * (A.T @ residual) / (n * m)

    def gradient_rounding(self, theta: np.ndarray, eps: float) -> np.ndarray:
        """Return by how much computing that gradient may be off, as the table of rounding has it, (p, m)."""
        n, m = self.y.shape
        A = np.abs(np.c_[self.X, np.ones(n)])
        return eps * 2 / (n * m) * (A.T @ (A @ np.abs(theta) + np.abs(self.y)))

    def cost_rounding(self, theta: np.ndarray, cost: float, eps: float) -> float:
        """Return by how much a cost at parameters (p, m) may be off."""
        A = np.abs(np.c_[self.X, np.ones(len(self.X))])
        off = 8 * eps * float(np.sqrt(np.mean((A @ np.abs(theta) + np.abs(self.y)) ** 2)))
        return off * (2 * max(cost, 0.0) ** 0.5 + off)

    def gap_rounding(self, gap: float) -> float:
        """Return by how much a gap may be off that is computed from an optimum rounded to float64."""
        theta = np.array([[abs(float(value)) for value in row] for row in self.optimum])
        A = np.abs(np.c_[self.X, np.ones(len(self.X))])
        off = float(np.mean((A @ theta * 2.0**-52) ** 2)) ** 0.5
        return off * (2 * gap**0.5 + off) if np.isfinite(gap) else 0.0

    @functools.cached_property
    def modes(self) -> np.ndarray:
        """The curvatures that are not zero, in extended precision."""
        return np.array([extended(value) for value in self.nonzero])

    def start_parts(self, theta: np.ndarray) -> np.ndarray:
        """Return the gap of a start along the curvatures that are not zero, in extended precision."""
        parts = self.gap_parts(theta)
        return np.array([extended(part) for part in parts[len(parts) - self.rank :]])
