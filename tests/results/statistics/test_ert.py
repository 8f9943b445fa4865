"""Expected running times against the definition, closed forms, and a distribution whose truth is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Status
from linbench.results.statistics.ert import expected_running_time, pair_by_seed, running_time, running_time_ratio
from linbench.results.statistics.run_group import RunGroup, group_runs

EPOCHS = st.lists(st.none() | st.integers(1, 1000), min_size=1, max_size=12)


@given(EPOCHS)
def test_expected_running_time_is_what_all_runs_spent_over_the_number_of_successes(make_group, epochs):
    spent, successes = 0, 0
    for reached in epochs:
        if reached is None:
            spent += 1000
        else:
            spent, successes = spent + reached, successes + 1
    assert expected_running_time(make_group(epochs)) == (spent / successes if successes else math.inf)


@given(EPOCHS.filter(lambda epochs: set(epochs) != {None}))
def test_expected_running_time_is_that_of_a_success_and_of_the_failures_before_it(make_group, epochs):
    """COCO's other form: mean time of successes + (1 − p)/p · mean time of failures."""
    arrived = [reached for reached in epochs if reached is not None]
    rate = len(arrived) / len(epochs)
    expected = sum(arrived) / len(arrived) + (1 - rate) / rate * 1000
    assert expected_running_time(make_group(epochs)) == pytest.approx(expected)


def test_errors_cost_their_budget_and_skipped_runs_nothing(make_record):
    records = [
        make_record(seed=0, status=Status.CONVERGED, epochs_to_target=100),
        make_record(seed=1, status=Status.ERROR, epochs_run=0, evaluations=0),
        make_record(seed=2, status=Status.SKIPPED),
    ]
    assert expected_running_time(*group_runs(records)) == 2100
    assert expected_running_time(*group_runs(records[2:])) == math.inf


def test_evaluations_are_counted_where_they_are_known(make_group):
    group = make_group([10, 30, None])
    assert expected_running_time(group, "evaluations") == expected_running_time(group)
    line_search = RunGroup(group.setting, "lbfgs", [replace(run, evaluations=7777) for run in group.attempts])
    with pytest.raises(ValueError, match="use epochs"):
        expected_running_time(line_search, "evaluations")


def test_an_interval_holds_the_estimate_and_is_the_same_every_time(make_group):
    group = make_group([100, 200, 400, 800, None, 300])
    estimate = running_time(group)
    assert estimate.value in estimate.interval
    assert estimate == running_time(group)
    assert estimate.interval.low >= 100
    assert estimate.note is None


def test_resamples_without_success_make_the_upper_end_infinite(make_group):
    assert running_time(make_group([100, None, None, None, None, None])).interval.high == math.inf
    assert math.isfinite(running_time(make_group([100, 200] * 20 + [None])).interval.high)


@pytest.mark.parametrize(
    ("epochs", "same_start", "note"),
    [
        ([100], False, "fewer than 5 seeds"),
        ([100, 110, 120, 130], False, "fewer than 5 seeds"),
        ([None] * 6, False, "no run reached the target"),
        ([100] * 6, False, "all runs took equally long"),
        ([100] * 6, True, "every seed gave the same run"),
        ([100] * 2, True, "every seed gave the same run"),
    ],
)
def test_there_is_no_interval_where_the_runs_do_not_vary_or_are_too_few(make_group, epochs, same_start, note):
    estimate = running_time(make_group(epochs, same_start=same_start))
    assert (estimate.interval, estimate.note) == (None, note)


def test_an_interval_without_failures_says_that_it_counts_on_none(make_group):
    estimate = running_time(make_group([10, 20, 30, 40, 50]))
    assert estimate.interval is not None
    assert estimate.note.startswith("no run failed")


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_the_truth_lies_in_the_interval_about_as_often_as_it_says(make_group, rate):
    rng, hits, trials = np.random.default_rng(0), 0, 150
    truth = 300 + (1 - rate) / rate * 1000
    for _ in range(trials):
        times, arrives = rng.integers(100, 501, 30).tolist(), rng.random(30) < rate
        group = make_group([time if there else None for time, there in zip(times, arrives, strict=True)])
        hits += truth in running_time(group).interval
    assert 0.88 <= hits / trials <= 0.995


def test_a_ratio_is_that_of_the_two_on_shared_seeds(make_group):
    first = make_group([10, 20, 30, None, 99], seeds=[0, 1, 2, 3, 9])
    second = make_group([40, 40, None, 80, 7], seeds=[0, 1, 2, 3, 8])
    assert [(a.seed, b.seed) for a, b in pair_by_seed(first, second)] == [(seed, seed) for seed in range(4)]
    assert running_time_ratio(first, second).value == pytest.approx((1060 / 3) / (1160 / 3))


@given(st.lists(st.tuples(st.none() | st.integers(1, 999), st.none() | st.integers(1, 999)), min_size=5, max_size=9))
def test_a_ratios_interval_turned_round_is_that_of_the_other_order(make_group, pairs):
    one, other = (make_group(list(side)) for side in zip(*pairs, strict=True))
    forth, back = running_time_ratio(one, other), running_time_ratio(other, one)
    assert (forth.interval is None) == (back.interval is None)
    if forth.interval is not None:
        assert forth.value in forth.interval
        inverse = [math.inf if end == 0 else 1 / end for end in (back.interval.high, back.interval.low)]
        assert (forth.interval.low, forth.interval.high) == pytest.approx(tuple(inverse))


@pytest.mark.parametrize(
    ("first", "second", "value", "note"),
    [
        ([None] * 5, [None] * 5, math.nan, "neither reached the target"),
        ([5], [10], 0.5, "fewer than 5 seeds"),
        ([5] * 5, [10] * 5, 0.5, "all runs took equally long"),
        ([5] * 5, [None] * 5, 0.0, "all runs took equally long"),
        ([None] * 5, [5] * 5, math.inf, "all runs took equally long"),
    ],
)
def test_a_ratio_without_an_interval_says_why(make_group, first, second, value, note):
    estimate = running_time_ratio(make_group(first), make_group(second))
    assert estimate.value == pytest.approx(value, nan_ok=True)
    assert (estimate.interval, estimate.note) == (None, note)
