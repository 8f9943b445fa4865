"""Records become groups of runs over seeds, and none of them is lost."""

import math
from dataclasses import replace

import pytest

from linbench import Status
from linbench.core.problem.closed_form import Theory
from linbench.results.statistics.run_group import Attempt, by_setting, group_runs

THEORY = Theory(((1.0,),), (0.0,), 1.0, 11.0, (1.0, 2.0), 2, 10, 1, 1)


def test_seeds_are_folded_and_nothing_else_is(make_record):
    variants = [
        {},
        {"problem": "diabetes"},
        {"model": "linear"},
        {"optimizer": "adam"},
        {"params": {"lr": 0.02}},
        {"device": "cuda:0"},
        {"dtype": "float64"},
        {"batch_size": 2},
        {"target": 1e-3},
        {"epochs": 10},
    ]
    records = [make_record(seed=seed, **fields) for seed in range(3) for fields in variants]
    groups = group_runs(records)
    assert [len(group.attempts) for group in groups] == [3] * len(variants)
    assert [group.setting.problem for group in groups[:3]] == ["study-hours", "diabetes", "study-hours"]
    assert groups[0].optimizer == "sgd:lr=0.01"


def test_what_may_be_compared_shares_all_but_the_optimizer(make_record):
    records = [
        make_record(optimizer=name, params={"lr": lr}, target=target)
        for target in (1e-3, 1e-6)
        for name in ("sgd", "adam")
        for lr in (0.1, 1.0)
    ]
    settings = by_setting(group_runs(records))
    assert [setting.target for setting in settings] == [1e-3, 1e-6]
    assert [[group.optimizer for group in groups] for groups in settings.values()] == [
        ["sgd:lr=0.1", "sgd:lr=1.0", "adam:lr=0.1", "adam:lr=1.0"]
    ] * 2


def test_errors_are_runs_and_skipped_records_are_shown_only(make_record):
    statuses = [Status.ERROR, Status.SKIPPED, Status.DIVERGED, Status.SKIPPED]
    (group,) = group_runs([make_record(seed=seed, status=status) for seed, status in enumerate(statuses)])
    assert len(group.attempts) == 4
    assert [run.status for run in group.runs] == [Status.ERROR, Status.DIVERGED]
    assert (group.count(Status.SKIPPED), group.count(Status.ERROR), group.reached) == (2, 1, 0)


def test_a_seed_that_comes_again_is_counted_and_no_further_evidence(make_record):
    runs = [(0, 5), (0, 9), (1, 7)]
    records = [make_record(seed=seed, epochs_to_target=epochs, status=Status.CONVERGED) for seed, epochs in runs]
    (group,) = group_runs(records)
    assert [run.time for run in group.runs] == [5, 7]
    assert group.repeated == 1


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CONVERGED])
def test_a_run_that_does_not_end_at_the_target_takes_forever_and_its_whole_budget(status):
    run = Attempt(0, status, budget=100, epochs_run=30, epochs_to_target=7)
    assert (run.reached, run.time, run.epochs_spent) == (False, math.inf, 100)


def test_ending_a_run_early_changes_nothing_of_what_it_spent():
    whole = Attempt(0, Status.CONVERGED, 100, epochs_run=100, epochs_to_target=7, evaluations=300, steps_per_epoch=3)
    early = replace(whole, epochs_run=50, evaluations=150)
    assert (whole.epochs_spent, whole.evaluations_spent) == (early.epochs_spent, early.evaluations_spent) == (7, 21)
    failed = replace(early, status=Status.STALLED, epochs_to_target=None)
    assert (failed.epochs_spent, failed.evaluations_spent) == (100, 300)


def test_evaluations_that_vary_from_step_to_step_are_known_for_whole_runs_only():
    whole = Attempt(0, Status.BUDGET, 100, epochs_run=100, evaluations=1234)
    assert whole.evaluations_spent == 1234
    assert replace(whole, status=Status.CONVERGED, epochs_to_target=7).evaluations_spent is None
    assert replace(whole, epochs_run=50).evaluations_spent is None


def test_seeds_that_all_give_one_run_are_found_out(make_record):
    def same(*runs):
        (group,) = group_runs([make_record(seed=seed, **fields) for seed, fields in enumerate(runs)])
        return group.same_for_all_seeds

    assert same({}, {}, {})
    assert same({"final_cost": math.nan}, {"final_cost": math.nan})
    assert not same({})
    assert not same({}, {"initial_cost": 1.0})
    assert not same({}, {"final_cost": 1.0})
    assert not same({"gap": 0.25}, {"gap": 0.5})
    lost = {"status": Status.DIVERGED, "final_cost": math.nan, "gap": math.nan}
    assert same({**lost, "theory": THEORY}, {**lost, "theory": THEORY})
    batches = {"batch_size": 2, "theory": THEORY}
    assert same(batches, batches)
    assert not same({**lost, **batches}, {**lost, **batches})
    assert not same({**lost, "theory": THEORY}, {**lost, "theory": replace(THEORY, zero_cost=12.0)})
    failed = {"status": Status.ERROR, "initial_cost": None, "final_cost": None}
    assert not same(failed, failed)
