"""What cost curves show, against numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Status, Theory, Trajectory
from linbench.results.report.curves import cost_figures, gap_curve

THEORY = Theory(((1.0,),), (0.0,), 1.0, 101.0, (0.5, 2.0), 2, 4, 1, 1)
"""Relative gap = (cost − 1)/100."""


@given(
    runs=st.lists(st.lists(st.floats(1, 1e4) | st.just(math.inf), min_size=6, max_size=6), min_size=1, max_size=5),
)
def test_a_curve_is_median_minimum_and_maximum_over_seeds(make_record, runs):
    records = [
        make_record(seed=seed, theory=THEORY, trajectory=Trajectory(range(6), costs)) for seed, costs in enumerate(runs)
    ]
    found = gap_curve("sgd", records)
    gaps = (np.array(runs) - 1) / 100
    with np.errstate(invalid="ignore"):
        assert found.median == pytest.approx(np.nan_to_num(np.median(gaps, axis=0), nan=np.inf, posinf=np.inf))
    assert found.low == pytest.approx(gaps.min(0))
    assert found.high == pytest.approx(gaps.max(0))
    assert (found.epoch, found.seeds) == (list(range(6)), len(runs))


def test_between_recorded_epochs_and_after_the_last_a_run_is_as_it_was(make_record):
    one = make_record(theory=THEORY, trajectory=Trajectory([0, 2], [101.0, 11.0]))
    other = make_record(seed=1, theory=THEORY, trajectory=Trajectory([0, 1, 3], [101.0, 51.0, 2.0]))
    found = gap_curve("sgd", [one, other])
    assert found.epoch == [0, 1, 2, 3]
    assert found.high == pytest.approx([1, 1, 0.5, 0.1])
    assert found.low == pytest.approx([1, 0.5, 0.1, 0.01])


def test_a_cost_that_is_no_number_counts_as_infinite(make_record):
    found = gap_curve("sgd", [make_record(theory=THEORY, trajectory=Trajectory([0, 1], [101.0, math.nan]))])
    assert found.median == [1.0, math.inf]


def test_long_trajectories_are_drawn_with_a_few_hundred_points(make_record):
    costs = [1 + 100 * 0.999**k for k in range(20_001)]
    found = gap_curve("sgd", [make_record(theory=THEORY, trajectory=Trajectory(range(20_001), costs))])
    assert len(found.epoch) <= 301
    assert (found.epoch[0], found.epoch[-1]) == (0, 20_000)


def test_there_is_a_figure_for_each_setting_and_none_without_costs_or_theory(make_record):
    trajectory = Trajectory([0, 1, 2000], [101.0, 51.0, 1.5])
    records = [
        make_record(theory=THEORY, trajectory=trajectory),
        make_record(theory=THEORY, trajectory=trajectory, problem="other"),
        make_record(theory=THEORY, problem="no costs"),
        make_record(trajectory=trajectory, problem="no theory"),
        make_record(status=Status.ERROR),
    ]
    figures = cost_figures(records, {"sgd:lr=0.01": 0})
    assert [("<h3>study" in one, "<h3>other" in one) for one in figures] == [(True, False), (False, True)]
    assert cost_figures(records[2:], {"sgd:lr=0.01": 0}) == []


def test_the_table_says_what_lies_below_the_noise_floor(make_record):
    record = make_record(theory=THEORY, trajectory=Trajectory([0, 1, 10], [101.0, 51.0, 1.0 - 1e-9]), epochs=10)
    (figure,) = cost_figures([record], {"sgd:lr=0.01": 0})
    assert "<td>1.0</td><td>0.50</td><td>&lt; " in figure
