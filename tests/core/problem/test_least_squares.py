"""The exact answer: against numpy, exact fractions, and NIST's Wampler problems."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench import Problem, solve

# The residuals of Wampler3-5, NIST StRD (Wampler 1970): orthogonal to every polynomial up to degree 5.
# fmt: off
PATTERN = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048,
           -2048, 1838, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 759]
# fmt: on

ONES, TENTHS = [Fraction(1)] * 6, [Fraction(1, 10**power) for power in range(6)]
WAMPLER = {
    "Wampler1": (ONES, 0, 1e-10),
    "Wampler2": (TENTHS, 0, 1e-11),
    "Wampler3": (ONES, 1, 1e-9),
    "Wampler4": (ONES, 100, 1e-7),
    "Wampler5": (ONES, 10_000, 1e-5),
}


def wampler(coefficients, noise):
    X = [[float(x**power) for power in range(1, 6)] for x in range(21)]
    exact = [sum(c * x**power for power, c in enumerate(coefficients)) for x in range(21)]
    return Problem(X, [float(y + noise * residual) for y, residual in zip(exact, PATTERN, strict=True)])


def test_the_residuals_of_wampler_are_orthogonal_to_polynomials_up_to_degree_five():
    moments = [sum(residual * x**power for x, residual in enumerate(PATTERN)) for power in range(7)]
    assert moments[:6] == [0] * 6
    assert moments[6] != 0


@pytest.mark.parametrize("name", WAMPLER)
def test_the_coefficients_of_wampler_are_found(name):
    coefficients, noise, tolerance = WAMPLER[name]
    theory = solve(wampler(coefficients, noise)).theory
    found = [theory.bias[0], *(row[0] for row in theory.weight)]
    assert theory.rank == 6
    assert found == pytest.approx([float(c) for c in coefficients], rel=tolerance)
    residual = noise**2 * sum(r**2 for r in PATTERN) / 21
    assert theory.optimum_cost == pytest.approx(residual, rel=1e-12, abs=1e-16)


def random_problem(seed, n, d, m, rank):
    """Whole numbers, d columns of which at most `rank` are independent of each other."""
    generator = np.random.default_rng(seed)
    X = generator.integers(-9, 10, (n, min(rank, d))) @ generator.integers(-3, 4, (min(rank, d), d))
    return X.astype(float), generator.integers(-99, 100, (n, m)).astype(float)


SHAPES = {
    "seed": st.integers(0, 10**6),
    "n": st.integers(1, 12),
    "d": st.integers(1, 6),
    "m": st.integers(1, 3),
    "rank": st.integers(1, 6),
}


@given(**SHAPES)
def test_the_optimum_is_the_one_of_minimum_norm_that_numpys_pinv_gives(seed, n, d, m, rank):
    X, y = random_problem(seed, n, d, m, rank)
    design = np.column_stack([X, np.ones(n)])
    solution = solve(Problem(X, y))
    theory = solution.theory
    assert theory.rank == np.linalg.matrix_rank(design)
    expected = np.linalg.pinv(design) @ y
    scale = 1e-11 * max(1.0, np.abs(expected).max()) * theory.condition_number
    np.testing.assert_allclose(np.vstack([theory.weight, theory.bias]), expected, atol=scale, rtol=0)
    np.testing.assert_array_equal(solution.parameters.numpy(), np.vstack([theory.weight, theory.bias]))
    residual_cost = np.mean((design @ expected - y) ** 2)
    assert theory.optimum_cost == pytest.approx(residual_cost, rel=1e-9, abs=1e-18 * theory.zero_cost + scale**2)
    assert theory.zero_cost == pytest.approx(np.mean(y**2), rel=1e-14)


@given(**SHAPES)
def test_the_spectrum_is_the_hessians_of_the_cost(seed, n, d, m, rank):
    X, y = random_problem(seed, n, d, m, rank)
    theory = solve(Problem(X, y)).theory

    def cost(theta):
        return torch.mean((torch.tensor(X) @ theta[:-1] + theta[-1] - torch.tensor(y)) ** 2)

    hessian = torch.autograd.functional.hessian(cost, torch.zeros(d + 1, m, dtype=torch.float64))
    eigenvalues = np.linalg.eigvalsh(hessian.reshape((d + 1) * m, (d + 1) * m).numpy())
    np.testing.assert_allclose(np.repeat(theory.spectrum, m), eigenvalues, atol=1e-12 * theory.L, rtol=1e-9)
    assert theory.mu == pytest.approx(theory.spectrum[-theory.rank])
    assert all(value == 0 for value in theory.spectrum[: -theory.rank])


@pytest.mark.parametrize(
    ("X", "rank"),
    [
        ([[2.0, 1.0], [2.0, 3.0], [2.0, 4.0]], 2),
        ([[1.0, 1.0], [3.0, 3.0], [4.0, 4.0]], 2),
        ([[1.0, 2.0, 5.0]], 1),
        ([[0.0], [0.0]], 1),
    ],
    ids=["constant column", "duplicate columns", "fewer rows than columns", "zero column"],
)
def test_where_the_optimum_is_not_unique_no_other_one_is_shorter(X, rank):
    y = np.arange(1.0, len(X) + 1)[:, None] ** 2
    solution = solve(Problem(X, y))
    design = np.column_stack([X, np.ones(len(X))])
    _, _, directions = np.linalg.svd(design)
    assert solution.theory.rank == rank
    assert rank < design.shape[1]
    for direction in directions[rank:]:
        assert direction @ solution.parameters.numpy() == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(design.T @ (design @ solution.parameters.numpy() - y), 0, atol=1e-12)


def exact_gap(X, y, theta):
    """Cost above the optimum in exact fractions: rows X, targets y, theta (d + 1) with the bias last."""
    rows = [[Fraction(value) for value in row] + [Fraction(1)] for row in X]
    size = len(rows[0])
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    system = [[*normal[i], sum(row[i] * Fraction(t) for row, t in zip(rows, y, strict=True))] for i in range(size)]
    for pivot in range(size):
        chosen = next(i for i in range(pivot, size) if system[i][pivot] != 0)
        system[pivot], system[chosen] = system[chosen], system[pivot]
        system[pivot] = [value / system[pivot][pivot] for value in system[pivot]]
        for i in set(range(size)) - {pivot}:
            system[i] = [a - system[i][pivot] * b for a, b in zip(system[i], system[pivot], strict=True)]
    distance = [Fraction(value) - row[-1] for value, row in zip(theta, system, strict=True)]
    return sum(sum(a * v for a, v in zip(row, distance, strict=True)) ** 2 for row in rows) / len(rows)


@given(st.integers(0, 10**6), st.integers(0, 10))
def test_the_gap_of_any_parameters_is_the_exact_one(seed, digits):
    generator = np.random.default_rng(seed)
    X, y = generator.integers(-9, 10, (7, 2)).astype(float), generator.integers(-99, 100, 7).astype(float)
    X[0], X[1], X[2] = (1, 0), (0, 1), (0, 0)  # of full rank, whatever was drawn
    solution = solve(Problem(X, y))
    theta = solution.parameters[:, 0].numpy() + generator.normal(size=3) * 10.0**-digits
    found = float(solution.gap(torch.tensor(theta[:2, None]), torch.tensor(theta[2:])))
    # The optimum itself is rounded to about 1e-15 of its size; nothing else is lost.
    size = max(1.0, float(solution.parameters.abs().max()))
    assert found == pytest.approx(float(exact_gap(X, y, theta)), rel=1e-11 + 10 * size * 10.0 ** (digits - 15))


def test_a_gap_far_below_the_resolution_of_float64_costs_is_still_right():
    solution = solve(Problem([[1.0], [2.0], [3.0], [4.0]], [50.0, 70.0, 90.0, 85.0]))
    weight, bias = torch.tensor([[12.5 + 2.0**-40]], dtype=torch.float64), torch.tensor([42.5], dtype=torch.float64)
    optimum = solution.parameters
    assert optimum.flatten().tolist() == pytest.approx([12.5, 42.5], rel=1e-15)
    exact = float(exact_gap([[1], [2], [3], [4]], [50, 70, 90, 85], [12.5 + 2.0**-40, 42.5]))
    assert exact == 7.5 * 2.0**-80
    assert float(solution.gap(weight, bias)) == pytest.approx(exact, rel=0.1)
    assert exact < np.spacing(46.875) / 1e6


@pytest.mark.parametrize("lanes", [(), (4,), (2, 3)])
def test_gaps_of_many_parameters_at_once_are_those_of_each_alone(lanes):
    X, y = random_problem(1, 9, 2, 3, 2)
    solution = solve(Problem(X, y))
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(*lanes, 2, 3, generator=generator)
    bias = torch.randn(*lanes, 3, generator=generator)
    gaps = solution.gap(weight, bias)
    assert gaps.shape == lanes
    assert gaps.dtype == torch.float64
    for gap, W, b in zip(gaps.flatten(), weight.reshape(-1, 2, 3), bias.reshape(-1, 3), strict=True):
        outputs = X @ W.double().numpy() + b.double().numpy()
        assert float(gap) == pytest.approx(np.mean((outputs - y) ** 2) - solution.theory.optimum_cost, rel=1e-10)
