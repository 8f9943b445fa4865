"""Slower is said only of what is slower in every way; where nothing can be said, that is said."""

import random

import pytest

from linbench.gate.timing.decision import (
    Decision,
    SideTimes,
    StepComparison,
    StepTimes,
    compare_optimizer,
    compare_sides,
    confirm,
    control_difference,
)

BASE = (10.0, 10.1, 10.2, 10.3, 10.4)


def times(factor, values=BASE):
    return tuple(value * factor for value in values)


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(0.5, "fine"), (1.0, "fine"), (1.09, "fine"), (1.101, "slower"), (1.25, "slower"), (2.0, "slower")],
)
def test_slower_begins_at_a_tenth(factor, outcome):
    comparison = compare_optimizer("o", times(factor), BASE)
    assert comparison.outcome == outcome
    assert comparison.ratio == pytest.approx(factor)


def test_a_tenth_that_the_ranks_do_not_show_is_inconclusive():
    comparison = compare_optimizer("o", (9.0, 9.5, 12.0, 13.0, 14.0), BASE)
    assert comparison.outcome is Decision.INCONCLUSIVE
    assert comparison.why == "1.18 × as long, p = 0.35, where at most 0.01 would count"


def test_too_few_processes_can_show_nothing():
    comparison = compare_optimizer("o", (20.0, 20.1, 20.2), BASE[:3])
    assert comparison.outcome is Decision.INCONCLUSIVE
    assert "3 and 3 processes cannot give a p of at most 0.01" in comparison.why


def test_a_measurement_that_would_hide_a_quarter_more_says_nothing():
    """Medians are equal, but the values lie so far apart that 25% on top would drown in them."""
    comparison = compare_optimizer("o", (6.0, 8.0, 10.2, 13.0, 16.0), (6.5, 8.0, 10.2, 13.0, 15.0))
    assert comparison.outcome is Decision.INCONCLUSIVE
    assert comparison.why == "too noisy to show a slowdown by 25%"


def test_what_was_not_measured_is_inconclusive_with_the_reason():
    now = SideTimes({"a": StepTimes(BASE, BASE)}, {"b": "ValueError: no"})
    was = SideTimes({"b": StepTimes(BASE, BASE), "c": StepTimes(BASE, BASE)})
    comparisons = {one.optimizer: (one.outcome, one.why) for one in compare_sides(now, was)}
    assert comparisons == {
        "a": (Decision.INCONCLUSIVE, "it was not measured on both sides"),
        "b": (Decision.INCONCLUSIVE, "ValueError: no"),
        "c": (Decision.INCONCLUSIVE, "it was not measured on both sides"),
    }


@pytest.mark.parametrize(("factor", "fails"), [(1.0, False), (1.09, False), (1.2, True), (1 / 1.2, True)])
def test_the_control_fails_in_both_directions(factor, fails):
    assert (control_difference(times(factor), BASE) is not None) == fails


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_where_the_control_fails_nothing_is_said_of_anything(factor):
    now = SideTimes({"o": StepTimes(times(factor), times(1.3))})
    (comparison,) = compare_sides(now, SideTimes({"o": StepTimes(BASE, BASE)}))
    assert comparison.outcome is Decision.INCONCLUSIVE
    assert comparison.why == "the control, the same code on both sides, took 1.30 × as long: the sides are not alike"


AGAIN = (10.05, 10.15, 10.25, 10.35, 10.45)
"""The base, measured a second time."""


def twice(first, second):
    """Decide on two measurements, in which a step takes so many times as long."""
    return confirm(compare_optimizer("o", times(first), BASE), compare_optimizer("o", times(second, AGAIN), AGAIN))


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (1.2, 1.3, "slower"),
        (1.08, 1.16, "slower"),  # by both together
        (1.16, 1.08, "slower"),
        (1.2, 1.01, "inconclusive"),
        (1.06, 1.5, "slower"),
        (1.3, 1.04, "inconclusive"),  # a second look that shows nothing confirms nothing
        (1.06, 1.06, "fine"),  # less than a tenth, measured well
        (1.06, 0.9, "fine"),
    ],
)
def test_both_measurements_together_decide_and_the_second_must_be_suspect_too(first, second, outcome):
    assert twice(first, second).outcome == outcome


def test_all_values_are_kept_and_what_was_not_confirmed_says_so():
    slower, once = twice(1.2, 1.3), twice(1.2, 1.01)
    assert (len(slower.now), len(slower.was)) == (10, 10)
    assert slower.why.startswith("1.25 × as long, p = 5.4e-06")
    assert once.why == "1.20 × as long at first, 1.01 × when measured again"


def test_a_second_measurement_that_cannot_be_comparison_confirms_nothing():
    first = compare_optimizer("o", times(1.2), BASE)
    lost = StepComparison("o", (), (), Decision.INCONCLUSIVE, "it was not measured on both sides")
    assert confirm(first, lost) is lost
    sides = SideTimes({"o": StepTimes(times(1.2), times(1.3))}), SideTimes({"o": StepTimes(BASE, BASE)})
    (unlike,) = compare_sides(*sides)
    assert confirm(first, unlike) is unlike
    assert not unlike.suspect


def test_stored_times_are_not_counted_twice():
    both = confirm(compare_optimizer("o", times(1.2), BASE), compare_optimizer("o", times(1.3, AGAIN), BASE))
    assert (both.outcome, len(both.was), len(both.now)) == (Decision.SLOWER, 5, 10)


@pytest.mark.parametrize(("factor", "suspect"), [(1.0, False), (1.04, False), (1.06, True), (1.3, True)])
def test_a_twentieth_is_worth_another_look(factor, suspect):
    assert compare_optimizer("o", times(factor), BASE).suspect == suspect


def decision(chance, factor, noise):
    """Decide on up to two measurements where a step takes `factor` times as long, and processes differ by `noise`."""

    def five(factor):
        return [factor * chance.lognormvariate(0, noise) for _ in range(5)]

    first = compare_optimizer("o", five(factor), five(1.0))
    return confirm(first, compare_optimizer("o", five(factor), five(1.0))) if first.suspect else first


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.3])
def test_sides_that_are_alike_are_called_slower_less_than_once_in_a_thousand_times(noise):
    """However far processes differ: all orders are as likely, and both measurements must lie at their end."""
    chance = random.Random(0)
    alarms = sum(decision(chance, 1.0, noise).outcome is Decision.SLOWER for _ in range(10_000))
    assert alarms < 10


@pytest.mark.parametrize(("factor", "noise", "share"), [(1.15, 0.025, 0.99), (1.25, 0.04, 0.99), (2.0, 0.1, 0.99)])
def test_slowdowns_well_above_the_noise_are_called_slower(factor, noise, share):
    chance = random.Random(0)
    caught = sum(decision(chance, factor, noise).outcome is Decision.SLOWER for _ in range(1_000))
    assert caught >= share * 1_000
