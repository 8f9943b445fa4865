"""The exact answer against independent solvers: numpy's, and fifty digits of mpmath where float64 is strained."""

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench import Problem, solve


def problem_of(n, d, condition, seed, targets=1):
    """Features whose singular values spread over `condition`."""
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.normal(size=(n, d)))
    right, _ = np.linalg.qr(rng.normal(size=(d, d)))
    X = left @ np.diag(np.geomspace(1, 1 / condition, d)) @ right
    y = X @ rng.normal(size=(d, targets)) + 0.1 * rng.normal(size=(n, targets)) + 1.0
    return X, y


@given(st.integers(3, 30), st.integers(1, 4), st.integers(1, 3), st.integers(0, 10**6))
def test_the_optimum_is_numpys_least_squares_solution(n, d, targets, seed):
    X, y = problem_of(max(n, d + 2), d, 10.0, seed, targets)
    solution = solve(Problem(torch.tensor(X), torch.tensor(y)))
    A = np.hstack([X, np.ones((len(X), 1))])
    theta, *_ = np.linalg.lstsq(A, y, rcond=None)
    assert np.asarray(solution.theory.weight) == pytest.approx(theta[:-1], rel=1e-8, abs=1e-8)
    assert np.asarray(solution.theory.bias) == pytest.approx(theta[-1], rel=1e-8, abs=1e-8)
    assert solution.theory.optimum_cost == pytest.approx(np.mean((A @ theta - y) ** 2), rel=1e-9)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6])
def test_the_optimum_of_an_ill_conditioned_problem_is_that_of_fifty_digits(condition):
    X, y = problem_of(12, 4, condition, seed=3)
    theory = solve(Problem(torch.tensor(X), torch.tensor(y))).theory
    with mpmath.workdps(50):
        A = mpmath.matrix(np.hstack([X, np.ones((12, 1))]).tolist())
        b = mpmath.matrix(y.tolist())
        theta = mpmath.lu_solve(A.T * A, A.T * b)
        residual = A * theta - b
        cost = sum(r**2 for r in residual) / 12
        eigenvalues = sorted(float(value) for value in mpmath.eigsy(A.T * A * (mpmath.mpf(2) / 12), eigvals_only=True))
        exact = [float(value) for value in theta]
    # Backward stable: the parameters are off by the condition number times rounding, the cost by rounding alone.
    size = max(map(abs, exact))
    weight = [row[0] for row in theory.weight]
    assert weight == pytest.approx(exact[:-1], rel=0, abs=1e-14 * condition * size)
    assert theory.bias[0] == pytest.approx(exact[-1], rel=1e-9)
    assert theory.optimum_cost == pytest.approx(float(cost), rel=1e-12)
    assert pytest.approx(eigenvalues[-1], rel=1e-12) == theory.L
    assert theory.mu == pytest.approx(eigenvalues[0], rel=1e-9)
