"""A difference is claimed where the seeds show one, and nowhere else."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from linbench.results.statistics.pairs import Claim, compare_groups, compare_pair, fewest_seeds, holm, sign_test

TIMES = st.none() | st.integers(1, 5)
PAIRS = st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_is_scipys(wins, losses):
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("wins", "losses"), [(6, 0), (4, 2), (5, 3), (1, 7)])
def test_the_sign_test_counts_all_ways_in_which_signs_may_fall(wins, losses):
    n = wins + losses
    extreme = [abs(2 * sum(signs) - n) >= abs(wins - losses) for signs in itertools.product((0, 1), repeat=n)]
    assert sign_test(wins, losses) == sum(extreme) / 2**n


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_his_step_down_procedure(p_values):
    """Transcribed: reject the smallest, the next smallest, …, as long as p₍ₖ₎ ≤ α/(m + 1 − k)."""
    for alpha in (0.01, 0.05, 0.3):
        rejected = set()
        for k, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__), start=1):
            if (len(p_values) + 1 - k) * p_values[index] > alpha:
                break
            rejected.add(index)
        assert {index for index, p in enumerate(holm(p_values)) if p <= alpha} == rejected


@given(PAIRS)
def test_wins_are_counted_by_seed_with_failures_last_and_turn_round_with_the_order(make_group, pairs):
    first, second = (make_group(list(side), name) for side, name in zip(zip(*pairs, strict=True), "ab", strict=True))
    times = [tuple(math.inf if t is None else t for t in pair) for pair in pairs]
    found = compare_pair(first, second)
    assert (found.wins, found.losses) == (sum(a < b for a, b in times), sum(a > b for a, b in times))
    assert found.ties == sum(a == b for a, b in times)
    back = compare_pair(second, first)
    assert (back.wins, back.losses, back.faster, back.p_value) == (
        found.losses,
        found.wins,
        found.faster,
        found.p_value,
    )


@pytest.mark.parametrize(
    ("first", "second", "claim"),
    [
        ([1] * 6, [2] * 6, Claim.FIRST),
        ([2] * 6, [1] * 6, Claim.SECOND),
        ([1] * 5, [2] * 5, Claim.NO_CLAIM),
        ([1] * 6, [None] * 6, Claim.FIRST),
        ([1, 2, 3, 1, 2, 3, 9], [2, 3, 4, 2, 3, 4, 1], Claim.NO_CLAIM),
        ([7, 8, None], [7, 8, None], Claim.EQUAL),
        ([None] * 9, [None] * 9, Claim.NEITHER),
        ([None], [None], Claim.NEITHER),
        ([1], [1000], Claim.NO_CLAIM),
        ([1], [1], Claim.NO_CLAIM),
    ],
)
def test_what_may_be_said(make_group, first, second, claim):
    found = compare_pair(make_group(first, "a"), make_group(second, "b"))
    assert found.claim is claim
    expected = {Claim.FIRST: ("a", "b"), Claim.SECOND: ("b", "a")}.get(claim, (None, None))
    assert (found.faster, found.slower) == expected


def test_seeds_are_matched_and_those_that_one_lacks_left_out(make_group):
    first = make_group([1, 5, 3], "a", seeds=[0, 1, 2])
    second = make_group([9, 4, 1], "b", seeds=[2, 1, 7])
    found = compare_pair(first, second)
    assert (found.seeds, found.wins, found.losses) == (2, 1, 1)
    assert compare_pair(first, make_group([1], "b", seeds=[5])).claim is Claim.NO_CLAIM


def test_what_every_seed_repeats_is_a_fact_of_one_start_and_needs_no_test(make_group):
    first, second = (make_group([n] * 2, str(n), same_start=True) for n in (10, 11))
    found = compare_pair(first, second)
    assert (found.exact, found.claim) == (True, Claim.FIRST)
    noisy = make_group([10, 11], "noisy")
    assert compare_pair(first, noisy).exact is False
    assert compare_pair(make_group([1], same_start=True), make_group([2], same_start=True)).claim is Claim.NO_CLAIM


def test_the_more_pairs_are_looked_at_the_more_seeds_a_claim_takes(make_group):
    def claims(seeds, optimizers):
        groups = [make_group([k + 1] * seeds, str(k)) for k in range(optimizers)]
        return sum(pair.faster is not None for pair in compare_groups(groups))

    assert [claims(seeds, 2) for seeds in (5, 6)] == [0, 1]
    assert [claims(seeds, 3) for seeds in (6, 7)] == [0, 3]
    assert fewest_seeds() == 6
    for pairs in (1, 3, 6, 435):
        enough, short = (pairs * stats.binomtest(n, n).pvalue for n in (fewest_seeds(pairs), fewest_seeds(pairs) - 1))
        assert enough <= 0.05 < short


def test_optimizers_that_are_alike_are_rarely_called_different(make_group):
    rng, false_claims = np.random.default_rng(0), 0
    for _ in range(300):
        groups = [make_group(rng.integers(1, 1000, 12).tolist(), name) for name in "abc"]
        false_claims += any(pair.faster for pair in compare_groups(groups))
    assert false_claims / 300 <= 0.05


def test_runs_in_different_settings_are_not_compared(make_group):
    with pytest.raises(ValueError, match="by_setting"):
        compare_groups([make_group([1]), make_group([1], target=1e-3)])


def test_fewer_than_two_optimizers_make_no_pairs(make_group):
    assert compare_groups([]) == []
    assert compare_groups([make_group([1])]) == []
