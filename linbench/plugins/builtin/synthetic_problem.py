"""Generated regression data of known difficulty."""

from __future__ import annotations

import torch

from linbench import Problem, ProblemError

LARGEST_CONDITION = 1e18
"""The largest condition at which float64 data hold the smallest curvature to 1e-6 (singular values span its root)."""


def synthetic(
    seed: int,
    n: int = 100,
    d: int = 5,
    condition: float = 100.0,
    noise: float = 0.1,
    targets: int = 1,
    data_seed: int | None = None,
) -> Problem:
    """Return n rows of d features whose Hessian, intercept included, has exactly the condition number `condition`.

    y = Xw + b + noise·N(0, 1).
    X = √n·U·diag(s)·Vᵀ with random orthonormal U (its columns orthogonal to the ones of the intercept) and V, and
    s² log-spaced from 1 down to 1/condition: the curvatures are 2/m·s², and the intercept's is 2/m, m = targets.
    The data follow the case's seed, or data_seed where one is given; they are generated on the CPU in float64.
    """
    _check(n, d, condition, noise, targets)
    generator = torch.Generator().manual_seed(seed if data_seed is None else data_seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    U = torch.linalg.qr(torch.cat([torch.ones(n, 1, dtype=torch.float64), normal(n, d)], dim=1)).Q[:, 1:]
    V = torch.linalg.qr(normal(d, d)).Q
    exponents = torch.linspace(0.0, 1.0, d, dtype=torch.float64) if d > 1 else torch.ones(1, dtype=torch.float64)
    scales = torch.as_tensor(condition, dtype=torch.float64) ** (-exponents / 2)
    X = (n**0.5 * U * scales) @ V.T
    y = X @ normal(d, targets) + normal(targets) + noise * normal(n, targets)
    return Problem(X, y)


def _check(n: int, d: int, condition: float, noise: float, targets: int) -> None:
    for name, value in (("n", n), ("d", d), ("targets", targets)):
        if not isinstance(value, int) or value < 1:
            raise ProblemError(f"synthetic: {name} must be a whole number of at least 1, not {value!r}")
    if n < d + 1:
        raise ProblemError(f"synthetic: {d} features and an intercept need at least {d + 1} rows, not n={n}")
    if not isinstance(condition, int | float) or not 1 <= condition <= LARGEST_CONDITION:
        raise ProblemError(f"synthetic: condition must lie between 1 and {LARGEST_CONDITION:g}, not {condition!r}")
    if not isinstance(noise, int | float) or not 0 <= noise < float("inf"):
        raise ProblemError(f"synthetic: noise must be a finite number of at least 0, not {noise!r}")
