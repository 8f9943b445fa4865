"""Where values lie on an axis, and its ticks."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench.results.report.axis import Axis, decades_around


def test_ticks_of_a_logarithmic_axis_are_its_decades():
    ticks = Axis("x", 1e-3, 1e3, 0, 600, logarithmic=True).ticks()
    assert [label for _, label in ticks] == ["10⁻³", "10⁻²", "10⁻¹", "1", "10", "100", "10³"]
    assert [value for value, _ in ticks] == pytest.approx([10.0**k for k in range(-3, 4)])


@pytest.mark.parametrize("decades", [1, 5, 9, 18, 40])
def test_decades_are_evenly_spaced_and_at_most_nine(decades):
    axis = Axis("x", 1.0, 10.0**decades, 0, 100, logarithmic=True)
    places = [axis.position(value) for value, _ in axis.ticks()]
    assert 2 <= len(places) <= 9
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps))


def test_within_a_decade_ticks_are_at_1_2_5():
    assert [label for _, label in Axis("x", 1.5, 6, 0, 100, logarithmic=True).ticks()] == ["2", "5"]


def test_ticks_of_a_linear_axis_are_round():
    labels = [label for _, label in Axis("y", -0.03, 1.03, 100, 0).ticks()]
    assert labels == ["0", "0.2", "0.4", "0.6", "0.8", "1"]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_ends_lie_at_the_ends_and_the_axis_may_run_backwards(logarithmic):
    axis = Axis("y", 1e-2, 1e2, 300, 20, logarithmic)
    assert (axis.position(1e-2), axis.position(1e2)) == pytest.approx((300, 20))
    assert not logarithmic or axis.position(1) == pytest.approx(160)


@given(st.floats(allow_nan=True, allow_infinity=True), st.booleans())
def test_every_value_has_a_finite_place_at_most_one_length_off(value, logarithmic):
    axis = Axis("x", 1e-6, 10.0, 0, 100, logarithmic)
    assert -100 <= axis.position(value) <= 200


def test_what_overflowed_is_above_and_what_is_not_positive_below():
    axis = Axis("y", 1e-6, 10.0, 100, 0, logarithmic=True)
    assert [axis.position(value) for value in (math.inf, math.nan, 0.0, -1.0)] == [-100, -100, 200, 200]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (1, math.inf), (math.nan, 1)])
def test_an_axis_without_length_is_refused(low, high):
    with pytest.raises(ValueError, match="an axis cannot reach from"):
        Axis("x", low, high, 0, 100)


def test_a_logarithmic_axis_from_zero_is_refused():
    with pytest.raises(ValueError, match="an axis cannot reach from 0 to 1"):
        Axis("x", 0, 1, 0, 100, logarithmic=True)


@pytest.mark.parametrize(
    ("low", "high", "around"),
    [(0.02, 30, (1e-2, 1e2)), (0.1, 10, (1e-1, 10)), (1, 1, (1, 10)), (3, 4, (1, 10))],
)
def test_decades_around_a_range(low, high, around):
    assert decades_around(low, high) == pytest.approx(around)
