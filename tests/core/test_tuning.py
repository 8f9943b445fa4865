"""Trials are drawn alike for everybody, and what a set of them says is what counting gives."""

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

import linbench
from linbench import Component
from linbench.core.spec import Range
from linbench.core.tuning import (
    Score,
    Space,
    Trial,
    best,
    budgets,
    expected_best,
    median_best,
    score,
    sensitivity,
    space_of,
)


def trials(*epochs):
    return [Trial({"lr": 10.0**i}, Score(float(time), 0.0)) for i, time in enumerate(epochs)]


def test_trials_are_the_same_for_the_same_seed_and_fill_the_range_evenly_on_a_logarithmic_scale():
    space = Space({"lr": Range(1e-4, 10.0), "eps": Range(1e-8, 1.0)})
    points = space.trials(64, seed=3)
    assert points == space.trials(64, seed=3) != space.trials(64, seed=4)
    for name, span in space.ranges.items():
        places = [math.log(p[name] / span.low) / math.log(span.high / span.low) for p in points]
        assert all(-1e-5 <= place <= 1 + 1e-5 for place in places)
        in_each_eighth = [sum(i / 8 <= place < (i + 1) / 8 for place in places) for i in range(8)]
        assert min(in_each_eighth) >= 6, "64 independent draws would leave some with fewer"


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
    lrs = [[trial.params["lr"] for trial in result.trials] for result in first.results]
    assert lrs[0] == lrs[1], "drawn alike for everybody"


def test_a_list_is_not_searched_and_a_range_is_not_compared():
    with pytest.raises(linbench.UsageError, match="tune searches ranges"):
        linbench.tune("sgd:lr=[0.1,0.2]", budget=2)
    with pytest.raises(linbench.UsageError, match=r"lr=0.0001..1.0 is a range to be searched by linbench tune; add a"):
        linbench.compare("sgd:lr=1e-4..1")
    with pytest.raises(linbench.UsageError, match="at least 1 trial"):
        linbench.tune("sgd", budget=0)
    with pytest.raises(linbench.UsageError, match="the smaller first"):
        linbench.tune("sgd:lr=1..0.1", budget=2)
