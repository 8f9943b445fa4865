"""The diabetes data are scikit-learn's, whole and in the raw units."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from linbench import ProblemError, solve


@pytest.fixture(scope="module")
def raw():
    return load_diabetes(scaled=False)


def test_the_raw_data_are_kept_to_the_last_bit(make_problem, raw):
    problem = make_problem("diabetes", standardize=False)
    assert (problem.n_rows, problem.n_features, problem.n_targets) == (442, 10, 1)
    np.testing.assert_array_equal(problem.X.numpy(), raw.data)
    np.testing.assert_array_equal(problem.y.numpy()[:, 0], raw.target)
    assert list(problem.features) == list(raw.feature_names)


def test_features_are_standardized_unless_asked_otherwise(make_problem, raw):
    problem = make_problem("diabetes")
    np.testing.assert_allclose(problem.X.numpy(), (raw.data - raw.data.mean(0)) / raw.data.std(0), atol=1e-12)
    np.testing.assert_allclose(problem.encode(raw.data[7].tolist()).numpy(), problem.X[7:8].numpy(), atol=1e-14)


@pytest.mark.parametrize("standardize", [True, False])
def test_the_optimum_is_scikit_learns_regression(make_problem, raw, standardize):
    problem = make_problem("diabetes", standardize=standardize)
    theory = solve(problem).theory
    reference = LinearRegression().fit(problem.X.numpy(), problem.y.numpy()[:, 0])
    np.testing.assert_allclose(np.ravel(theory.weight), reference.coef_, rtol=1e-8)
    assert theory.bias[0] == pytest.approx(reference.intercept_, rel=1e-8)
    residuals = problem.y.numpy()[:, 0] - reference.predict(problem.X.numpy())
    assert theory.optimum_cost == pytest.approx(np.mean(residuals**2), rel=1e-10)


def test_the_raw_condition_number_is_the_one_the_docstring_gives(make_problem):
    assert solve(make_problem("diabetes", standardize=False)).theory.condition_number == pytest.approx(5e7, rel=0.1)


def test_without_scikit_learn_the_error_names_the_extra(make_problem, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ProblemError) as caught:
        make_problem("diabetes")
    assert str(caught.value) == "problem 'diabetes' needs scikit-learn: pip install 'linbench[diabetes]'"


@pytest.mark.parametrize("standardize", ["maybe", 0, None])
def test_a_standardize_that_is_neither_true_nor_false_is_one_line(make_problem, standardize):
    with pytest.raises(ProblemError) as caught:
        make_problem("diabetes", standardize=standardize)
    assert str(caught.value) == f"diabetes: standardize must be True or False, not {standardize!r}"
