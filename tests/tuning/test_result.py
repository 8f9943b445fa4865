"""An order of optimizers depends on the space where the best of a wider one puts them in another order."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench.tuning.result import TuningResult, WiderSearch, flips
from linbench.tuning.trials import Score, Trial

SCORES = st.builds(Score, st.sampled_from([10.0, 20.0, 30.0, math.inf]), st.sampled_from([0.0, 1.0, math.inf]))
RESULTS = st.lists(st.tuples(st.sampled_from(["study-hours", "synthetic"]), SCORES, SCORES), max_size=6)


def result(name, searched, wider, problem="study-hours"):
    trial = Trial({}, searched)
    return TuningResult(
        problem=problem,
        model="linear",
        optimizer=name,
        default_label=name,
        tuned_label=name,
        trials=[trial],
        default=searched,
        tuned=searched,
        best=trial,
        sensitivity={},
        edges=[],
        curve={},
        wider=WiderSearch([], trial, name, wider, []),
    )


def epochs(*numbers):
    return [Score(float(number), 0.0) for number in numbers]


@pytest.mark.parametrize(
    ("a", "b", "rising"),
    [
        (epochs(100, 100), epochs(200, 150), []),
        (epochs(100, 100), epochs(200, 50), ["b"]),
        (epochs(200, 50), epochs(100, 100), ["a"]),
        (epochs(100, 100), epochs(200, 100), ["b"]),  # draws level
        (epochs(100, 100), epochs(100, 50), ["b"]),  # was level
        (epochs(100, 50), epochs(100, 50), []),
        (epochs(100, 120), epochs(110, 110), ["b"]),  # the other's best of the tuning seeds is worse on fresh ones
        (epochs(math.inf, 50), epochs(100, 100), ["a"]),
        ([Score(math.inf, 2.0), Score(math.inf, 0.5)], [Score(math.inf, 1.0), Score(math.inf, 1.0)], ["a"]),
        ([Score(math.inf, math.inf)] * 2, epochs(100, 50), []),
    ],
)
def test_a_flip_is_an_optimizer_that_gains_a_place_on_another(a, b, rising):
    found = flips([result("a", *a), result("b", *b)])
    assert [flip.rising.optimizer for flip in found] == rising
    assert all({flip.rising.optimizer, flip.falling.optimizer} == {"a", "b"} for flip in found)


@given(RESULTS)
def test_there_is_no_flip_exactly_where_both_spaces_put_all_optimizers_in_the_same_places(cells):
    results = [result(str(i), searched, wider, problem) for i, (problem, searched, wider) in enumerate(cells)]
    for problem in {one.problem for one in results}:
        there = [one for one in results if one.problem == problem]
        by_searched, by_wider = (places([score(one) for one in there]) for score in (_searched, _wider))
        changed = any(flip.rising.problem == problem for flip in flips(results))
        assert changed == (by_searched != by_wider)


@given(RESULTS)
def test_a_flip_does_not_depend_on_the_order_in_which_results_are_given(cells):
    results = [result(str(i), searched, wider, problem) for i, (problem, searched, wider) in enumerate(cells)]
    pairs = [{(f.rising.optimizer, f.falling.optimizer) for f in flips(some)} for some in (results, results[::-1])]
    assert pairs[0] == pairs[1]
    assert all(one.problem == other.problem for f in flips(results) for one, other in [(f.rising, f.falling)])


def places(scores):
    """Of each, how many are ahead: equal for those who are level."""
    order = [key for key, _ in itertools.groupby(sorted((s.epochs, s.gap) for s in scores))]
    return [order.index((s.epochs, s.gap)) for s in scores]


def _searched(one):
    return one.tuned


def _wider(one):
    return one.wider.score
