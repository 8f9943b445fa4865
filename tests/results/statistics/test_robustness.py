"""A ranking that hangs on one thing is found out, and one that does not is left alone."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench.results.statistics.profiles import scores
from linbench.results.statistics.robustness import order_changes, ranking_warnings
from linbench.results.statistics.times import Factor, Task, TimeTable


def table(solvers, rows, targets=None):
    problems = [f"p{index}" for index in range(len(rows))]
    tasks = [Task(*pair) for pair in (targets or [(name, 0.1) for name in problems])]
    return TimeTable(solvers, tasks, rows)


def test_a_lead_that_rests_on_one_problem_is_named():
    made = table(["a", "b"], [[1, math.inf], [3, 1], [1.5, 1]])
    (found,) = order_changes(made)
    assert (found.factor, found.left_out, found.ahead, found.behind, found.level) == (
        Factor.PROBLEM,
        "p0",
        "a",
        "b",
        False,
    )
    assert ranking_warnings(made) == [
        "without the problem p0, b moves ahead of a: score 1 against 0.583, with it 0.667 against 0.722"
    ]


def test_a_lead_that_is_lost_only_says_so():
    made = table(["a", "b"], [[1, 2], [1, 1]])
    assert ranking_warnings(made) == [
        "without the problem p0, b draws level with a: score 1 against 1, with it 0.833 against 1"
    ]


def test_two_solvers_that_change_places_when_a_third_one_leaves_are_named():
    """Beside the third one's times both look slow, and a has its best problem; without it, a loses."""
    rows = [[5, 3.9, 1], [5, 3.9, 1], [1, 2.2, 9], [9, 4, 1]]
    (found,) = [change for change in order_changes(table(["a", "b", "third"], rows)) if change.left_out == "third"]
    assert (found.factor, found.ahead, found.behind, found.level) == (Factor.OPTIMIZER, "a", "b", False)
    assert found.scores == pytest.approx((3 / 12, 2 / 12))
    assert found.scores_without == pytest.approx((1 - (2 * (5 / 3.9 - 1) + 1.25) / 12, 1 - 1.2 / 12))


def test_a_target_on_which_a_lead_rests_is_named():
    targets = [("p", 0.1), ("p", 0.01), ("q", 0.1), ("q", 0.01)]
    made = table(["a", "b"], [[1, 1.5], [9, 1], [1, 1.5], [9, 1]], targets)
    assert [(change.factor, change.left_out, change.ahead) for change in order_changes(made)] == [
        (Factor.TARGET, "0.01", "b")
    ]


def test_a_ranking_that_stands_gives_no_warning():
    assert ranking_warnings(table(["a", "b", "c"], [[1, 2, 3]] * 4)) == []


def test_equal_scores_are_no_order_to_lose():
    assert order_changes(table(["a", "b"], [[1, 2], [2, 1]])) == []


def test_what_leaves_nothing_to_rank_is_not_left_out():
    assert order_changes(table(["a", "b"], [[1, 2]])) == []
    assert order_changes(table(["a"], [[1], [2]])) == []
    assert order_changes(TimeTable(["a", "b"], [], [])) == []
    assert order_changes(table(["a", "b"], [[math.inf, math.inf]] * 3)) == []


@given(st.data())
def test_order_changes_are_all_orders_that_change_and_no_others(data):
    solvers = ["a", "b", "c"][: data.draw(st.integers(2, 3))]
    time = st.sampled_from([1.0, 1.5, 2.0, 3.5, 9.0, math.inf])
    rows = data.draw(st.lists(st.lists(time, min_size=len(solvers), max_size=len(solvers)), min_size=1, max_size=4))
    targets = [(data.draw(st.sampled_from("pq")), data.draw(st.sampled_from([0.1, 0.01]))) for _ in rows]
    made = table(solvers, rows, targets)
    full, expected = scores(made), set()
    for factor in Factor:
        for name in made.names(factor):
            smaller = made.without(factor, name)
            if len(smaller.solvers) < 2 or not smaller.tasks:
                continue
            without = scores(smaller)
            for one, other in itertools.permutations(smaller.solvers, 2):
                if full[one] > full[other] + 1e-6 and without[one] <= without[other] + 1e-6:
                    expected.add((factor, name, one, other))
    found = order_changes(made)
    assert {(change.factor, change.left_out, change.ahead, change.behind) for change in found} == expected
    assert len(found) == len(expected)
