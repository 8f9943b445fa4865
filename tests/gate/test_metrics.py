"""The metrics that are kept of a record."""

import math
from types import SimpleNamespace

import pytest

import linbench
from linbench.gate.metrics import metrics_of
from linbench.gate.versions import versions_of


@pytest.fixture
def record():
    def train(optimizer, **settings):
        (one,) = linbench.compare(
            optimizer, "manual", engine="serial", trajectories=True, timing=False, dtype="float64", **settings
        )
        return one

    return train


def test_the_margin_is_how_close_the_costs_come_to_the_target(record):
    one = record("sgd:momentum=0.9")
    theory, crossing = one.theory, one.epochs_to_target
    goal = theory.optimum_cost + 1e-6 * theory.scale
    before, after = one.trajectory.cost[crossing - 1 : crossing + 1]
    assert before > goal >= after
    margin = metrics_of(one, "x", {}).crossing_margin
    assert margin == pytest.approx(min(before - goal, goal - after) / goal)
    assert 0 < margin < 1e-3


def test_what_is_not_finite_is_kept_as_nothing(record):
    one = metrics_of(record("sgd:lr=1e300", epochs=20), "x", {})
    assert (one.status, one.final_cost, one.parameters, one.crossing_margin) == ("diverged", None, None, None)
    assert math.isfinite(one.initial_cost)


@pytest.mark.parametrize(
    ("problem", "needed"), [("study-hours", False), ("nist:longley", True), ("synthetic:n=32,d=4,condition=1e8", True)]
)
def test_problems_that_float64_cannot_solve_are_known(record, problem, needed):
    assert metrics_of(record("sgd", problems=problem, epochs=2), "x", {}).needs_exact_optimum is needed


def test_versions_are_those_of_torch_and_of_the_distributions():
    source = "my-pack 1.2.3 sha256:12ab + other 2.0+cpu"
    parts = {"problem": None, "model": "unknown 12ab", "optimizer": source}
    case = SimpleNamespace(**{name: SimpleNamespace(source=text) for name, text in parts.items()})
    found = versions_of(case)
    assert list(found) == ["linbench", "my-pack", "other", "torch"]
    assert (found["my-pack"], found["other"]) == ("1.2.3", "2.0+cpu")
