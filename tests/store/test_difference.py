"""What changed between two runs: what is within rounding did not."""

import json
import math

import pytest

from linbench import Status
from linbench.store.difference import difference


@pytest.fixture
def changes(store, write, keyed):
    """What `difference` says changed of one record, by the fields in which two runs differ."""

    def of(before, after):
        write([keyed(**before)])
        write([keyed(**after)])
        new, old = store.runs()[:2]
        found = difference(old, new, store.records(old), store.records(new))
        assert [*found.only_before, *found.only_after] == []
        return found.changes[0].what if found.changes else ()

    return of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"final_cost": 46.875}, {"final_cost": 46.875004}),
        ({"final_cost": 1e-9, "initial_cost": 5681.0}, {"final_cost": 3e-4, "initial_cost": 5681.0}),
        ({"final_cost": math.inf}, {"final_cost": math.nan}),
        ({"final_cost": None}, {"final_cost": None}),
        ({"epochs_to_target": 5}, {"epochs_to_target": 9}),  # neither converged
        ({"engine": "serial"}, {"engine": "batched"}),
    ],
)
def test_rounding_and_the_engine_are_no_change(changes, before, after):
    assert changes(before, after) == ()


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ({"final_cost": 46.875}, {"final_cost": 46.975}, ("cost: 46.875 → 46.975",)),
        ({"final_cost": None}, {"final_cost": 1.0}, ("cost: – → 1",)),
        ({"final_cost": 1.0, "dtype": "float64"}, {"final_cost": 1 + 1e-9, "dtype": "float64"}, None),
        ({}, {"status": Status.STALLED}, ("status: budget → stalled",)),
    ],
)
def test_what_is_beyond_rounding_is_a_change(changes, before, after, what):
    found = changes({"initial_cost": 2.0, **before}, {"initial_cost": 2.0, **after})
    assert found == what if what is not None else len(found) == 1


@pytest.mark.parametrize(("before", "after", "differ"), [(100, 101, False), (9_000, 9_009, False), (100, 102, True)])
def test_epochs_may_be_off_by_rounding(changes, before, after, differ):
    converged = {"status": Status.CONVERGED}
    found = changes({**converged, "epochs_to_target": before}, {**converged, "epochs_to_target": after})
    assert found == ((f"epochs: {before} → {after}",) if differ else ())


def test_the_rules_of_both_runs_are_told(store, write, keyed):
    write([keyed(rules=1), keyed(rules=2, seed=1)])
    write([keyed(rules=2)])
    new, old = store.runs()
    found = difference(old, new, store.records(old), store.records(new))
    assert (found.rules_before, found.rules_after) == ([1, 2], [2])


def test_cases_and_environments_of_one_run_only_are_named(store, write, keyed):
    versions = [
        {"torch": "2.12", "cpu": "a"},
        {"torch": "2.13", "cpu": "a", "plugins": {"mine": None, "theirs": "1.0"}},
    ]
    write([keyed(seed=0), keyed(seed=1)], environment=json.dumps(versions[0]))
    write([keyed(seed=1), keyed(seed=2)], environment=json.dumps(versions[1]))
    new, old = store.runs()
    found = difference(old, new, store.records(old), store.records(new))
    assert found.environment == ["torch: 2.12 → 2.13", "plugin mine: – → no version", "plugin theirs: – → 1.0"]
    assert found.only_before == ["study-hours · manual · sgd:lr=0.01 · cpu · seed 0"]
    assert found.only_after == ["study-hours · manual · sgd:lr=0.01 · cpu · seed 2"]
    assert (found.changes, found.same) == ([], 1)
