"""What the closed form says of gradient descent is what gradient descent does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linbench
from linbench import Problem, Theory, solve

STUDY_HOURS = Problem([[1.0], [2.0], [3.0], [4.0]], [50.0, 70.0, 90.0, 85.0])


def some_problem(n, d, m, seed=0, duplicate=False):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.logspace(0, -1, d) + 0.5
    if duplicate:
        X[:, -1] = X[:, 0]
    return Problem(X, X @ generator.normal(size=(d, m)) + generator.normal(size=(n, m)))


PROBLEMS = {
    "study-hours": STUDY_HOURS,
    "three features": some_problem(20, 3, 1),
    "two targets": some_problem(12, 2, 2, seed=1),
    "rank-deficient": some_problem(15, 3, 2, seed=2, duplicate=True),
    "fewer rows than columns": some_problem(3, 5, 1, seed=3),
}


def test_study_hours_has_the_numbers_of_the_tutorial():
    theory = solve(STUDY_HOURS).theory
    assert theory.weight[0][0] == pytest.approx(12.5, rel=1e-14)
    assert theory.bias[0] == pytest.approx(42.5, rel=1e-14)
    assert theory.optimum_cost == pytest.approx(46.875, rel=1e-14)
    assert theory.zero_cost == 5681.25
    # The Hessian is [[15, 5], [5, 2]]: its eigenvalues are (17 ± √269)/2.
    low, high = (17 - 269**0.5) / 2, (17 + 269**0.5) / 2
    assert theory.spectrum == pytest.approx((low, high), rel=1e-13)
    assert (theory.mu, theory.L) == theory.spectrum
    assert theory.condition_number == pytest.approx(high / low, rel=1e-12)
    assert theory.largest_stable_lr == pytest.approx(2 / high, rel=1e-13)
    assert (round(theory.condition_number, 1), round(theory.largest_stable_lr, 4)) == (55.8, 0.1198)
    assert theory.best_fixed_lr == pytest.approx(2 / 17, rel=1e-13)


def gradient_descent(problem, lr, steps):
    """θ_t = θ* + (I − lr·H)^t (θ_0 − θ*), θ_0 = 0, by numpy alone; the bias is the last row."""
    design = np.column_stack([problem.X.numpy(), np.ones(problem.n_rows)])
    optimum = np.linalg.pinv(design) @ problem.y.numpy()
    hessian = 2 / (problem.n_rows * problem.n_targets) * design.T @ design
    return optimum + np.linalg.matrix_power(np.eye(len(hessian)) - lr * hessian, steps) @ -optimum


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.9, 1.05, 1.5])
@pytest.mark.parametrize("name", PROBLEMS)
def test_sgd_goes_where_the_closed_form_says_below_and_above_the_largest_stable_lr(name, fraction):
    problem = PROBLEMS[name]
    theory = solve(problem).theory
    lr, steps = fraction * theory.largest_stable_lr, 60
    (record,) = linbench.compare(
        "sgd", "manual", problems=problem, lr=lr, epochs=steps, dtype="float64", timing=False, target=1e-12
    )
    expected = gradient_descent(problem, lr, steps)
    trained = np.vstack([record.weight, record.bias])
    np.testing.assert_allclose(trained, expected, atol=1e-10 * np.abs(expected).max(), rtol=0)
    residuals = problem.X.numpy() @ expected[:-1] + expected[-1] - problem.y.numpy()
    assert record.final_cost == pytest.approx(np.mean(residuals**2), rel=1e-8)
    assert (record.final_cost > record.initial_cost) == (fraction > 1)


def made_of(spectrum, rank=None):
    rank = len(spectrum) if rank is None else rank
    return Theory(((0.0,),), (0.0,), 1.0, 3.0, tuple(sorted(spectrum)), rank, 10, len(spectrum) - 1, 1)


def contraction(spectrum, lr):
    """By what one step of gradient descent shrinks the farthest of all starts, at worst."""
    return max(abs(1 - lr * curvature) for curvature in spectrum)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=6), st.floats(0, 2))
def test_the_best_fixed_lr_shrinks_the_distance_at_its_rate_and_no_other_lr_shrinks_it_more(spectrum, factor):
    theory = made_of(spectrum)
    best = contraction(spectrum, theory.best_fixed_lr)
    assert best == pytest.approx(theory.best_fixed_rate, abs=1e-12)
    assert contraction(spectrum, factor * theory.best_fixed_lr) >= best - 1e-12


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6))
def test_gradient_descent_shrinks_below_the_largest_stable_lr_and_grows_above_it(spectrum):
    limit = made_of(spectrum).largest_stable_lr
    assert contraction(spectrum, 0.999 * limit) < 1 < contraction(spectrum, 1.001 * limit)


def test_curvatures_that_are_zero_do_not_count():
    theory = made_of([0.0, 0.0, 0.5, 2.0], rank=2)
    assert (theory.mu, theory.L, theory.condition_number) == (0.5, 2.0, 4.0)


def test_a_relative_gap_is_one_at_zero_parameters_and_zero_at_the_optimum():
    theory = made_of([1.0, 2.0])
    assert theory.scale == 2.0
    assert (theory.relative(theory.zero_cost - theory.optimum_cost), theory.relative(0.0)) == (1.0, 0.0)


def test_where_zero_parameters_are_optimal_a_relative_gap_is_none_or_infinite():
    theory = Theory(((0.0,),), (0.0,), 1.0, 1.0, (1.0, 2.0), 2, 10, 1, 1)
    assert theory.relative(0.0) == 0.0
    assert theory.relative(1e-30) == float("inf")
