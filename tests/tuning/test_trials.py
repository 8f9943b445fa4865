"""Trials are drawn alike for everybody, and what a set of them says is what counting gives."""

import itertools
import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

import linbench
from linbench import Component
from linbench.core.request.spec import Range, Spec
from linbench.tuning.trials import (
    WIDER,
    Score,
    Space,
    Trial,
    best,
    budgets,
    expected_best,
    median_best,
    score,
    score_beyond,
    sensitivity,
    space_of,
)

RANGES = st.builds(lambda low, width: Range(low, low * width), st.floats(1e-6, 1e3), st.floats(1.01, 1e6))
SPACES = st.builds(Space, st.dictionaries(st.sampled_from(["lr", "momentum", "eps"]), RANGES, min_size=1))


def trials(*epochs):
    return [Trial({"lr": 10.0**i}, Score(float(time), 0.0)) for i, time in enumerate(epochs)]


def test_trials_are_the_same_for_the_same_seed_and_fill_the_range_evenly_on_a_logarithmic_scale():
    space = Space({"lr": Range(1e-4, 10.0), "eps": Range(1e-8, 1.0)})
    points = space.points(64, seed=3)
    assert points == space.points(64, seed=3) != space.points(64, seed=4)
    for name, span in space.ranges.items():
        places = [math.log(p[name] / span.low) / math.log(span.high / span.low) for p in points]
        assert all(-1e-5 <= place <= 1 + 1e-5 for place in places)
        in_each_eighth = [sum(i / 8 <= place < (i + 1) / 8 for place in places) for i in range(8)]
        assert min(in_each_eighth) >= 6, "64 independent draws would leave some with fewer"


@given(SPACES, st.integers(1, 40), st.integers(0, 9))
def test_points_beyond_a_space_lie_in_the_wider_one_only(space, number, seed):
    points = space.points_beyond(number, seed)
    assert len(points) == number
    for point in points:
        assert point.keys() == space.ranges.keys()
        ends = {name: (span.low, point[name], span.high) for name, span in space.ranges.items()}
        rounding = 1 + 5e-6
        assert all(low / WIDER / rounding <= at <= high * WIDER * rounding for low, at, high in ends.values())
        assert not all(low <= at <= high for low, at, high in ends.values())
    assert space.points_beyond(number + 3, seed)[:number] == points, "more of them are the same and some more"


@given(SPACES, st.integers(1, 40), st.integers(0, 9))
def test_points_of_a_space_are_those_of_the_scrambled_sequence(space, budget, seed):
    unit = qmc.Halton(len(space.ranges), scramble=True, rng=seed).random(budget)
    for point, row in zip(space.points(budget, seed), unit, strict=True):
        for (name, s), u in zip(space.ranges.items(), row, strict=True):
            assert point[name] == float(f"{s.low * (s.high / s.low) ** u:.6g}")


def test_points_beyond_a_range_are_spread_over_both_sides_of_it():
    points = [point["lr"] for point in Space({"lr": Range(0.01, 1.0)}).points_beyond(40, seed=1)]
    for low, high in [(1e-3, 3.2e-3), (3.2e-3, 1e-2), (1.0, 3.2), (3.2, 10.0)]:
        assert 7 <= sum(low <= lr <= high for lr in points) <= 13


def test_what_is_searched_is_what_the_spec_says_then_the_component_then_lr():
    plain = Component("optimizer", "o", "torch.optim:SGD")
    declared = Component("optimizer", "o", "torch.optim:SGD", search={"lr": (0.1, 1.0), "momentum": (0.5, 0.99)})
    assert space_of(plain, {}).ranges == {"lr": Range(1e-4, 10.0)}
    assert space_of(plain, {"momentum": Range(0.1, 0.9)}).ranges.keys() == {"lr", "momentum"}
    assert space_of(plain, {"lr": 0.1}).ranges == {}
    assert space_of(declared, {"lr": Range(1e-3, 2.0)}).ranges == {
        "momentum": Range(0.5, 0.99),
        "lr": Range(1e-3, 2.0),
    }
    assert space_of(declared, {"momentum": 0.9}).ranges == {"lr": Range(0.1, 1.0)}


@given(st.lists(st.one_of(st.integers(1, 50), st.just(math.inf)), min_size=1, max_size=7), st.data())
def test_the_best_of_so_many_trials_is_what_counting_all_draws_gives(times, data):
    budget = data.draw(st.integers(1, len(times)))
    bests = [min(draw) for draw in itertools.combinations(times, budget)]
    assert expected_best(trials(*times), budget) == pytest.approx(sum(bests) / len(bests))
    assert median_best(trials(*times), budget) == statistics.median_low(bests)


def test_a_budget_beyond_the_trials_is_refused():
    for number in (0, 3):
        with pytest.raises(ValueError, match="not between 1 and 2"):
            expected_best(trials(1, 2), number)
        with pytest.raises(ValueError, match="not between 1 and 2"):
            median_best(trials(1, 2), number)
    assert budgets(1) == [1]
    assert budgets(8) == [1, 2, 4, 8]
    assert budgets(50) == [1, 2, 4, 8, 16, 32, 50]


def test_the_winner_has_the_fewest_epochs_then_the_smallest_gap():
    found = [Trial({"lr": 1.0}, Score(math.inf, 0.1)), Trial({"lr": 2.0}, Score(9, 3)), Trial({"lr": 3.0}, Score(9, 2))]
    assert best(found).params == {"lr": 3.0}
    assert best(found[:1]).params == {"lr": 1.0}


def test_sensitivity_is_the_range_within_twice_the_best():
    found = trials(math.inf, 90, 50, 101, 100)
    spread = sensitivity(found, "lr", Range(1.0, 1e4))
    assert (spread.low, spread.high, spread.share) == (10.0, 1e4, pytest.approx(3 / 4))
    assert sensitivity(trials(math.inf, math.inf), "lr", Range(1.0, 1e4)) is None


@pytest.mark.parametrize(("lr", "edges"), [(1.1, [("lr", "low")]), (10.0, []), (95.0, [("lr", "high")])])
def test_a_value_at_an_end_of_its_range_is_noticed(lr, edges):
    assert Space({"lr": Range(1.0, 100.0)}).edges({"lr": lr}) == edges


def test_a_score_counts_failures_and_never_averages_over_what_diverged():
    records = linbench.compare("sgd:lr=[0.1,0.115,1.0]", "linear", epochs=300, timing=False).records
    epochs = sorted(r.epochs_to_target for r in records if r.status == "converged")
    assert len(epochs) == 2
    assert score(records) == Score(epochs[1], sorted([*(r.gap for r in records[:2]), math.inf])[1])
    assert score(records[1:]).epochs == math.inf, "half of them failed"


def test_outside_of_what_was_searched_one_run_that_raises_is_enough():
    good = linbench.compare("sgd:lr=0.1", "linear", seeds=3, epochs=300, timing=False).records
    bad = linbench.compare("sgd:lr=-1.0", "linear", epochs=1, timing=False).records
    assert score_beyond(good) == score(good)
    assert score([*good, *bad]).epochs < math.inf
    assert score_beyond([*good, *bad]) == Score(math.inf, math.inf)


def test_tuning_finds_the_best_fixed_lr_of_gradient_descent():
    tuned = linbench.tune("sgd:lr=0.05..0.12", "manual", budget=60, seeds=1, epochs=1000, dtype="float64")
    (result,) = tuned.results
    theory = tuned.records[0].theory
    assert result.best.params["lr"] == pytest.approx(theory.best_fixed_lr, rel=0.02)
    assert result.tuned.epochs < result.default.epochs
    assert [record.seed for record in tuned.records] == [1, 1], "both are run again on a fresh seed"


def test_the_same_search_seed_gives_the_same_result_and_every_optimizer_the_same_number_of_trials():
    first, again, other = (
        linbench.tune("sgd,adam", "linear", budget=6, seeds=2, epochs=100, search_seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert str(first) == str(again)
    assert first.results != other.results
    assert {len(result.trials) for result in first.results} == {6}
    assert {len(result.wider.trials) for result in first.results} == {3}
    for drawn in (lambda result: result.trials, lambda result: result.wider.trials):
        lrs = [[trial.params["lr"] for trial in drawn(result)] for result in first.results]
        assert lrs[0] == lrs[1], "drawn alike for everybody"


def test_what_was_searched_is_judged_as_if_nothing_lay_outside():
    (result,) = linbench.tune("sgd:lr=0.01..0.1", "linear", budget=5, seeds=2, epochs=400).results
    lrs = [trial.params["lr"] for trial in result.trials]
    records = linbench.compare("sgd", "linear", lr=lrs, seeds=2, epochs=400, timing=False).records
    assert [trial.score for trial in result.trials] == [score(records[i : i + 2]) for i in range(0, 10, 2)]
    assert result.best == best(result.trials)
    assert sorted(result.curve) == budgets(5)
    assert result.sensitivity["lr"] == sensitivity(result.trials, "lr", Range(0.01, 0.1))
    assert {0.01 <= trial.params["lr"] <= 0.1 for trial in result.wider.trials} == {False}


@pytest.mark.parametrize(("adam", "rising"), [("adam:lr=0.01..1", ["adam"]), ("adam:lr=0.1..20", [])])
def test_a_narrow_range_hides_who_is_faster_and_one_that_holds_the_best_does_not(adam, rising):
    tuned = linbench.tune(f"sgd:lr=0.01..0.11,{adam}", "manual", budget=20, seeds=1, epochs=700)
    sgd, other = tuned.results
    assert [flip.rising.optimizer for flip in tuned.flips] == rising
    assert (other.tuned < sgd.tuned) == (not rising)
    assert other.wider.score < sgd.wider.score, "where both have room, Adam is the faster one"
    again = linbench.compare(other.wider.label, "manual", seeds=[1], epochs=700, timing=False).records
    assert other.wider.score == score(again), "on the fresh seed"
    assert ("change the order: adam" in str(tuned).replace("\n  ", " ")) == bool(rising)


def raising(params, lr, run):
    """Gradient descent that does not work with a large lr from every other seed."""
    if lr > 0.02 and run.seed % 2:
        raise ValueError("too large")
    return torch.optim.SGD(params, lr)


def test_what_raises_outside_of_what_was_searched_is_no_candidate():
    tuned = linbench.tune(Spec("raising", {"lr": Range(0.005, 0.02)}, raising), "manual", budget=4, seeds=3, epochs=60)
    (result,) = tuned.results
    assert {trial.score.gap for trial in result.wider.trials if trial.params["lr"] > 0.02} == {math.inf}
    assert result.wider.best == result.best
    assert result.wider.score == result.tuned
    assert {record.status for record in tuned.records} == {"budget"}


def test_one_optimizer_in_two_ranges_is_two():
    tuned = linbench.tune("sgd:lr=1e-4..1e-3,sgd:lr=0.01..0.1", "manual", budget=3, seeds=1, epochs=100)
    low, high = tuned.results
    assert [low.optimizer, high.optimizer] == ["sgd:lr=0.0001..0.001", "sgd:lr=0.01..0.1"]
    assert max(trial.params["lr"] for trial in low.trials) < min(trial.params["lr"] for trial in high.trials)
    assert low.best in low.trials
    assert high.best in high.trials


def test_what_nothing_is_searched_of_has_nothing_outside():
    tuned = linbench.tune("sgd:lr=0.1", "manual", budget=4, seeds=1, epochs=50)
    (result,) = tuned.results
    assert (len(result.trials), result.wider.trials, result.wider.score) == (1, [], result.tuned)


def test_a_list_is_not_searched_and_a_range_is_not_compared():
    with pytest.raises(linbench.UsageError, match="tune searches ranges"):
        linbench.tune("sgd:lr=[0.1,0.2]", budget=2)
    with pytest.raises(linbench.UsageError, match=r"lr=0.0001..1.0 is a range to be searched by linbench tune; add a"):
        linbench.compare("sgd:lr=1e-4..1")
    with pytest.raises(linbench.UsageError, match="at least 1 trial"):
        linbench.tune("sgd", budget=0)
    for ends in ("1..0.1", "1e-300..1", "1..1e300"):
        with pytest.raises(linbench.UsageError, match="the smaller first"):
            linbench.tune(f"sgd:lr={ends}", budget=2)
