"""The Krylov limit: the fewest epochs in which any method that steps along gradients only can reach a target.

After k gradients such a method is at θ_k in θ_0 + span{g, Hg, …, H^{k−1}g}, so its error is p(H)(θ_0 − θ*) with p a
polynomial of degree k and p(0) = 1 (Nemirovski & Yudin, Problem Complexity and Method Efficiency in Optimization,
1983). The best p is that of conjugate gradients (Hestenes & Stiefel 1952), and depends on spectrum and start only:

    least gap after k epochs = min_{deg p ≤ k, p(0) = 1} Σ g_i·p(λ_i)²
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

EXHAUSTED = 1e-14
"""A direction that is shortened by this factor when those before it are taken away is rounding."""


def krylov_gaps(curvatures: Sequence[float], gaps: Sequence[float]) -> Iterator[float]:
    """Yield the least gap after 0, 1, 2, … epochs, until a further one gains nothing.

    curvatures: the eigenvalues that are not zero. gaps: the part of the first gap along each one's eigenvector.
    The minimum is a projection: with z = √g, of z onto the complement of span{Λz, Λ²z, …}, whose basis is made
    orthonormal by the Arnoldi process, orthogonalised twice (Giraud, Langou & Rozložník 2005), in float64.
    """
    import numpy as np  # and not torch, which tables of stored runs need for nothing else

    scale = np.array(curvatures) / max(curvatures)
    rest = np.sqrt(gaps)
    direction = rest
    basis = np.empty((0, len(rest)))
    yield float(rest @ rest)
    for _ in curvatures:
        direction = scale * direction
        length = np.linalg.norm(direction)
        for _ in range(2):
            direction = direction - basis.T @ (basis @ direction)
        left = np.linalg.norm(direction)
        if left <= EXHAUSTED * length:
            return
        direction = direction / left
        basis = np.vstack([basis, direction])
        rest = rest - (direction @ rest) * direction
        yield float(rest @ rest)


def krylov_epochs(curvatures: Sequence[float], gaps: Sequence[float], target: float) -> int:
    """Return the first epoch at which the least gap is at most the target; at most the number of curvatures."""
    reached = 0
    for epoch, gap in enumerate(krylov_gaps(curvatures, gaps)):
        reached = epoch
        if gap <= target:
            break
    return reached
