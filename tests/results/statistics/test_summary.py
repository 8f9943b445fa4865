"""A group in numbers: nothing that failed is left out of them."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Status
from linbench.results.statistics.interval import proportion_interval
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.summary import Quantiles, quantiles, summarize

EPOCHS = st.lists(st.none() | st.integers(0, 1000), min_size=1, max_size=12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_quantiles_are_numpys(values):
    found = quantiles(values)
    expected = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    got = [found.minimum, found.lower_quartile, found.median, found.upper_quartile, found.maximum]
    assert got == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-9)


@given(EPOCHS)
def test_failures_are_infinite_in_the_median_over_all_runs(make_group, epochs):
    summary = summarize(make_group(epochs))
    median = statistics.median(math.inf if reached is None else reached for reached in epochs)
    assert summary.epochs.median == (None if math.isinf(median) else median)
    assert (summary.epochs.median is None) == (2 * epochs.count(None) >= len(epochs))
    assert (summary.epochs.maximum is None) == (None in epochs)
    assert (summary.epochs.minimum is None) == (set(epochs) == {None})
    assert (summary.runs, summary.reached) == (len(epochs), len(epochs) - epochs.count(None))


def test_a_missing_gap_and_one_that_is_not_a_number_are_infinitely_bad():
    assert quantiles([1.0, None, math.nan]) == Quantiles(1.0, None, None, None, None)
    assert quantiles([1.0, 2.0, math.nan]).median == 2.0
    assert quantiles([]) == Quantiles()


def test_every_status_is_counted_and_the_rate_is_of_all_that_ran(make_record):
    statuses = [Status.CONVERGED, Status.DIVERGED, Status.ERROR, Status.SKIPPED, Status.DIVERGED]
    (group,) = group_runs(
        [
            make_record(seed=seed, status=status, epochs_to_target=5, initial_cost=float(seed))
            for seed, status in enumerate(statuses)
        ]
    )
    summary = summarize(group)
    assert summary.statuses == {Status.CONVERGED: 1, Status.DIVERGED: 2, Status.ERROR: 1, Status.SKIPPED: 1}
    assert (summary.runs, summary.reached, summary.success_rate) == (4, 1, 0.25)
    assert summary.success_interval == proportion_interval(1, 4)


def test_what_was_skipped_only_has_no_rate(make_record):
    summary = summarize(group_runs([make_record(status=Status.SKIPPED)])[0])
    assert (summary.runs, summary.success_rate, summary.success_interval) == (0, None, None)


def test_one_run_from_every_seed_repeats_nothing_and_has_no_interval(make_group):
    assert summarize(make_group([5] * 20, same_start=True)).success_interval is None
    assert summarize(make_group([5] * 20)).success_interval == proportion_interval(20, 20)
