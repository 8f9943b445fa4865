"""Generated data are as difficult as asked for, and depend on nothing but the seed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench import ProblemError, solve
from linbench.plugins.builtin.synthetic_problem import synthetic


def design_of(problem):
    return np.column_stack([problem.X.numpy(), np.ones(problem.n_rows)])


@given(
    seed=st.integers(0, 2**31),
    d=st.integers(1, 12),
    more_rows=st.integers(1, 60),
    targets=st.integers(1, 3),
    power=st.floats(0, 18),
)
def test_the_hessians_condition_number_is_the_one_asked_for(seed, d, more_rows, targets, power):
    condition = 10.0**power
    problem = synthetic(seed, n=d + more_rows, d=d, condition=condition, targets=targets)
    assert (problem.n_rows, problem.n_features, problem.n_targets) == (d + more_rows, d, targets)
    singular_values = np.linalg.svd(design_of(problem), compute_uv=False)
    assert (singular_values[0] / singular_values[-1]) ** 2 == pytest.approx(condition, rel=1e-6)
    theory = solve(problem).theory
    assert theory.condition_number == pytest.approx(condition, rel=1e-6)
    assert theory.rank == d + 1
    assert theory.spectrum[-1] == pytest.approx(2 / targets, rel=1e-9)


@given(
    seed=st.integers(0, 2**31),
    d=st.integers(2, 12),
    more_rows=st.integers(0, 60),
    targets=st.integers(1, 3),
    power=st.floats(0, 18),
)
def test_without_intercept_the_features_alone_have_the_condition_number_asked_for(seed, d, more_rows, targets, power):
    condition = 10.0**power
    problem = synthetic(seed, n=d + more_rows, d=d, condition=condition, targets=targets, intercept=False)
    assert (problem.n_rows, problem.n_features, problem.n_targets) == (d + more_rows, d, targets)
    singular_values = np.linalg.svd(problem.X.numpy(), compute_uv=False)
    assert (singular_values[0] / singular_values[-1]) ** 2 == pytest.approx(condition, rel=1e-6)
    theory = solve(problem).theory
    assert theory.condition_number == pytest.approx(condition, rel=1e-6)
    assert theory.rank == len(theory.spectrum) == d
    assert theory.spectrum[-1] == pytest.approx(2 / targets, rel=1e-9)


def test_without_intercept_and_noise_a_plane_through_the_origin_fits():
    theory = solve(synthetic(5, n=30, d=3, noise=0, intercept=False)).theory
    assert theory.optimum_cost < 1e-25 < 0.1 < theory.zero_cost


def test_one_feature_without_intercept_has_the_condition_number_of_one():
    theory = solve(synthetic(0, n=9, d=1, condition=1, intercept=False)).theory
    assert (theory.condition_number, theory.L) == (1, pytest.approx(2, rel=1e-12))


@pytest.mark.parametrize("condition", [1, 1.0, 100, 1e6])
def test_curvatures_are_log_spaced_from_largest_to_smallest(condition):
    spectrum = solve(synthetic(0, n=50, d=6, condition=condition)).theory.spectrum
    np.testing.assert_allclose(spectrum, [*np.geomspace(2 / condition, 2, 6), 2.0], rtol=1e-6)


def test_the_intercept_is_a_direction_of_its_own():
    problem = synthetic(3, n=40, d=4, condition=1e3)
    np.testing.assert_allclose(problem.X.numpy().sum(0), 0, atol=1e-10)


@pytest.mark.parametrize("noise", [0.0, 0.1, 5.0])
def test_what_the_optimum_leaves_is_the_noise(noise):
    costs = [solve(synthetic(seed, n=400, d=3, noise=noise)).theory.optimum_cost for seed in range(10)]
    assert np.mean(costs) == pytest.approx(noise**2 * (400 - 4) / 400, rel=0.1, abs=1e-20)


def in_another_mood(seed, **params):
    """The same call while global state that must not matter is different."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(3 - min(threads, 2))
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(12345)
    try:
        return synthetic(seed, **params)
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)


@pytest.mark.parametrize("params", [{}, {"n": 30, "d": 7, "condition": 1e9, "targets": 2}])
def test_data_depend_on_the_seed_only(params):
    problems = [synthetic(4, **params), in_another_mood(4, **params), synthetic(11, data_seed=4, **params)]
    assert len({problem.fingerprint for problem in problems}) == 1
    assert len({synthetic(seed, **params).fingerprint for seed in range(5)}) == 5


def test_making_data_draws_nothing_from_the_global_generator():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    synthetic(1)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n": 5, "d": 5}, "synthetic: 5 features and an intercept need at least 6 rows, not n=5"),
        ({"n": 4, "d": 5, "intercept": False}, "synthetic: 5 features need at least 5 rows, not n=4"),
        ({"d": 1, "intercept": False}, "synthetic: one feature without an intercept has condition 1, not 100.0"),
        ({"intercept": "maybe"}, "synthetic: intercept must be True or False, not 'maybe'"),
        ({"intercept": 0}, "synthetic: intercept must be True or False, not 0"),
        ({"n": True}, "synthetic: n must be a whole number of at least 1, not True"),
        ({"condition": True}, "synthetic: condition must lie between 1 and 1e+18, not True"),
        ({"condition": "high"}, "synthetic: condition must lie between 1 and 1e+18, not 'high'"),
        ({"noise": False}, "synthetic: noise must be a finite number of at least 0, not False"),
        ({"data_seed": "abc"}, "synthetic: data_seed must be a whole number from -2^63 to 2^64 - 1, not 'abc'"),
        ({"data_seed": True}, "synthetic: data_seed must be a whole number from -2^63 to 2^64 - 1, not True"),
        ({"data_seed": 1.5}, "synthetic: data_seed must be a whole number from -2^63 to 2^64 - 1, not 1.5"),
        (
            {"data_seed": 2**64},
            "synthetic: data_seed must be a whole number from -2^63 to 2^64 - 1, not 18446744073709551616",
        ),
        ({"d": 0}, "synthetic: d must be a whole number of at least 1, not 0"),
        ({"n": 10.5}, "synthetic: n must be a whole number of at least 1, not 10.5"),
        ({"targets": "two"}, "synthetic: targets must be a whole number of at least 1, not 'two'"),
        ({"condition": 0.5}, "synthetic: condition must lie between 1 and 1e+18, not 0.5"),
        ({"condition": 1e19}, "synthetic: condition must lie between 1 and 1e+18, not 1e+19"),
        ({"condition": float("nan")}, "synthetic: condition must lie between 1 and 1e+18, not nan"),
        ({"noise": -1}, "synthetic: noise must be a finite number of at least 0, not -1"),
        ({"noise": float("inf")}, "synthetic: noise must be a finite number of at least 0, not inf"),
    ],
)
def test_what_cannot_be_generated_is_one_line(params, message):
    with pytest.raises(ProblemError) as caught:
        synthetic(0, **params)
    assert str(caught.value) == message


@pytest.mark.parametrize("data_seed", [-(2**63), -1, 2**64 - 1])
def test_every_seed_that_torch_takes_draws_data(data_seed):
    assert synthetic(0, n=9, d=2, data_seed=data_seed).n_rows == 9
