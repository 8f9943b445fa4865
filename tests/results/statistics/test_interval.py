"""Intervals against scipy, against each other, and against distributions whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from linbench.results.statistics.interval import (
    FEWEST,
    RESAMPLES,
    Interval,
    percentile_interval,
    proportion_interval,
    resample_sums,
)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proportion_has_the_interval_that_scipy_gives(counts):
    successes, runs = counts
    expected = stats.binomtest(successes, runs).proportion_ci(0.95, "exact")
    found = proportion_interval(successes, runs)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-7)


@pytest.mark.parametrize("runs", [1, 5, 20])
def test_no_success_leaves_room_for_some_and_all_for_failures(runs):
    assert proportion_interval(0, runs) == Interval(0.0, pytest.approx(1 - 0.025 ** (1 / runs)))
    assert proportion_interval(runs, runs) == Interval(pytest.approx(0.025 ** (1 / runs)), 1.0)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
def test_a_proportion_lies_in_its_interval_at_least_as_often_as_it_says(rate):
    hits = (stats.binom.pmf(k, 20, rate) for k in range(21) if rate in proportion_interval(k, 20))
    assert sum(hits) >= 0.95


@pytest.mark.parametrize("counts", [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_proportion_is_refused(counts):
    with pytest.raises(ValueError, match="are no proportion"):
        proportion_interval(*counts)


def test_sums_are_those_of_rows_drawn_whole():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    sums = resample_sums(values, seed=0)
    assert sums.shape == (RESAMPLES, 2)
    assert (sums[:, 1] == 10 * sums[:, 0]).all()
    assert set(sums[:, 0]) == set(range(3, 10))
    assert sums[:, 0].mean() == pytest.approx(6, abs=0.1)
    assert np.bincount(sums[:, 0].astype(int))[3] / RESAMPLES == pytest.approx(1 / 27, abs=0.01)


def test_resampling_repeats_itself_for_the_same_seed_only():
    values = np.arange(50.0)[:, None]
    assert (resample_sums(values, 3) == resample_sums(values, 3)).all()
    assert (resample_sums(values, 3) != resample_sums(values, 4)).any()


def test_many_observations_are_drawn_in_blocks_of_the_same_kind():
    sums = resample_sums(np.ones((3000, 1)), 0, resamples=1000)
    assert sums.shape == (1000, 1)
    assert (sums == 3000).all()


@pytest.mark.parametrize("n", [5, 8, 30, 200])
def test_the_interval_is_scipys_at_the_expanded_level(n):
    sample = np.random.default_rng(n).lognormal(size=n)
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    ours = resample_sums(sample[:, None], 0)[:, 0] / n
    found = percentile_interval(ours, ours, n)
    scipys = stats.bootstrap(
        (sample,), np.mean, confidence_level=1 - 2 * tail, n_resamples=50_000, method="percentile", rng=1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(scipys), rel=0.06)
    assert tail < 0.025


def test_infinite_resamples_stay_infinite_and_do_no_harm():
    statistic = np.concatenate([np.full(2000, math.inf), np.linspace(1, 2, 7999)])
    interval = percentile_interval(statistic, statistic, 100)
    assert interval.low == pytest.approx(1.03, abs=0.02)
    assert interval.high == math.inf


def test_too_few_observations_have_no_interval():
    with pytest.raises(ValueError, match="from 4 observations: at least 5"):
        percentile_interval(np.ones(9), np.ones(9), FEWEST - 1)


@pytest.mark.parametrize(("n", "least"), [(5, 0.87), (10, 0.9), (30, 0.91)])
def test_the_mean_of_a_normal_lies_in_its_interval_about_as_often_as_it_says(n, least):
    rng, hits = np.random.default_rng(0), 0
    for trial in range(400):
        sample = rng.normal(7.0, 2.0, n)
        means = resample_sums(sample[:, None], trial, resamples=1999)[:, 0] / n
        hits += 7.0 in percentile_interval(means, means, n)
    assert least <= hits / 400 <= 0.985
