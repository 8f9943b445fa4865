"""Numbers are written with the digits that mean something, and read back as what they were."""

import decimal
import math
import statistics

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linbench import StepTime
from linbench.results.table.numbers import compact, integer, median, seconds, significant, spread, step_time

FINITE = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value != 0)


@given(FINITE | st.floats(1e-5, 1e8), st.integers(1, 8))
@example(9.9996, 4)
@example(99.95, 3)
@example(9999999.6, 3)
@example(-0.00099999, 2)
def test_a_number_has_so_many_significant_digits_and_whole_numbers_keep_all_of_theirs(value, digits):
    text = significant(value, digits)
    rounded = decimal.Context(prec=digits).create_decimal(value)
    if "e" in text:
        assert decimal.Decimal(text) == rounded
        assert len(text.lstrip("-").partition("e")[0].replace(".", "")) == digits
    elif "." in text:
        assert decimal.Decimal(text) == rounded
        assert len(text.replace(".", "").lstrip("-0")) == digits
    else:
        assert decimal.Decimal(text) == decimal.Decimal(value).to_integral_value(decimal.ROUND_HALF_EVEN)
    assert len(text) <= digits + 7


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0.0, "0"),
        (46.875, "46.88"),
        (1.5e-7, "1.500e-07"),
    ],
)
def test_what_is_not_there_is_a_dash_and_infinity_is_infinity(value, text):
    assert significant(value, 4) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.5, "12.5"), (100.0, "100"), (0.1, "0.1"), (0.11982, "0.1198"), (1e-7, "1.000e-07"), (5e12, "5.000e+12")],
)
def test_a_compact_number_has_no_trailing_zeros(value, text):
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (math.inf, "–"), (math.nan, "–"), (0, "0"), (1743, "1743"), (1743.5, "1743.5")]
)
def test_a_count_is_whole_but_for_the_half_of_a_median(value, text):
    assert integer(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.inf, "–"),
        (2.34, "2.3 s"),
        (1.0, "1.0 s"),
        (0.345, "345 ms"),
        (5e-3, "5.0 ms"),
        (12e-6, "12 µs"),
    ],
)
def test_a_duration_has_the_unit_that_keeps_it_short(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, "–"),
        (StepTime(105.37, 4.2), "105 ± 4"),
        (StepTime(105.37, 12.0), "105 ± 12"),
        (StepTime(105.37, 0.42), "105.4 ± 0.4"),
        (StepTime(105.375, 0.001), "105.38 ± 0.00"),
        (StepTime(105.37, 0.0), "105"),
    ],
)
def test_a_step_time_has_the_digits_that_its_spread_leaves(time, text):
    assert step_time(time) == text


VALUES = st.lists(st.none() | st.floats(0, 1e6) | st.just(math.nan), min_size=1, max_size=7)


@given(VALUES)
def test_a_missing_value_counts_as_infinitely_bad(values):
    worst = [math.inf if value is None or math.isnan(value) else value for value in values]
    assert median(values) == statistics.median(worst)
    assert median(reversed(values)) == median(values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([3.0], "3"),
        ([3.0, 3.0], "3"),
        ([5.0, 1.0, 3.0], "3 [1–5]"),
        ([None, 1.0, 3.0], "3 [1–∞]"),
        ([None, 1.0], "– [1–∞]"),
        ([None, None], "–"),
        ([math.nan, 2.0, 2.0], "2 [2–∞]"),
    ],
)
def test_several_values_are_their_median_and_range(values, text):
    assert spread(values, integer) == text
