"""Statuses follow from the costs, as the words of the design say."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench import Theory
from linbench.core.criteria import noise_floor
from linbench.core.outcome.judgement import StoppingRule, judge_runs

ZERO_COST = 11.0
THEORY = Theory(((1.0,),), (0.0,), 1.0, ZERO_COST, (1.0, 2.0), 2, 10, 1, 1)
TARGET_GAP = 0.1


def judge(*runs, target_gap=TARGET_GAP):
    costs = torch.tensor(runs, dtype=torch.float64).T
    return judge_runs(costs, costs - THEORY.optimum_cost, target_gap, THEORY)


def falling(epochs=100, end=2.0):
    return [ZERO_COST + (end - ZERO_COST) * epoch / epochs for epoch in range(epochs + 1)]


RUNS = {
    "reaches the target": ([11.0, 5.0, 1.09, 1.05, 1.01], "converged", 2),
    "starts at the target": ([1.05, 1.04], "converged", 0),
    "reaches it and leaves it again": ([11.0, 1.05, 8.0], "converged", 1),
    "still falls": (falling(), "budget", None),
    "still falls within few epochs": ([11.0, 11.0], "budget", None),
    "stays": ([11.0] * 101, "stalled", None),
    "stops falling for the last tenth": ([*falling(89), *[2.0] * 11], "stalled", None),
    "falls again just in time": ([*falling(90), *[2.0] * 9, 1.99], "budget", None),
    "swings without a new best": ([*falling(50), *[3.0, 2.5] * 25], "stalled", None),
    "becomes infinite": ([11.0, 100.0, math.inf], "diverged", None),
    "becomes infinite and comes back": ([11.0, math.inf, 1.0], "diverged", 2),
    "becomes NaN": ([11.0, math.nan, math.nan], "diverged", None),
    "starts at NaN": ([math.nan, math.nan], "diverged", None),
    "ends far above its start": ([11.0, 50.0, 111.0], "diverged", None),
    "ends above its start, not far": ([11.0, 50.0, 109.0], "budget", None),
    "starts low and ends at ten times zero's cost": ([1.5, 109.0], "budget", None),
    "converged and then ended far above": ([11.0, 1.0, 500.0], "diverged", 1),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_in_the_status_that_its_costs_show(name):
    costs, status, epochs_to_target = RUNS[name]
    (outcome,) = judge(costs)
    assert (outcome.status, outcome.epochs_to_target) == (status, epochs_to_target)
    assert (outcome.reason is None) == (status == "converged")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("still falls", "100 epochs used up before the target"),
        ("stops falling for the last tenth", "the best cost was reached at epoch 89 of 100"),
        ("becomes NaN", "the cost became non-finite at epoch 1"),
        ("ends far above its start", "the cost ended 1.0e+01 times above its start"),
    ],
)
def test_the_reason_says_when(name, reason):
    assert judge(RUNS[name][0])[0].reason == reason


def test_the_target_counts_even_where_the_cost_shows_nothing_of_it():
    costs = torch.ones(4, 1, dtype=torch.float64)
    gaps = torch.tensor([[1e-3], [1e-12], [1e-21], [1e-22]], dtype=torch.float64)
    (outcome,) = judge_runs(costs, gaps, 1e-20, THEORY)
    assert (outcome.status, outcome.epochs_to_target) == ("converged", 2)


COSTS = st.floats(1.0, 1e6) | st.sampled_from([math.inf, math.nan, 1.0, 1.05])


@given(st.integers(2, 25).flatmap(lambda n: st.lists(st.lists(COSTS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_many_runs_at_once_are_judged_as_each_alone_and_by_the_plain_definitions(runs):
    for outcome, costs in zip(judge(*runs), runs, strict=True):
        assert repr(judge(costs)) == repr([outcome])
        finite = [cost for cost in costs if math.isfinite(cost)]
        reached = [epoch for epoch, cost in enumerate(costs) if cost - 1.0 <= TARGET_GAP]
        assert outcome.epochs_to_target == (reached[0] if reached else None)
        assert outcome.best_cost == (min(finite) if finite else None)
        assert repr((outcome.initial_cost, outcome.final_cost)) == repr((costs[0], costs[-1]))
        blown = len(finite) < len(costs) or costs[-1] > 10 * max(costs[0], ZERO_COST)
        assert (outcome.status == "diverged") == blown
        assert (outcome.status == "converged") == (not blown and bool(reached))


LOOKS = st.lists(st.integers(1, 8), min_size=1, max_size=12)
ABOVE = st.sampled_from([2.0, 3.0, 4.0, 5.0])  # where nothing but a stall can end a run


@given(st.data(), st.integers(1, 3), LOOKS, st.integers(1, 120))
def test_looks_at_what_is_new_find_what_the_whole_history_shows(data, runs, looks, budget):
    columns = st.sampled_from([COSTS, ABOVE]).flatmap(
        lambda costs: st.lists(costs, min_size=sum(looks), max_size=sum(looks))
    )
    costs = torch.tensor([data.draw(columns) for _ in range(runs)], dtype=torch.float64).T
    rule, seen = StoppingRule(TARGET_GAP, budget), 0
    for new in looks:
        some = costs[seen : seen + new]
        answers = rule.may_stop(some, some - THEORY.optimum_cost).tolist()
        seen += new
        window = max(10, math.ceil(budget / 10))
        for answer, history in zip(answers, costs[:seen].T.tolist(), strict=True):
            reached = any(cost - THEORY.optimum_cost <= TARGET_GAP for cost in history)
            blown = not all(map(math.isfinite, history))
            stalled = seen > window + 1 and min(history[-window:]) >= min(history[:-window])
            assert answer == (reached or blown or stalled)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("offset", [0.0, 10.0, 1e3, 12345.0])
def test_costs_near_the_optimum_are_rounded_by_less_than_the_noise_floor(dtype, noise, offset):
    def rounded(values):
        return values.to(dtype).double()

    b = rounded(torch.tensor([offset], dtype=torch.float64))
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        x, residuals = torch.randn(2, 50, 1, generator=generator, dtype=torch.float64)
        x = rounded(x)
        y = rounded(x + offset + noise * residuals)
        exact = ((x + b - y) ** 2).mean().item()
        computed = ((x.to(dtype) + b.to(dtype) - y.to(dtype)) ** 2).mean().item()
        theory = Theory(((1.0,),), (offset,), exact, (y**2).mean().item(), (1.0, 2.0), 2, 50, 1, 1)
        assert abs(computed - exact) <= noise_floor(theory, torch.finfo(dtype).eps)


def test_the_tutorials_target_lies_above_the_noise_of_float32():
    theory = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.3, 16.7), 2, 4, 1, 1)
    assert noise_floor(theory, torch.finfo(torch.float32).eps) < 1e-6 * theory.scale
