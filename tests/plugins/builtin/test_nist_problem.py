"""The problem `nist`: NIST's linear sets, as the package ships them."""

import csv
from fractions import Fraction
from importlib.resources import files

import pytest

from linbench import ProblemError, solve
from linbench.plugins.builtin.nist_problem import DEGREES

ROWS = {
    **{"norris": 36, "pontius": 40, "noint1": 11, "noint2": 3, "filip": 82, "longley": 16},
    **{f"wampler{i}": 21 for i in range(1, 6)},
}
FOLDER = files("linbench.plugins.builtin").joinpath("data", "nist")


def certified(name):
    """NIST's estimates, the intercept first where there is one."""
    rows = csv.DictReader(FOLDER.joinpath("certified.csv").read_text(encoding="utf-8").splitlines())
    return [float(row["estimate"]) for row in rows if row["set"] == name and row["parameter"] != "residual"]


@pytest.mark.parametrize("name", ROWS)
def test_a_nist_set_has_its_rows_and_columns_and_its_certified_coefficients(make_problem, name):
    problem = make_problem("nist", set=name)
    theory = solve(problem).theory
    assert (problem.n_rows, problem.n_targets) == (ROWS[name], 1)
    assert problem.intercept == (name not in ("noint1", "noint2"))
    assert problem.n_features + len(theory.bias) == len(certified(name))
    found = [*theory.bias, *(row[0] for row in theory.weight)]
    assert found == pytest.approx(certified(name), rel=1e-7 if name == "filip" else 1e-13)


def test_every_set_can_be_asked_for():
    assert list(DEGREES) == list(ROWS)
    shipped = {entry.name.removesuffix(".csv") for entry in FOLDER.iterdir() if entry.name.endswith(".csv")}
    assert shipped == {*ROWS, "certified"}


def test_powers_of_filip_are_those_of_x_rounded_once(make_problem):
    problem = make_problem("nist", set="filip")
    assert problem.features == ("x", *(f"x^{power}" for power in range(2, 11)))
    assert problem.targets == ("y",)
    x = [Fraction(row[0]) for row in problem.X.tolist()]
    assert problem.X.tolist() == [[float(value**power) for power in range(1, 11)] for value in x]
    assert (float(x[0]), problem.y[0].item()) == (-6.860120914, 0.8116)


def test_longley_has_six_predictors_of_employment(make_problem):
    problem = make_problem("nist", set="longley")
    assert problem.features == ("x1", "x2", "x3", "x4", "x5", "x6")
    assert (problem.X[0].tolist(), problem.y[0].item()) == ([83, 234289, 2356, 1590, 107608, 1947], 60323)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("flip", "nist: unknown set 'flip': did you mean 'filip'?"),
        ("Longley", "nist: unknown set 'Longley': did you mean 'longley'?"),
        ("zzz", f"nist: unknown set 'zzz': known are {', '.join(ROWS)}"),
        (7, f"nist: unknown set 7: known are {', '.join(ROWS)}"),
    ],
)
def test_an_unknown_set_gets_the_closest_known_one(make_problem, name, message):
    with pytest.raises(ProblemError) as raised:
        make_problem("nist", set=name)
    assert str(raised.value) == message


@pytest.mark.parametrize("name", ["noint1", "noint2"])
def test_residuals_of_the_sets_without_intercept_have_the_certified_deviation(make_problem, name):
    theory = solve(make_problem("nist", set=name)).theory
    rows = csv.DictReader(FOLDER.joinpath("certified.csv").read_text(encoding="utf-8").splitlines())
    (deviation,) = [float(row["estimate"]) for row in rows if (row["set"], row["parameter"]) == (name, "residual")]
    assert (theory.optimum_cost * theory.n_rows / (theory.n_rows - 1)) ** 0.5 == pytest.approx(deviation, rel=1e-13)
