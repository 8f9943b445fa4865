"""The eleven linear sets of NIST's StRD: all digits of the exact solution of the numbers that were read."""

import csv
import math
from fractions import Fraction
from importlib.resources import files

import mpmath
import numpy as np
import pytest

from linbench import solve
from linbench.theory.predictions import predict

FOLDER = files("linbench.plugins.builtin").joinpath("data", "nist")
DEGREES = {
    "norris": 1,
    "pontius": 2,
    "noint1": 1,
    "noint2": 1,
    "filip": 10,
    "longley": 1,
    **dict.fromkeys(("wampler1", "wampler2", "wampler3", "wampler4", "wampler5"), 5),
}
AS_FAR_AS_FLOAT64_CARRIES = {"filip": 7.5, "norris": 13, "pontius": 13, "wampler2": 13}
"""Digits to which the exact solution of the rounded data has what NIST certifies for the decimals; 14 elsewhere."""

WELL_CONDITIONED = ("norris", "noint1", "noint2")
"""Sets whose designs have a condition number below 1024, so that singular values in float64 are enough."""


def table(name):
    return list(csv.reader(FOLDER.joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()))[1:]


def powers(name, number):
    """The design without ones and the targets; number: how a cell is read."""
    degree = DEGREES[name]
    X = [[number(cell) ** power for cell in row[1:] for power in range(1, degree + 1)] for row in table(name)]
    return X, [[number(row[0])] for row in table(name)]


def in_float64(name):
    X, y = powers(name, lambda cell: Fraction(float(cell)))
    return np.array([[float(value) for value in row] for row in X]), np.array(
        [[float(value) for value in row] for row in y]
    )


def has_intercept(name):
    return not name.startswith("noint")


def with_ones(name, X):
    return [[*row, 1] for row in X] if has_intercept(name) else X


def certified(name):
    """What NIST certifies: coefficients by power, and the residual standard deviation."""
    rows = csv.DictReader(FOLDER.joinpath("certified.csv").read_text(encoding="utf-8").splitlines())
    values = {row["parameter"]: row["estimate"] for row in rows if row["set"] == name}
    return {key: value for key, value in values.items() if key != "residual"}, values["residual"]


def in_nists_order(name, parameters):
    *weights, last = parameters
    return [last, *weights] if has_intercept(name) else parameters


def right_digits(found, exact):
    """Decimal digits of a number that are right, as NIST counts them; of a zero, leading zeros."""
    found, exact = Fraction(found), Fraction(exact)
    error = abs(found - exact) / (abs(exact) if exact else 1)
    return -math.log10(error) if error else math.inf


@pytest.fixture(scope="module", params=DEGREES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def exact(name, solve_in_fractions):
    X, y = in_float64(name)
    return solve_in_fractions(with_ones(name, X.tolist()), y)


@pytest.fixture(scope="module")
def theory(name, pose):
    return solve(pose(*in_float64(name), intercept=has_intercept(name))).theory


def test_twelve_digits_of_every_coefficient_are_right(name, theory, exact):
    found = [*(row[0] for row in theory.weight), *theory.bias]
    expected = [row[0] for row in exact.theta]
    digits = [right_digits(*pair) for pair in zip(found, expected, strict=True)]
    assert theory.rank == len(theory.spectrum) == len(exact.theta)
    assert min(digits) >= 12


def test_twelve_digits_of_the_optimum_cost_are_right(theory, exact):
    assert right_digits(theory.optimum_cost, exact.cost) >= 12
    zero_cost = sum(value**2 for (value,) in exact.y) / len(exact.y)
    assert right_digits(theory.zero_cost, zero_cost) >= 12


@pytest.mark.parametrize("name", [name for name in DEGREES if name not in WELL_CONDITIONED], indirect=True)
def test_every_digit_is_right_where_float64_alone_would_lose_some(name, theory, exact):
    found = [*(row[0] for row in theory.weight), theory.bias[0]]
    assert found == [float(row[0]) for row in exact.theta]
    assert theory.optimum_cost == float(exact.cost)


def test_exact_solutions_of_the_printed_decimals_are_what_nist_certifies(name, solve_in_fractions):
    X, y = powers(name, Fraction)
    solution = solve_in_fractions(np.array(with_ones(name, X), dtype=object), np.array(y, dtype=object))
    coefficients, residual = certified(name)
    found = in_nists_order(name, [row[0] for row in solution.theta])
    assert min(map(right_digits, found, coefficients.values())) >= 14
    variance = solution.cost * len(y) / (len(y) - len(found))
    assert right_digits(math.sqrt(variance), Fraction(residual)) >= 14


def test_certified_values_are_met_as_far_as_the_rounded_data_carry_them(name, theory):
    coefficients, residual = certified(name)
    found = in_nists_order(name, [*(row[0] for row in theory.weight), *theory.bias])
    digits = AS_FAR_AS_FLOAT64_CARRIES.get(name, 14)
    assert min(map(right_digits, found, coefficients.values())) >= digits
    deviation = math.sqrt(theory.optimum_cost * theory.n_rows / (theory.n_rows - theory.rank))
    assert right_digits(deviation, Fraction(residual)) >= digits


def test_the_smallest_curvature_is_right_however_small_it_is_beside_the_largest(name, theory, exact):
    with mpmath.workdps(120):
        rows = [[mpmath.mpf(value.numerator) / value.denominator for value in row] for row in exact.design]
        A = mpmath.matrix(rows)
        eigenvalues = sorted(mpmath.eigsy(2 * (A.T * A) / len(rows), eigvals_only=True))
        relative = [abs(found / expected - 1) for found, expected in zip(theory.spectrum, eigenvalues, strict=True)]
        assert max(relative) < 1e-12
        assert abs(theory.condition_number / (eigenvalues[-1] / eigenvalues[0]) - 1) < 1e-12
        assert abs(theory.largest_stable_lr * eigenvalues[-1] / 2 - 1) < 1e-12


def test_the_gap_at_zero_is_that_of_its_parts_along_the_eigenvectors(theory, exact):
    with mpmath.workdps(120):
        A = mpmath.matrix([[mpmath.mpf(value.numerator) / value.denominator for value in row] for row in exact.design])
        optimum = mpmath.matrix([[mpmath.mpf(value.numerator) / value.denominator] for (value,) in exact.theta])
        eigenvalues, vectors = mpmath.eigsy(2 * (A.T * A) / A.rows)
        along = vectors.T * optimum
        parts = sorted((value, value * component**2 / 2) for value, component in zip(eigenvalues, along, strict=True))
        assert theory.gap_parts == pytest.approx([float(part) for _, part in parts], rel=1e-9, abs=1e-13 * theory.scale)


def test_epochs_are_predicted_on_every_set(theory):
    predicted = predict(theory, 1e-6)
    assert 1 <= predicted.krylov_limit <= theory.rank
    for method in (predicted.gradient_descent, predicted.heavy_ball, predicted.nesterov):
        assert method.epochs is None or method.epochs >= predicted.krylov_limit
