"""Unscaled, nearly dependent and dependent columns: the exact optimum, whatever their units and offsets."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from linbench import Problem, ProblemError, compare, solve
from linbench.core.problem import least_squares
from linbench.core.problem.exact_solution import solve_exactly

SECONDS = 1.7e9 + 288 * np.arange(300.0)
YEARS = np.arange(1950.0, 2021.0)


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


def parameters(theory):
    return [list(row) for row in (*theory.weight, theory.bias)]


def nearest(theta):
    return [[float(value) for value in row] for row in theta]


def with_ones(X):
    return np.column_stack([X, np.ones(len(X))])


UNSCALED = {
    "Unix seconds over a day": (SECONDS[:, None], 20 + 3e-5 * (SECONDS - 1.7e9) + 0.1 * noise(300)),
    "Unix seconds and milliseconds": (np.stack([SECONDS, noise(300) * 1e-3], axis=1), noise(300, seed=1)),
    "powers of the year": (np.stack([YEARS, YEARS**2, YEARS**3], axis=1), 0.01 * (YEARS - 1980) ** 2 + noise(71)),
    "a polynomial of degree 10": (np.stack([np.linspace(2, 9, 60) ** k for k in range(1, 11)], axis=1), noise(60)),
    "units from 1e-60 to 1e60": (np.stack([noise(20, k) * 10.0 ** (40 * k - 60) for k in range(4)], axis=1), noise(20)),
    "an offset of 1e15": (1e15 + np.array([[0.0], [1], [3], [4], [8]]), np.array([1.0, 2, 2, 5, 9])),
}


@pytest.mark.parametrize("name", UNSCALED)
def test_unscaled_columns_have_the_exact_optimum_and_full_rank(solve_in_fractions, name):
    X, y = UNSCALED[name]
    theory, exact = solve(Problem(X, y)).theory, solve_in_fractions(with_ones(X), y[:, None])
    assert theory.rank == exact.rank == X.shape[1] + 1
    assert parameters(theory) == nearest(exact.theta)
    assert theory.optimum_cost == float(exact.cost)


def test_a_line_over_unix_seconds_has_the_cost_of_the_line_over_hours():
    y = 20 + 0.1 * np.arange(300) / 12.5 + 0.1 * noise(300)
    since, hours = (
        solve(Problem(SECONDS[:, None], y)).theory,
        solve(Problem((SECONDS[:, None] - 1.7e9) / 3600, y)).theory,
    )
    assert since.rank == 2
    assert since.optimum_cost == pytest.approx(hours.optimum_cost, rel=1e-12)
    assert since.weight[0][0] == pytest.approx(hours.weight[0][0] / 3600, rel=1e-12)
    assert since.bias[0] == pytest.approx(hours.bias[0] - 1.7e9 * hours.weight[0][0] / 3600, rel=1e-10)


@pytest.mark.parametrize("name", UNSCALED)
def test_gaps_are_exact_near_the_optimum_and_far_from_it(solve_in_fractions, name):
    X, y = UNSCALED[name]
    solution, exact = solve(Problem(X, y)), solve_in_fractions(with_ones(X), y[:, None])
    for digits in (0, 3, 8, 14):
        theta = solution.parameters * (1 + 10.0**-digits * torch.from_numpy(noise(len(exact.theta), digits))[:, None])
        found = float(solution.gap(theta[:-1], theta[-1]))
        assert found == pytest.approx(float(exact.gap(theta.tolist())), rel=1e-13)


def test_the_optimum_rounded_to_float64_has_the_gap_of_its_rounding(solve_in_fractions):
    X, y = UNSCALED["a polynomial of degree 10"]
    solution, exact = solve(Problem(X, y)), solve_in_fractions(with_ones(X), y[:, None])
    expected = float(exact.gap(solution.parameters.tolist()))
    assert 0 < expected < 1e-18
    assert float(solution.gap(solution.parameters[:-1], solution.parameters[-1])) == pytest.approx(expected, rel=1e-13)


def test_gaps_beyond_float64_are_infinite():
    solution = solve(Problem(SECONDS[:, None], noise(300)))
    assert float(solution.gap(torch.tensor([[1e200]]).double(), torch.zeros(1))) == math.inf
    assert float(solution.gap(torch.tensor([[1e305]]).double(), torch.zeros(1))) == math.inf


@pytest.mark.parametrize("lanes", [(), (4,), (2, 3), (0,)])
def test_gaps_of_many_parameters_at_once_are_those_of_each_alone(monkeypatch, lanes):
    solution = solve(Problem(UNSCALED["powers of the year"][0], np.stack([noise(71), noise(71, 1)], axis=1)))
    theta = torch.from_numpy(np.random.default_rng(0).normal(size=(*lanes, 4, 2)))
    alone = [float(solution.gap(one[:-1], one[-1])) for one in theta.reshape(-1, 4, 2)]
    monkeypatch.setattr(least_squares, "_NUMBERS_AT_ONCE", 20)
    gaps = solution.gap(theta[..., :-1, :], theta[..., -1, :])
    assert gaps.shape == lanes
    assert gaps.flatten().tolist() == alone


CELSIUS = np.array([18.3, 21.7, 19.9, 25.1, 30.2, 12.4, 8.8, 15.5])
SIXTHS = np.array([1.0, 2, 3, 5, 8, 13, 21, 34])
DEPENDENT = {
    "a column twice": (np.stack([SECONDS, SECONDS], axis=1), 2),
    "a column and a power of two times it": (np.stack([SECONDS, 2.0**-60 * SECONDS], axis=1), 2),
    "a constant beside the intercept": (np.stack([SECONDS, np.full(300, 1.7e9)], axis=1), 2),
    "a constant that float64 rounds": (np.stack([SECONDS, np.full(300, 0.1)], axis=1), 2),
    "a column of zeros": (np.stack([SECONDS, np.zeros(300)], axis=1), 2),
    "seconds since 1970 and since a year": (np.stack([SECONDS, SECONDS - 1.6e9], axis=1), 2),
    "fewer rows than columns": (np.stack([SECONDS**k for k in range(1, 4)], axis=1)[:2], 2),
    "one row": (np.array([[1.7e9, 1e-5]]), 1),
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_dependent_columns_have_their_rank_and_the_shortest_optimum(solve_in_fractions, name):
    X, rank = DEPENDENT[name]
    y = noise(len(X)) + 5
    theory, exact = solve(Problem(X, y)).theory, solve_in_fractions(with_ones(X), y[:, None])
    assert theory.rank == exact.rank == rank
    np.testing.assert_allclose(parameters(theory), nearest(exact.theta), rtol=1e-15, atol=1e-300)
    assert theory.optimum_cost == pytest.approx(float(exact.cost), rel=1e-12, abs=1e-30)
    assert [value == 0 for value in theory.spectrum] == [True] * (len(theory.spectrum) - rank) + [False] * rank


DEPENDENT_BUT_FOR_ROUNDING = {
    "degrees Celsius and Kelvin": np.stack([CELSIUS, CELSIUS + 273.15], axis=1),
    "degrees Celsius and Fahrenheit": np.stack([CELSIUS, 1.8 * CELSIUS + 32], axis=1),
    "a time in seconds and in days": np.stack([SECONDS, SECONDS / 86400], axis=1),
    "thirds and sixths": np.stack([SIXTHS / 3, SIXTHS / 6, SIXTHS], axis=1),
}


@pytest.mark.parametrize("name", DEPENDENT_BUT_FOR_ROUNDING)
def test_columns_that_differ_by_their_rounding_only_are_dependent(name):
    X = DEPENDENT_BUT_FOR_ROUNDING[name]
    y = noise(len(X)) + X[:, 0]
    both, first = solve(Problem(X, y)).theory, solve(Problem(X[:, :1], y)).theory
    assert both.rank == 2
    assert both.optimum_cost == pytest.approx(first.optimum_cost, rel=1e-9)
    assert np.hypot.reduce(np.ravel(parameters(both))) <= (1 + 1e-9) * np.hypot.reduce(np.ravel(parameters(first)))


@st.composite
def designs(draw):
    """Whole numbers, columns of which some may depend on others, with offsets and units."""
    rows, columns = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    rank = draw(st.integers(1, columns))
    X = generator.integers(-9, 10, (rows, rank)) @ generator.integers(-3, 4, (rank, columns))
    offsets = 10.0 ** generator.integers(0, draw(st.integers(1, 12)), columns)
    units = 2.0 ** generator.integers(-100, 101, columns)
    y = generator.integers(-99, 100, (rows, draw(st.integers(1, 2))))
    return (X + offsets * draw(st.booleans())) * units, y.astype(float)


@given(designs(), st.booleans())
def test_any_offsets_units_and_ranks_have_the_exact_answer(solve_in_fractions, data, intercept):
    X, y = data
    design = with_ones(X) if intercept else X
    assume(design.any())
    optimum = solve_exactly(torch.from_numpy(design), torch.from_numpy(y), intercept)
    exact = solve_in_fractions(design, y)
    assert len(optimum.curvatures) == exact.rank
    np.testing.assert_allclose(optimum.parameters.numpy(), nearest(exact.theta), rtol=3e-16, atol=1e-300)
    assert optimum.optimum_cost == float(exact.cost)
    assert sum(optimum.gap_parts) == pytest.approx(optimum.zero_cost - optimum.optimum_cost, rel=1e-13, abs=1e-12)
    trace = 2 * sum(Fraction(value) ** 2 for value in design.ravel().tolist()) / y.size
    assert sum(optimum.curvatures) == pytest.approx(float(trace), rel=1e-14)


@given(st.integers(0, 10**6), st.lists(st.integers(-150, 150), min_size=3, max_size=3), st.integers(-150, 150))
def test_units_that_are_powers_of_two_change_coefficients_by_them_and_nothing_else(seed, units, of_target):
    generator = np.random.default_rng(seed)
    X, y = generator.normal(size=(9, 3)) + 1e6, generator.normal(size=9)
    before = solve(Problem(X, y)).theory
    after = solve(Problem(X * 2.0 ** np.array(units), y * 2.0**of_target)).theory
    expected = [[value * 2.0 ** (of_target - unit)] for (value,), unit in zip(before.weight, units, strict=True)]
    assert parameters(after) == [*expected, [before.bias[0] * 2.0**of_target]]
    assert after.optimum_cost == before.optimum_cost * 4.0**of_target
    assert after.rank == before.rank == 4


@given(st.integers(0, 10**6), st.integers(15, 45), st.integers(15, 45))
def test_offsets_change_the_bias_only(seed, first, second):
    generator = np.random.default_rng(seed)
    X, y = generator.integers(-50, 51, (12, 2)).astype(float), generator.normal(size=12)
    assume(np.linalg.matrix_rank(X - X.mean(0)) == 2)
    one = solve(Problem(X + 2.0 ** np.array([first, second]), y)).theory
    other = solve(Problem(X + 2.0 ** np.array([second, 16]), y)).theory
    assert one.weight == other.weight
    assert one.optimum_cost == other.optimum_cost


def test_an_exact_fit_costs_nothing_at_all():
    x = np.arange(1000.0, 1030.0)
    theory = solve(Problem(np.stack([x, x**2], axis=1), 3 * x**2 - 7 * x)).theory
    assert (theory.weight, theory.bias, theory.optimum_cost) == (((-7.0,), (3.0,)), (0.0,), 0.0)


@pytest.mark.parametrize("shape", [(5, 1), (50, 5), (200, 20), (12, 8)])
def test_well_conditioned_problems_are_solved_in_float64_alone(monkeypatch, shape):
    monkeypatch.setattr(least_squares, "solve_exactly", None)
    generator = np.random.default_rng(0)
    X = generator.normal(size=shape)
    for columns in (X, np.column_stack([X, X[:, 0]]), np.column_stack([X, np.full(len(X), 3.0)])):
        solution = solve(Problem(columns, generator.normal(size=len(X))))
        assert solution.root_tail is None


def test_problems_of_very_many_columns_are_solved_in_float64_alone(monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 12)) * np.logspace(0, 6, 12)
    y = noise(40)
    exact = solve(Problem(X, y)).theory
    monkeypatch.setattr(least_squares, "MOST_COLUMNS", 13)
    rounded = solve(Problem(X, y))
    assert rounded.root_tail is None
    np.testing.assert_allclose(parameters(rounded.theory), parameters(exact), rtol=1e-8)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1e160], [2e160]], [1, 2], "column 'x1' holds values up to 2e+160, whose squares overflow float64: scale it"),
        ([[1, 1e-160], [1, 2e-160]], [1, 2], "column 'x2' holds values up to 2e-160, whose squares vanish in float64"),
        (
            [[1], [2]],
            [1e160, 1],
            "column 'y1' holds values up to 1e+160, whose squares overflow float64: scale it",
        ),
        (
            [[1], [2]],
            [1e-160, 0],
            "column 'y1' holds values up to 1e-160, whose squares vanish in float64: scale it",
        ),
        (
            [[1e150, 0], [0, 1e-150], [0, 0]],
            [1, 2, 3],
            "the curvatures lie between 3.3e-301 and 6.7e+299, which is too",
        ),
    ],
    ids=["large features", "small features", "large targets", "small targets", "features far apart"],
)
def test_what_float64_cannot_hold_is_said_in_one_line(X, y, message):
    with pytest.raises(ProblemError, match=re.escape(message)) as raised:
        solve(Problem(X, y))
    assert "\n" not in str(raised.value)


def test_without_intercept_there_is_no_bias_and_none_enters_a_gap(pose):
    solution = solve(pose([[60.0], [61.0], [70.0]], [130.0, 131.0, 140.0], intercept=False))
    theory = solution.theory
    assert (theory.bias, theory.rank, len(theory.spectrum), len(theory.gap_parts)) == ((), 1, 1, 1)
    assert theory.weight[0][0] == pytest.approx(25591 / 12221, rel=1e-15)
    gaps = solution.gap(torch.tensor([[[2.0]], [[2.0]]]), torch.tensor([[0.0], [9.0]]))
    assert gaps[0] == gaps[1] == pytest.approx((25591 / 12221 - 2) ** 2 * 12221 / 3, rel=1e-12)


def test_without_intercept_a_constant_column_is_one_like_others(pose):
    X = np.stack([SECONDS, np.ones(300)], axis=1)
    y = noise(300)
    with_it, without = solve(pose(X[:, :1], y)).theory, solve(pose(X, y, intercept=False)).theory
    assert parameters(without)[:2] == parameters(with_it)
    assert without.spectrum == pytest.approx(with_it.spectrum, rel=1e-13)


def test_without_intercept_features_of_zeros_leave_nothing_to_fit(pose):
    with pytest.raises(ProblemError, match="there is nothing to fit"):
        solve(pose([[0.0], [0.0]], [1.0, 2.0], intercept=False))


def test_training_on_unscaled_columns_is_judged_by_the_exact_optimum():
    problem = Problem(SECONDS[:, None], UNSCALED["Unix seconds over a day"][1])
    (record,) = compare("adam:lr=0.1", "manual", problems=problem, epochs=60, dtype="float64", timing=False)
    exact = solve(problem).theory
    assert record.optimum_cost == exact.optimum_cost < 0.02
    residuals = problem.X.numpy() @ np.array(record.weight) + np.array(record.bias) - problem.y.numpy()
    assert record.gap == pytest.approx(np.mean(residuals**2) - exact.optimum_cost, rel=1e-6)
