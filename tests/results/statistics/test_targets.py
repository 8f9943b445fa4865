"""Runs judged at other targets, against the definition transcribed and against runs that had those targets."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Record, Status, Theory, Trajectory, compare
from linbench.core.criteria import noise_floor
from linbench.core.outcome.record import Ending
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.targets import TARGETS, at_targets
from linbench.results.statistics.times import time_table

THEORY = Theory(((1.0,),), (0.0,), 0.0, 100.0, (0.5, 2.0), 2, 4, 1, 1)
"""Optimum cost 0, scale 100; float64 resolves every target above 1e-30."""


def record_of(costs, recorded=None, **fields):
    recorded = list(range(len(costs))) if recorded is None else recorded
    ordinary = {
        "key": "k",
        "problem": "p",
        "model": "linear",
        "optimizer": "sgd",
        "params": {"lr": 0.1},
        "device": "cpu",
        "dtype": "float64",
        "seed": 0,
        "epochs": recorded[-1],
        "batch_size": None,
        "target": 1e-20,
        "engine": "serial",
        "status": Status.BUDGET,
        "reason": "so it ended",
        "epochs_run": recorded[-1],
        "optimum_cost": 0.0,
        "theory": THEORY,
        "trajectory": Trajectory(recorded, costs),
    }
    return Record(**{**ordinary, **fields})


COSTS = st.lists(st.floats(1e-12, 1e3) | st.sampled_from([10.0, 1.0, 0.1, math.inf, math.nan]), min_size=1, max_size=40)


@given(COSTS, st.sampled_from(TARGETS))
def test_the_first_recorded_epoch_at_or_below_the_target_counts(costs, target):
    (judged,) = at_targets([record_of(costs)], [target])
    expected = None
    for epoch, cost in enumerate(costs):
        if (cost - 0.0) <= target * 100.0:
            expected = epoch
            break
    assert judged.target == target
    assert judged.epochs_to_target == expected
    assert judged.status is (Status.BUDGET if expected is None else Status.CONVERGED)
    assert judged.reason == ("so it ended" if expected is None else None)


@given(COSTS, st.sets(st.integers(0, 39)), st.sampled_from(TARGETS))
def test_a_thinned_trajectory_gives_an_upper_bound(costs, chosen, target):
    kept = sorted({0, len(costs) - 1} | {i for i in chosen if i < len(costs)})
    (whole,) = at_targets([record_of(costs)], [target])
    (thinned,) = at_targets([record_of([costs[i] for i in kept], kept)], [target])
    if thinned.epochs_to_target is not None:
        assert whole.epochs_to_target <= thinned.epochs_to_target


@given(COSTS)
def test_a_harder_target_is_never_reached_earlier(costs):
    judged = at_targets([record_of(costs)])
    reached = [math.inf if one.epochs_to_target is None else one.epochs_to_target for one in judged]
    assert [one.target for one in judged] == list(TARGETS)
    assert reached == sorted(reached)


@pytest.mark.parametrize("target", [1e-1, 1e-2, 1e-4])
def test_judging_again_is_as_running_with_that_target(target):
    settings = {"models": "manual", "epochs": 400, "timing": False, "dtype": "float64", "trajectories": True}
    optimizers = "sgd:lr=0.05,adam:lr=0.5,sgd:lr=0.11,sgd:lr=1"
    judged = at_targets(compare(optimizers, target=1e-9, **settings).records, [target])
    for one, other in zip(judged, compare(optimizers, target=target, **settings).records, strict=True):
        assert repr(one) == repr(replace(other, key=one.key))  # equal, NaN included


def test_a_run_that_arrived_at_an_easier_target_may_have_stalled_above_this_one():
    costs = [100.0, *[1.0] * 100]
    arrived = {"target": 1e-1, "status": Status.CONVERGED, "epochs_to_target": 1}
    (judged,) = at_targets([record_of(costs, ending=Ending.STILL, best_epoch=1, **arrived)], [1e-3])
    assert (judged.status, judged.reason) == (Status.STALLED, "the best cost was reached at epoch 1 of 100")
    (moving,) = at_targets([record_of(costs, ending=Ending.SWINGING, best_epoch=1, **arrived)], [1e-3])
    assert (moving.status, moving.reason) == (Status.BUDGET, "100 epochs used up before the target")


def test_a_run_that_diverged_reached_no_target():
    diverged = record_of([100.0, 1e-3, math.inf], status=Status.DIVERGED)
    assert {one.status for one in at_targets([diverged])} == {Status.DIVERGED}


def test_targets_that_the_dtype_does_not_resolve_are_left_out_but_for_the_runs_own():
    coarse = replace(THEORY, optimum_cost=50.0, zero_cost=150.0)
    costs = [150.0, 51.0, 50.0]
    record = record_of(costs, dtype="float32", optimum_cost=50.0, theory=coarse, target=1e-9)
    floor = noise_floor(coarse, 2.0**-23) / 100
    assert [one.target for one in at_targets([record])] == [*[t for t in TARGETS if t > floor], 1e-9]
    assert at_targets([record], [1e-9]) == [record]


def test_a_target_that_one_run_of_a_setting_does_not_tell_is_left_out_for_all():
    stopped = record_of([100.0, 1.0], target=1e-2, status=Status.CONVERGED, epochs_to_target=1, epochs=9)
    going_on = record_of([100.0, 1.0, 1e-5], seed=1, epochs=9)
    assert {one.target for one in at_targets([stopped, going_on])} == {1e-1, 1e-2}
    elsewhere = replace(going_on, problem="q")
    assert len(at_targets([stopped, elsewhere])) == 2 + len(TARGETS)


@pytest.mark.parametrize("missing", ["theory", "trajectory"])
def test_without_costs_or_theory_nothing_is_told(missing):
    assert at_targets([replace(record_of([100.0, 1.0]), **{missing: None})]) == []


def test_failures_miss_every_target_and_skipped_runs_stay_skipped():
    lost = {"trajectory": None, "theory": None, "reason": "r"}
    good = record_of([100.0, 1.0], recorded=[0, 5])
    error = replace(good, optimizer="bad", status=Status.ERROR, **lost)
    skipped = replace(good, optimizer="worse", status=Status.SKIPPED, **lost)
    table = time_table(group_runs(at_targets([good, error], [1e-1, 1e-2, 1e-3])))
    assert table.times == [[5, math.inf], [5, math.inf], [math.inf, math.inf]]
    assert [one.status for one in at_targets([good, skipped], [1e-1])] == [Status.CONVERGED, Status.SKIPPED]
    assert at_targets([error, skipped]) == []
