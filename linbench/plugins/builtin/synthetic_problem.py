"""Generated regression data of known difficulty."""

from __future__ import annotations

import torch

from linbench import Problem, ProblemError
from linbench.plugins.builtin.parameter_checks import check_bools, check_counts, is_number, is_whole

LARGEST_CONDITION = 1e18
"""The largest condition at which float64 data hold the smallest curvature to 1e-6 (singular values span its root)."""

SEEDS = range(-(2**63), 2**64)
"""The seeds that torch's generators take."""


def synthetic(
    seed: int,
    n: int = 100,
    d: int = 5,
    condition: float = 100.0,
    noise: float = 0.1,
    targets: int = 1,
    data_seed: int | None = None,
    intercept: bool = True,
) -> Problem:
    """Return n rows of d features whose Hessian, intercept included, has exactly the condition number `condition`.

    y = Xw + b + noise·N(0, 1); there is no b without intercept.
    X = √n·U·diag(s)·Vᵀ with random orthonormal U (its columns orthogonal to the ones of the intercept, if there is one)
    and V, and s² log-spaced from 1 down to 1/condition: the curvatures are 2/m·s², and the intercept's is 2/m,
    m = targets. The data follow the case's seed, or data_seed where one is given; they are generated on the CPU in
    float64.
    """
    check_bools("synthetic", {"intercept": intercept})
    check_counts("synthetic", {"n": n, "d": d, "targets": targets})
    _check_numbers(condition, noise, data_seed)
    _check_shape(n, d, condition, intercept)
    generator = torch.Generator().manual_seed(seed if data_seed is None else data_seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    directions = normal(n, d)
    if intercept:
        ones = torch.ones(n, 1, dtype=torch.float64)
        U = torch.linalg.qr(torch.cat([ones, directions], dim=1)).Q[:, 1:]
    else:
        U = torch.linalg.qr(directions).Q
    V = torch.linalg.qr(normal(d, d)).Q
    exponents = torch.linspace(0.0, 1.0, d, dtype=torch.float64) if d > 1 else torch.ones(1, dtype=torch.float64)
    scales = torch.as_tensor(condition, dtype=torch.float64) ** (-exponents / 2)
    X = (n**0.5 * U * scales) @ V.T
    y = X @ normal(d, targets) + (normal(targets) if intercept else 0) + noise * normal(n, targets)
    return Problem(X, y, intercept=intercept)


def _check_numbers(condition: object, noise: object, data_seed: object) -> None:
    if not is_number(condition) or not 1 <= condition <= LARGEST_CONDITION:
        raise ProblemError(f"synthetic: condition must lie between 1 and {LARGEST_CONDITION:g}, not {condition!r}")
    if not is_number(noise) or not 0 <= noise < float("inf"):
        raise ProblemError(f"synthetic: noise must be a finite number of at least 0, not {noise!r}")
    if data_seed is not None and not (is_whole(data_seed) and data_seed in SEEDS):
        raise ProblemError(f"synthetic: data_seed must be a whole number from -2^63 to 2^64 - 1, not {data_seed!r}")


def _check_shape(n: int, d: int, condition: float, intercept: bool) -> None:
    """Raise ProblemError where no data of that shape have the condition number."""
    fewest, what = (d + 1, f"{d} features and an intercept") if intercept else (d, f"{d} features")
    if n < fewest:
        raise ProblemError(f"synthetic: {what} need at least {fewest} rows, not n={n}")
    if d == 1 and not intercept and condition != 1:
        raise ProblemError(f"synthetic: one feature without an intercept has condition 1, not {condition!r}")
