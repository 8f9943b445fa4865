"""The exact rank test is what scipy computes, and what counting every order by hand gives."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from linbench.gate.timing.rank_test import p_above, smallest_p

samples = st.lists(st.floats(0.1, 100), min_size=1, max_size=7, unique=True)


@given(samples, samples)
def test_without_ties_it_is_scipys_exact_one_sided_p(sample, other):
    other = [value for value in other if value not in sample] or [101.0]
    expected = mannwhitneyu(sample, other, alternative="greater", method="exact").pvalue
    assert p_above(sample, other) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (4, 3), (5, 5)])
def test_p_is_the_share_of_all_orders_with_so_many_pairs_above(n, m):
    """Every way to deal the ranks 0 … n + m − 1 to the two samples, each as likely as any other."""
    deals = [(set(own), set(range(n + m)) - set(own)) for own in itertools.combinations(range(n + m), n)]
    pairs = [sum(a > b for a in own for b in other) for own, other in deals]
    for (own, other), u in zip(deals, pairs, strict=True):
        assert p_above(sorted(own), sorted(other)) == pytest.approx(sum(one >= u for one in pairs) / len(deals))


@given(samples, samples)
def test_equal_values_are_no_evidence(sample, other):
    """Ties make it larger than the tie's being broken either way against it, never smaller."""
    tied = [round(value) for value in sample], [round(value) for value in other]
    lower = [value - 0.25 for value in tied[0]]  # every tie broken against the sample
    assert p_above(*tied) == p_above(lower, tied[1])


def test_five_a_side_can_be_evidence_and_three_cannot():
    assert smallest_p(5, 5) == p_above([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == 1 / 252
    assert smallest_p(3, 3) == 1 / 20


def test_one_pair_out_of_order_is_still_evidence_at_a_hundredth_and_two_are_not():
    base = [1, 2, 3, 4, 5]
    assert p_above([4.5, 7, 8, 9, 10], base) == pytest.approx(2 / 252)
    assert p_above([3.5, 7, 8, 9, 10], base) == pytest.approx(4 / 252)


def test_p_is_one_where_there_are_no_values():
    assert p_above([], [1.0]) == p_above([1.0], []) == 1


def test_a_hundred_processes_are_counted_in_no_time():
    assert math.isclose(p_above(range(30, 60), range(30)), smallest_p(30, 30))
