"""Records that differ in the seed only are one row, and the best row comes first."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Status
from linbench.core.request.spec import parse_specs
from linbench.results.table.rows import optimizer_label, rows_of


def seeds(make_record, *epochs, **fields):
    """One record per seed: converged at that epoch, or not at all for None."""
    return [
        make_record(
            seed=seed,
            epochs_to_target=reached,
            status=Status.BUDGET if reached is None else Status.CONVERGED,
            gap=1e-3 * (seed + 1),
            **fields,
        )
        for seed, reached in enumerate(epochs)
    ]


def test_seeds_fold_and_nothing_else_does(make_record):
    variants = [
        {},
        {"problem": "diabetes"},
        {"device": "cuda:0"},
        {"model": "linear"},
        {"optimizer": "adam"},
        {"params": {"lr": 0.02}},
        {"params": {"lr": 0.01, "momentum": 0.9}},
        {"dtype": "float64"},
    ]
    records = [record for fields in variants for record in seeds(make_record, 5, 6, **fields)]
    assert [len(row.records) for row in rows_of(records)] == [2] * len(variants)


@given(st.lists(st.none() | st.integers(0, 2000), min_size=1, max_size=6))
def test_a_row_has_the_median_of_its_seeds_and_says_how_many_converged(make_record, epochs):
    (row,) = rows_of(seeds(make_record, *epochs))
    assert row.epochs_to_target == statistics.median(math.inf if reached is None else reached for reached in epochs)
    assert row.gap == statistics.median(1e-3 * (seed + 1) for seed in range(len(epochs)))
    converged = sum(reached is not None for reached in epochs)
    assert row.count(Status.CONVERGED) == converged
    expected = f"{converged}/{len(epochs)} converged" if len(epochs) > 1 else ["budget", "converged"][converged]
    assert row.status == expected


def test_a_run_that_reached_the_target_and_diverged_did_not_arrive(make_record):
    (row,) = rows_of([make_record(status=Status.DIVERGED, epochs_to_target=7, gap=math.inf)])
    assert (row.epochs_to_target, row.gap) == (math.inf, math.inf)


@given(st.permutations(range(6)))
def test_rows_come_fastest_first_then_closest_then_what_has_no_gap(make_record, order):
    best_first = [
        *(make_record(optimizer=f"fast-{n}", status=Status.CONVERGED, epochs_to_target=n, gap=1.0) for n in (3, 50)),
        *(make_record(optimizer=f"close-{gap}", gap=gap) for gap in (1e-9, 0.5)),
        make_record(optimizer="nan", status=Status.DIVERGED, gap=math.nan),
        make_record(optimizer="error", status=Status.ERROR, gap=None),
    ]
    names = [row.first.optimizer for row in rows_of([best_first[i] for i in order])]
    assert names[:4] == ["fast-3", "fast-50", "close-1e-09", "close-0.5"]
    assert set(names[4:]) == {"nan", "error"}


def test_rows_that_are_equally_good_keep_the_order_given(make_record):
    records = [make_record(optimizer=name, gap=0.5) for name in "cab"]
    assert [row.first.optimizer for row in rows_of(records)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("params", "label"),
    [
        ({}, "adam"),
        ({"betas": [0.9, 0.99], "lr": 0.1}, "adam:lr=0.1,betas=(0.9,0.99)"),
        ({"eps": [None, [1.0]]}, "adam:eps=(None,(1.0,))"),
        ({"amsgrad": True, "mode": "a,b"}, "adam:amsgrad=True,mode='a,b'"),
    ],
)
def test_the_label_of_an_optimizer_is_a_spec_that_asks_for_it_again(make_record, params, label):
    record = make_record(optimizer="adam", params=params)
    assert optimizer_label(record) == label
    (spec,) = parse_specs(label)
    assert spec.name == "adam"
    assert optimizer_label(make_record(optimizer="adam", params=dict(spec.params))) == label
