"""Statuses follow from the costs, as the words of the design say."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench import Theory
from linbench.core.criteria import noise_floor
from linbench.core.outcome.judgement import Standard, StoppingRule, judge_runs
from linbench.core.outcome.record import Ending

ZERO_COST = 11.0
THEORY = Theory(((1.0,),), (0.0,), 1.0, ZERO_COST, (1.0, 2.0), 2, 10, 1, 1)
TARGET_GAP = 0.1


def standard(target_gap=TARGET_GAP, budget=100, eps=0.0):
    return Standard(theory=THEORY, target_gap=target_gap, budget=budget, eps=eps)


def judge(*runs, budget=None, eps=0.0, batches=False):
    costs = torch.tensor(runs, dtype=torch.float64).T
    gaps = costs - THEORY.optimum_cost
    held_to = standard(budget=len(costs) - 1 if budget is None else budget, eps=eps)
    return judge_runs(costs, gaps, gaps[-1], gaps[-1].abs(), standard=held_to, batches=batches)


def falling(epochs=100, end=2.0):
    return [ZERO_COST + (end - ZERO_COST) * epoch / epochs for epoch in range(epochs + 1)]


RUNS = {
    "reaches the target": ([11.0, 5.0, 1.09, 1.05, 1.01], "converged", 2),
    "starts at the target": ([1.05, 1.04], "converged", 0),
    "reaches it and leaves it again": ([11.0, 1.05, 8.0], "converged", 1),
    "still falls": (falling(), "budget", None),
    "still falls within few epochs": ([11.0, 11.0], "budget", None),
    "stays": ([11.0] * 101, "stalled", None),
    "stops falling for the last tenth": ([*falling(89), *[2.0] * 11], "budget", None),
    "stops falling for the last half": ([*falling(50), *[2.0] * 50], "stalled", None),
    "falls again just in time": ([*falling(50), *[2.0] * 49, 1.99], "budget", None),
    "swings alike over the last half": ([*falling(50), *[3.0, 2.5] * 25], "stalled", None),
    "swings less and less": ([*falling(50), *[2 + 0.9**k * (1 + (-1) ** k) for k in range(50)]], "budget", None),
    "swings more slowly than a tenth": ([3 + math.sin(epoch / 12) for epoch in range(201)], "budget", None),
    "leaps in a short run, and stays for its last half": ([11.0, 100.0, *[2.0] * 49], "stalled", None),
    "rises over the last half of a short run": ([11.0, 9.0, *[2.0 + k / 100 for k in range(49)]], "budget", None),
    "rises": ([2.0 + epoch / 100 for epoch in range(101)], "budget", None),
    "becomes infinite": ([11.0, 100.0, math.inf], "diverged", None),
    "overflows and comes back": ([11.0, math.inf, 1.0], "converged", 2),
    "overflows and comes half back": ([11.0, math.inf, 4.0], "budget", None),
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
        ("stops falling for the last half", "the best cost was reached at epoch 50 of 100"),
        ("becomes NaN", "the cost became NaN at epoch 1, and the parameters ended NaN"),
        ("becomes infinite", "the cost became infinite at epoch 2, and the parameters ended infinite"),
        ("ends far above its start", "the cost ended 1.0e+01 times above its start"),
    ],
)
def test_the_reason_says_when(name, reason):
    assert judge(RUNS[name][0])[0].reason == reason


def test_a_cost_above_its_start_by_more_than_float64_holds_is_given_beside_it():
    theory = replace(THEORY, optimum_cost=0.0, zero_cost=1e-12)
    costs = torch.tensor([[1e-12], [1e300]], dtype=torch.float64)
    held_to = Standard(theory=theory, target_gap=1e-15, budget=1, eps=0.0)
    (outcome,) = judge_runs(costs, costs, costs[-1], costs[-1], standard=held_to, batches=False)
    assert outcome.reason == "the cost ended at 1.0e+300, far above its start, 1.0e-12"


def test_the_target_counts_even_where_the_cost_shows_nothing_of_it():
    costs = torch.ones(4, 1, dtype=torch.float64)
    gaps = torch.tensor([[1e-3], [1e-12], [1e-21], [1e-22]], dtype=torch.float64)
    (outcome,) = judge_runs(costs, gaps, gaps[-1], gaps[-1], standard=standard(target_gap=1e-20), batches=False)
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
        lost = any(map(math.isnan, costs)) or not math.isfinite(costs[-1])
        start = max(costs[0], ZERO_COST)
        blown = lost or (costs[-1] > 10 * start)
        assert (outcome.status == "diverged") == blown
        assert (outcome.status == "converged") == (not blown and bool(reached))


ENDINGS = {
    "stays": Ending.STILL,
    "still falls": Ending.DESCENDING,
    "swings alike over the last half": Ending.STILL,
    "swings less and less": Ending.SWINGING,
    "swings more slowly than a tenth": Ending.SWINGING,
    "rises": Ending.RISING,
    "rises over the last half of a short run": Ending.RISING,
    "ends above its start, not far": Ending.SWINGING,
}


@pytest.mark.parametrize("name", ENDINGS)
def test_the_ending_is_how_the_cost_moved(name):
    assert judge(RUNS[name][0])[0].ending is ENDINGS[name]


def test_a_swing_below_the_rounding_of_costs_is_a_stall():
    run = [*falling(50), *[2.0 + 1e-8 * (k * k % 97) for k in range(50)]]
    assert [judge(run, eps=eps)[0].status for eps in (2.0**-52, 2.0**-23)] == ["budget", "stalled"]


def test_the_tail_is_told_of_mini_batches_only():
    run = [11.0, *[1.0 + gap for gap in range(1, 101)]]
    assert judge(run)[0].tail is None
    tail = judge(run, batches=True)[0].tail
    half = [run[k] - 1.0 for k in range(50, 101)]
    assert (tail.low, tail.median, tail.high) == tuple(sorted(half)[round(share * 50)] for share in (0.1, 0.5, 0.9))


LOOKS = st.lists(st.integers(1, 8), min_size=1, max_size=12)
ABOVE = st.sampled_from([2.0, 3.0, 4.0, 5.0])  # where nothing but a stall can end a run


@given(st.data(), st.integers(1, 3), LOOKS, st.integers(1, 120))
def test_looks_at_what_is_new_find_what_the_whole_history_shows(data, runs, looks, budget):
    flat = st.sampled_from([st.just(3.0), ABOVE, COSTS])
    columns = flat.flatmap(lambda costs: st.lists(costs, min_size=sum(looks), max_size=sum(looks)))
    costs = torch.tensor([data.draw(columns) for _ in range(runs)], dtype=torch.float64).T
    rule, seen = StoppingRule(standard(budget=budget)), 0
    window = max(10, math.ceil(budget / 10))
    stopped = [False] * runs
    for new in looks:
        some = costs[seen : seen + new]
        answers = rule.may_stop(some, some - THEORY.optimum_cost).tolist()
        ends = [end for end in range(seen + 1, seen + new + 1) if end % window == 0 and end >= 5 * window]
        seen += new
        for run, (answer, history) in enumerate(zip(answers, costs[:seen].T.tolist(), strict=True)):
            reached = any(cost - THEORY.optimum_cost <= TARGET_GAP for cost in history)
            blown = not all(map(math.isfinite, history))
            finite = [cost if math.isfinite(cost) else math.inf for cost in history]
            stopped[run] |= any(stands_still(finite[:end], window) for end in ends)
            assert answer == (reached or blown or stopped[run])


def stands_still(history, window):
    """The plain definition: the last five windows have one high and one low, and the last holds no new best."""
    parts = [history[len(history) - k * window :][:window] for k in range(5, 0, -1)]
    highs, lows = {max(part) for part in parts}, {min(part) for part in parts}
    before = history[:-window]
    return len(highs) == len(lows) == 1 and math.isfinite(max(highs)) and min(history[-window:]) >= min(before)


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
