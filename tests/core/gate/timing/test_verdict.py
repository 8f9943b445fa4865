"""Slower is said only of what is slower in every way; where nothing can be said, that is said."""

import random

import pytest

from linbench.core.gate.timing.verdict import (
    Compared,
    Outcome,
    Times,
    Timings,
    compare,
    compare_all,
    confirmed,
    control_differs,
)

BASE = (10.0, 10.1, 10.2, 10.3, 10.4)


def times(factor, values=BASE):
    return tuple(value * factor for value in values)


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(0.5, "fine"), (1.0, "fine"), (1.09, "fine"), (1.101, "slower"), (1.25, "slower"), (2.0, "slower")],
)
def test_slower_begins_at_a_tenth(factor, outcome):
    compared = compare("o", times(factor), BASE)
    assert compared.outcome == outcome
    assert compared.ratio == pytest.approx(factor)


def test_a_tenth_that_the_ranks_do_not_show_is_inconclusive():
    compared = compare("o", (9.0, 9.5, 12.0, 13.0, 14.0), BASE)
    assert compared.outcome is Outcome.INCONCLUSIVE
    assert compared.why == "1.18 × as long, p = 0.35, where at most 0.01 would count"


def test_too_few_processes_can_show_nothing():
    compared = compare("o", (20.0, 20.1, 20.2), BASE[:3])
    assert compared.outcome is Outcome.INCONCLUSIVE
    assert "3 and 3 processes cannot give a p of at most 0.01" in compared.why


def test_a_measurement_that_would_hide_a_quarter_more_says_nothing():
    """Medians are equal, but the values lie so far apart that 25% on top would drown in them."""
    compared = compare("o", (6.0, 8.0, 10.2, 13.0, 16.0), (6.5, 8.0, 10.2, 13.0, 15.0))
    assert compared.outcome is Outcome.INCONCLUSIVE
    assert compared.why == "too noisy to show a slowdown by 25%"


def test_what_was_not_measured_is_inconclusive_with_the_reason():
    now = Timings({"a": Times(BASE, BASE)}, {"b": "ValueError: no"})
    was = Timings({"b": Times(BASE, BASE), "c": Times(BASE, BASE)})
    found = {one.optimizer: (one.outcome, one.why) for one in compare_all(now, was)}
    assert found == {
        "a": (Outcome.INCONCLUSIVE, "it was not measured on both sides"),
        "b": (Outcome.INCONCLUSIVE, "ValueError: no"),
        "c": (Outcome.INCONCLUSIVE, "it was not measured on both sides"),
    }


@pytest.mark.parametrize(("factor", "fails"), [(1.0, False), (1.09, False), (1.2, True), (1 / 1.2, True)])
def test_the_control_fails_in_both_directions(factor, fails):
    assert (control_differs(times(factor), BASE) is not None) == fails


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_where_the_control_fails_nothing_is_said_of_anything(factor):
    now = Timings({"o": Times(times(factor), times(1.3))})
    (compared,) = compare_all(now, Timings({"o": Times(BASE, BASE)}))
    assert compared.outcome is Outcome.INCONCLUSIVE
    assert compared.why == "the control, the same code on both sides, took 1.30 × as long: the sides are not alike"


def test_slower_is_confirmed_or_becomes_inconclusive():
    slow, slower = compare("o", times(1.2), BASE), compare("o", times(1.3), BASE)
    assert confirmed(slow, slower) is slower
    once = confirmed(slow, compare("o", times(1.01), BASE))
    assert once.outcome is Outcome.INCONCLUSIVE
    assert once.why == "1.20 × as long, p = 0.004 at first, 1.01 × when measured again"
    lost = confirmed(slow, Compared("o", (), (), Outcome.INCONCLUSIVE, "it was not measured on both sides"))
    assert lost.outcome is Outcome.INCONCLUSIVE
    assert lost.why.endswith("not measured when measured again; it was not measured on both sides")


def test_sides_that_are_alike_are_called_slower_twice_less_than_once_in_a_thousand():
    """Whatever the noise: under the null every order is as likely, and p ≤ 0.01 allows 2 of 252."""
    chance = random.Random(0)

    def wrongly():
        now, was = ([chance.lognormvariate(0, 0.3) for _ in range(5)] for _ in range(2))
        return compare("o", now, was).outcome is Outcome.SLOWER

    alarms = sum(wrongly() for _ in range(20_000))
    assert alarms <= 20_000 * 2 / 252 * 1.25  # five standard deviations above what is expected
    assert (alarms / 20_000) ** 2 < 1e-3
