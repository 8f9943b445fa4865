"""Axes of a figure: the positions of values and the ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_TICKS = 9

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from low to high, laid out over start … end (pixels; end may be the smaller one).

    Raises ValueError unless low < high, and low > 0 on a logarithmic axis.
    """

    label: str
    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high < math.inf or (self.logarithmic and self.low <= 0):
            raise ValueError(f"an axis cannot reach from {self.low:g} to {self.high:g}")

    def position(self, value: float) -> float:
        """Return the position of a value in pixels; outside of the axis, at most one length of the axis away.

        NaN counts as infinite, since costs that overflow become NaN.
        """
        share = self._share(value)
        return self.start + min(max(share, -1.0), 2.0) * (self.end - self.start)

    def ticks(self) -> Sequence[tuple[float, str]]:
        """Return values and their labels: decades on a logarithmic axis, every second or third if there are many."""
        if not self.logarithmic:
            return self._linear_ticks()
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / _MOST_TICKS))
        decades = [(10.0**exponent, power_of_ten(exponent)) for exponent in range(first, last + 1, step)]
        return decades if len(decades) > 1 else [(value, f"{value:.3g}") for value in self._values_within_decade()]

    def _values_within_decade(self) -> Sequence[float]:
        """Return 1, 2 and 5 times the powers of ten, for an axis that holds no more than one decade."""
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5)]
        slack = 1 + 1e-9
        return [value for value in values if self.low / slack <= value <= self.high * slack]

    def _linear_ticks(self) -> Sequence[tuple[float, str]]:
        """Return about five multiples of 1, 2 or 5 times a power of ten, with their labels."""
        wanted = (self.high - self.low) / 5
        unit = 10.0 ** math.floor(math.log10(wanted))
        step = min((factor * unit for factor in (1, 2, 5, 10)), key=lambda step: abs(step - wanted))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(i * step, f"{i * step:.3g}") for i in range(first, last + 1)]

    def _share(self, value: float) -> float:
        if math.isnan(value):
            return math.inf
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return -math.inf
        if math.isinf(value):
            return math.inf
        return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))


def power_of_ten(exponent: int) -> str:
    """Return a power of ten as text: 1, 10 and 100 as they are, others as 10⁻³."""
    return str(10**exponent) if 0 <= exponent <= 2 else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def decades_around(low: float, high: float) -> tuple[float, float]:
    """Return the powers of ten next to a range, one decade apart at least."""
    below, above = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return 10.0**below, 10.0 ** max(above, below + 1)
