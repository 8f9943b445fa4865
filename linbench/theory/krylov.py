"""The Krylov limit: the fewest epochs in which any method that steps along gradients only can reach a target.

After k gradients such a method is at θ_k in θ_0 + span{g, Hg, …, H^{k−1}g}, so its error is p(H)(θ_0 − θ*) with p a
polynomial of degree k and p(0) = 1 (Nemirovski & Yudin, Problem Complexity and Method Efficiency in Optimization,
1983). The best p is that of conjugate gradients (Hestenes & Stiefel 1952), and depends on spectrum and start only:

    least gap after k epochs = min_{deg p ≤ k, p(0) = 1} Σ g_i·p(λ_i)²
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterator, Sequence

FLOAT64_RATIO = 1e8
"""The ratio of curvatures up to which float64 is enough; beyond it, digits are added as they are needed."""

_ZERO = decimal.Decimal()

_GROWING_GRADIENTS = 40
"""The most gradients for each of which digits are added: rounding grows by up to the ratio of curvatures with each."""


def krylov_gaps(curvatures: Sequence[float], gaps: Sequence[float], enough: float = 0.0) -> Iterator[float]:
    """Yield the least gap after 0, 1, 2, … epochs, until one is `enough`, or a further one gains nothing.

    curvatures: the eigenvalues that are not zero. gaps: the part of the first gap along each one's eigenvector.
    """
    modes = [(curvature, gap) for curvature, gap in zip(curvatures, gaps, strict=True) if gap > 0]
    if not modes:
        return iter([0.0])
    used = [curvature for curvature, _ in modes]
    if max(used) <= FLOAT64_RATIO * min(used):
        return _arnoldi_gaps(modes)
    return iter(_conjugate_gradient_gaps(modes, enough))


def _arnoldi_gaps(modes: Sequence[tuple[float, float]]) -> Iterator[float]:
    """Yield the gaps by projections in float64.

    With z = √g, what is left after k epochs is z projected onto the complement of span{Λz, Λ²z, …}, whose basis is made
    orthonormal by the Arnoldi process, orthogonalised twice (Giraud, Langou & Rozložník 2005).
    """
    import numpy as np  # and not torch, which tables of stored runs need for nothing else

    scale, rest = np.array(modes).T
    scale, rest = scale / scale.max(), np.sqrt(rest)
    direction = rest
    basis = np.empty((0, len(rest)))
    yield float(rest @ rest)
    for _ in modes:
        direction = scale * direction
        length = np.linalg.norm(direction)
        for _ in range(2):
            direction = direction - basis.T @ (basis @ direction)
        left = np.linalg.norm(direction)
        if left <= 1e-14 * length:  # what the directions before leave of it is rounding
            return
        direction = direction / left
        basis = np.vstack([basis, direction])
        rest = rest - (direction @ rest) * direction
        yield float(rest @ rest)


def _conjugate_gradient_gaps(modes: Sequence[tuple[float, float]], enough: float) -> list[float]:
    """Return the gaps by the recurrence of conjugate gradients, in as many digits as their rounding may grow to."""
    extent = [math.log10(curvature) for curvature, _ in modes]
    growth = max(extent) - min(extent)
    digits = 60 + math.ceil(growth) * min(len(modes), _GROWING_GRADIENTS)
    with decimal.localcontext(prec=digits):
        curvatures = [decimal.Decimal(curvature) for curvature, _ in modes]
        residual = [(decimal.Decimal(curvature) * decimal.Decimal(gap)).sqrt() for curvature, gap in modes]
        square = sum((r * r for r in residual), _ZERO)
        least = square.scaleb(-digits)
        direction = residual
        found = [_gap(residual, curvatures)]
        while found[-1] > enough and square > least and len(found) <= len(modes):
            images = [curvature * d for curvature, d in zip(curvatures, direction, strict=True)]
            step = square / sum((d * image for d, image in zip(direction, images, strict=True)), _ZERO)
            residual = [r - step * image for r, image in zip(residual, images, strict=True)]
            before = square
            square = sum((r * r for r in residual), _ZERO)
            direction = [r + square / before * d for r, d in zip(residual, direction, strict=True)]
            found.append(_gap(residual, curvatures))
    return found


def _gap(residual: Sequence[decimal.Decimal], curvatures: Sequence[decimal.Decimal]) -> float:
    """Return Σ r_i²/λ_i."""
    return float(sum(r * r / curvature for r, curvature in zip(residual, curvatures, strict=True)))


def krylov_epochs(curvatures: Sequence[float], gaps: Sequence[float], target: float) -> int:
    """Return the first epoch at which the least gap is at most the target; at most the number of curvatures."""
    reached = 0
    for epoch, gap in enumerate(krylov_gaps(curvatures, gaps, target)):
        reached = epoch
        if gap <= target:
            break
    return reached
