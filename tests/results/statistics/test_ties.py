"""An order shows what of it is claimed and what is a tie."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench.results.statistics.pairs import Claim, PairComparison
from linbench.results.statistics.ties import rank, tie_groups

RUNS = st.lists(st.none() | st.integers(1, 4), min_size=9, max_size=9)


def places(ranking):
    return {standing.optimizer: (standing.best_rank, standing.worst_rank) for standing in ranking.standings}


def test_clear_differences_make_clear_ranks(make_group):
    ranking = rank([make_group([k] * 8, f"takes-{k}") for k in (30, 10, 20)])
    assert places(ranking) == {"takes-10": (1, 1), "takes-20": (2, 2), "takes-30": (3, 3)}
    assert ranking.ties == [("takes-10",), ("takes-20",), ("takes-30",)]


def test_a_tie_is_called_a_tie(make_group):
    ranking = rank([make_group([2, 1] * 5, "b"), make_group([1, 2] * 5, "a"), make_group([9] * 10, "slow")])
    assert places(ranking) == {"b": (1, 2), "a": (1, 2), "slow": (3, 3)}
    assert ranking.ties == [("b", "a"), ("slow",)]


def test_what_lies_between_two_that_differ_is_tied_with_both(make_group):
    ranking = rank([make_group([1] * 8, "fast"), make_group([1, 2] * 4, "between"), make_group([2] * 8, "slow")])
    assert [standing.optimizer for standing in ranking.standings] == ["fast", "between", "slow"]
    assert ranking.ties == [("fast", "between"), ("between", "slow")]
    assert places(ranking) == {"fast": (1, 2), "between": (1, 3), "slow": (2, 3)}


def test_the_order_is_by_median_then_by_expected_running_time_then_as_given(make_group):
    runs = {
        "never": [None] * 3,
        "rare": [5, None, None],
        "rare-and-slow": [9, None, None],
        "late": [9] * 3,
        "x": [9] * 3,
    }
    ranking = rank([make_group(epochs, name) for name, epochs in runs.items()])
    assert [standing.optimizer for standing in ranking.standings] == ["late", "x", "rare", "rare-and-slow", "never"]
    assert (ranking.standings[2].median, ranking.standings[2].ert) == (None, 2005)
    assert ranking.standings[-1].ert == math.inf


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.booleans(), min_size=21, max_size=21))))
def test_ties_are_all_largest_sets_without_a_claim(drawn):
    names = [f"o{index}" for index in range(drawn[0])]
    verdicts = [Claim.FIRST if claim else Claim.NO_CLAIM for claim in drawn[1]]
    pairs = list(zip(itertools.combinations(names, 2), verdicts, strict=False))
    claimed = {frozenset(pair) for pair, verdict in pairs if verdict is Claim.FIRST}
    tied = [
        set(subset)
        for size in range(1, len(names) + 1)
        for subset in itertools.combinations(names, size)
        if not any(frozenset(pair) in claimed for pair in itertools.combinations(subset, 2))
    ]
    largest = {frozenset(one) for one in tied if not any(one < other for other in tied)}
    found = tie_groups(names, [PairComparison(*pair, 9, 9, 0, 0, 0.5, 0.5, False, verdict) for pair, verdict in pairs])
    assert {frozenset(group) for group in found} == largest
    assert len(found) == len(largest)


@given(st.lists(RUNS, min_size=1, max_size=4))
def test_a_range_of_ranks_is_what_the_claims_leave(make_group, runs):
    ranking = rank([make_group(epochs, str(index)) for index, epochs in enumerate(runs)])
    for name, (best, worst) in places(ranking).items():
        assert best == 1 + sum(pair.slower == name for pair in ranking.comparisons)
        assert worst == len(runs) - sum(pair.faster == name for pair in ranking.comparisons)
        assert 1 <= best <= worst <= len(runs)


def test_one_seed_all_failed_and_nobody(make_group):
    single = rank([make_group([1], "a"), make_group([9], "b")])
    assert single.ties == [("a", "b")]
    failed = rank([make_group([None] * 9, "a"), make_group([None] * 9, "b")])
    assert (failed.ties, places(failed)) == ([("a", "b")], {"a": (1, 2), "b": (1, 2)})
    assert (rank([]).standings, rank([]).ties) == ([], [])


def test_many_that_are_alike_are_one_tie_and_too_many_are_refused(make_group):
    groups = [make_group([5, 6], str(index)) for index in range(101)]
    assert len(rank(groups[:100]).ties) == 1
    with pytest.raises(ValueError, match="at most 100 optimizers"):
        rank(groups)
