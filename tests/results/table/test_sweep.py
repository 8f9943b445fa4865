"""A large sweep is told by its best, its median, and how far the best lr reaches."""

import math
import statistics

import pytest

from linbench import Status
from linbench.results.table.rows import rows_of
from linbench.results.table.sweep import fold


@pytest.fixture
def swept(make_record):
    """One sweep: lr → epochs to target, None for a run that used up its budget with the gap that `gaps` names."""

    def make(epochs_by_lr, gaps=None, **params):
        records = [
            make_record(
                params={"lr": lr, **params},
                status=Status.BUDGET if epochs is None else Status.CONVERGED,
                epochs_to_target=epochs,
                gap=(gaps or {}).get(lr, 1.0),
            )
            for lr, epochs in epochs_by_lr.items()
        ]
        (sweep,) = fold(rows_of(records))
        return sweep

    return make


def test_there_is_one_sweep_for_each_problem_device_optimizer_and_model(make_record):
    variants = [{}, {"problem": "other"}, {"device": "cuda:0"}, {"optimizer": "adam"}, {"model": "linear"}]
    records = [make_record(params={"lr": lr}, **fields) for fields in variants for lr in (0.1, 0.2, 0.3)]
    assert [sweep.runs for sweep in fold(rows_of(records))] == [3] * len(variants)


def test_the_best_comes_first_and_runs_are_counted_by_status_over_all_seeds(make_record):
    records = [
        make_record(params={"lr": lr}, seed=seed, status=status, epochs_to_target=epochs, gap=1.0)
        for lr, status, epochs in [
            (0.1, Status.BUDGET, None),
            (0.2, Status.CONVERGED, 90),
            (0.3, Status.CONVERGED, 30),
            (0.4, Status.DIVERGED, None),
        ]
        for seed in (0, 1)
    ]
    (sweep,) = fold(rows_of(records))
    assert sweep.best_params == "lr=0.3"
    assert sweep.runs == 8
    assert {status: sweep.count(status) for status in Status if sweep.count(status)} == {
        "budget": 2,
        "converged": 4,
        "diverged": 2,
    }


def test_the_medians_are_over_all_rows_and_a_run_that_did_not_arrive_is_infinitely_slow(swept):
    epochs = {0.1: 100, 0.2: 60, 0.3: 40, 0.4: None, 0.5: None}
    gaps = {0.1: 5.0, 0.2: 4.0, 0.3: 3.0, 0.4: 2.0, 0.5: 1.0}
    sweep = swept(epochs, gaps)
    assert sweep.median_epochs == statistics.median([100, 60, 40, math.inf, math.inf]) == 100
    assert sweep.median_gap == 3.0


def test_the_label_has_what_is_shared_and_the_best_has_what_was_swept(make_record):
    records = [
        make_record(params={"lr": lr, "momentum": 0.9, "nesterov": nesterov}, gap=lr)
        for lr in (0.1, 0.2)
        for nesterov in (True, False)
    ]
    (sweep,) = fold(rows_of(records))
    assert sweep.label == "sgd:momentum=0.9"
    assert sweep.best_params == "lr=0.1,nesterov=True"


@pytest.mark.parametrize(
    ("epochs_by_lr", "reach"),
    [
        ({0.1: 100, 0.2: 50, 0.3: 30, 0.4: 60, 0.5: 61}, (0.2, 0.4)),
        ({0.1: 30, 0.2: 60}, (0.1, 0.2)),
        ({0.1: 61, 0.2: 30}, (0.2, 0.2)),
        ({0.1: 40, 0.2: None, 0.3: 30, 0.4: 40}, (0.3, 0.4)),
        ({0.3: 30, 0.1: 50, 0.2: 40}, (0.1, 0.3)),
        ({0.1: 30}, None),
    ],
)
def test_the_lrs_around_the_best_that_need_at_most_twice_its_epochs(swept, epochs_by_lr, reach):
    assert swept(epochs_by_lr).lr_within_2x == reach


def test_where_no_run_arrives_the_gap_decides(swept):
    gaps = {0.1: 9.0, 0.2: 4.0, 0.3: 2.0, 0.4: 4.1, 0.5: math.inf}
    assert swept(dict.fromkeys(gaps), gaps).lr_within_2x == (0.2, 0.3)


@pytest.mark.parametrize("gap", [math.inf, math.nan, None])
def test_where_every_run_diverges_no_lr_is_near_the_best(swept, gap):
    assert swept({0.1: None, 0.2: None}, {0.1: gap, 0.2: gap}).lr_within_2x is None


def test_other_parameters_are_held_at_the_bests_values(make_record):
    epochs = {(0.1, 0.0): 20, (0.2, 0.0): 100, (0.3, 0.0): 21, (0.1, 0.9): 10, (0.2, 0.9): 15, (0.3, 0.9): 50}
    records = [
        make_record(params={"lr": lr, "momentum": m}, status=Status.CONVERGED, epochs_to_target=reached)
        for (lr, m), reached in epochs.items()
    ]
    (sweep,) = fold(rows_of(records))
    assert sweep.best_params == "lr=0.1,momentum=0.9"
    assert sweep.lr_within_2x == (0.1, 0.2)


@pytest.mark.parametrize("params", [{"momentum": 0.5}, {"lr": "tensor(0.1)"}])
def test_where_the_lr_is_no_number_there_is_no_range_of_it(make_record, params):
    records = [make_record(params={**params, "weight_decay": decay}, gap=1.0) for decay in (0.1, 0.2)]
    (sweep,) = fold(rows_of(records))
    assert sweep.lr_within_2x is None
