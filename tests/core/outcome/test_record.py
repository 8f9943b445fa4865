"""Records are plain data: their JSON has every key, and their curves keep what matters when thinned."""

import json
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linbench import Status, StepTime, Theory, Trajectory
from linbench.core.outcome.record import TRAINED

THEORY = Theory(((1.0,),), (0.0,), 1.0, 3.0, (1.0, 2.0), 2, 10, 1, 1)

KEYS = [
    *("key", "problem", "model", "optimizer", "params", "device", "dtype", "seed", "epochs", "batch_size", "target"),
    *("engine", "status", "reason", "epochs_run", "epochs_to_target", "evaluations", "initial_cost", "final_cost"),
    *("best_cost", "optimum_cost", "gap", "relative_gap", "parameters", "prediction", "warnings", "step_time_us"),
    "time_to_target_s",
    *("lr_is_default", "best_epoch", "ending", "evaluations_to_target", "tail_gap", "rounding", "ridge_relative_gap"),
    *("initial_gap_parts", "rules"),
]


def curve(count):
    return Trajectory(range(count), [1000.0 - epoch for epoch in range(count)])


@given(
    st.integers(2, 5000).flatmap(lambda count: st.tuples(st.just(count), st.none() | st.integers(0, count - 1))),
    st.integers(0, 8) | st.integers(0, 300),
)
@example((2001, 777), 3)
def test_a_thinned_curve_keeps_its_ends_and_the_crossing_and_no_more_points_than_asked_for(count_and_crossing, points):
    count, crossing = count_and_crossing
    thin = curve(count).thinned(points, crossing)
    assert len(thin.epoch) == len(thin.cost) <= max(points, 3)
    assert {0, count - 1} <= set(thin.epoch)
    assert crossing is None or crossing in thin.epoch
    assert sorted(set(thin.epoch)) == list(thin.epoch)
    assert [1000.0 - epoch for epoch in thin.epoch] == list(thin.cost)


@given(st.integers(2, 100), st.integers(0, 50), st.none() | st.integers(0, 1))
def test_a_curve_that_is_short_enough_is_kept_whole(count, more, crossing):
    assert list(curve(count).thinned(max(count + more, 3), crossing).epoch) == list(range(count))


@pytest.mark.parametrize("points", [20, 100, 400])
def test_a_thinned_curve_is_log_spaced(points):
    epochs = np.array(curve(100_001).thinned(points, 777).epoch)
    ratios = np.diff(np.log(epochs + 1))
    assert ratios.max() <= 1.01 * max(np.log(100_001) / (points - 3), np.log(2))
    per_decade = np.histogram(epochs, [10**power for power in range(2, 6)])[0]
    assert per_decade == pytest.approx([(points - 3) / 5] * 3, abs=2)


def test_the_json_record_has_every_key_whatever_became_of_the_case(make_record):
    full = make_record(trajectory=curve(3), prediction=[1.0], step_time=StepTime(1.0, 0.1))
    bare = make_record(status=Status.SKIPPED, weight=None, bias=None, gap=None, final_cost=None)
    assert list(bare.to_dict()) == KEYS
    assert list(full.to_dict()) == [*KEYS, "trajectory"]
    assert bare.to_dict()["parameters"] == {"W": None, "b": None}
    assert full.to_dict()["trajectory"] == {"epoch": [0, 1, 2], "cost": [1000.0, 999.0, 998.0]}
    assert full.to_dict()["step_time_us"] == {"median": 1.0, "iqr": 0.1}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_null_at_any_depth(make_record, value):
    record = make_record(
        final_cost=value,
        weight=[[1.0, value]],
        prediction=[value],
        params={"lr": value, "betas": [0.9, value]},
        step_time=StepTime(1.0, value),
        trajectory=Trajectory([0, 1], [1.0, value]),
    )
    content = json.loads(json.dumps(record.to_dict(), allow_nan=False))
    assert content["final_cost"] is None
    assert content["parameters"]["W"] == [[1.0, None]]
    assert content["prediction"] == [None]
    assert content["params"] == {"lr": None, "betas": [0.9, None]}
    assert content["step_time_us"] == {"median": 1.0, "iqr": None}
    assert content["trajectory"]["cost"] == [1.0, None]
    assert repr(record.final_cost) == repr(value)


@pytest.mark.parametrize(
    ("batch_size", "steps"),
    [(None, 1), (10, 1), (100, 1), (9, 2), (5, 2), (4, 3), (1, 10)],
)
def test_time_to_target_is_epochs_times_updates_per_epoch_times_median_step_time(make_record, batch_size, steps):
    record = make_record(epochs_to_target=200, step_time=StepTime(50.0, 5.0), batch_size=batch_size, theory=THEORY)
    assert record.steps_per_epoch == steps
    assert record.time_to_target == pytest.approx(200 * steps * 50e-6)
    assert record.to_dict()["time_to_target_s"] == record.time_to_target


@pytest.mark.parametrize("missing", [{"epochs_to_target": None}, {"step_time": None}])
def test_without_a_target_reached_or_a_step_time_there_is_no_time_to_target(make_record, missing):
    fields = {"epochs_to_target": 200, "step_time": StepTime(50.0, 5.0), **missing}
    assert make_record(**fields).time_to_target is None


def test_reaching_the_target_at_once_takes_no_time(make_record):
    assert make_record(epochs_to_target=0, step_time=StepTime(50.0, 5.0)).time_to_target == 0.0


def test_statuses_are_the_words_of_the_json_contract():
    words = ["converged", "budget", "stalled", "diverged", "error", "skipped"]
    assert [str(status) for status in Status] == words
    assert {str(status) for status in TRAINED} == {"converged", "budget", "stalled", "diverged"}
