"""Numbers for people: significant digits only, units where they help, one dash for a missing number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.core.outcome.record import StepTime

NOTHING = "–"


def significant(value: float | None, digits: int) -> str:
    """Return `digits` significant digits, in plain notation where that is short."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the rounded value: 9.9996 is written as 10.00
    if -4 <= exponent < 7:
        return f"{value:.{max(digits - 1 - exponent, 0)}f}"
    return f"{value:.{digits - 1}e}"


def compact(value: float) -> str:
    """Return a number as `significant` with 4 digits writes it, without trailing zeros."""
    text = significant(value, 4)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def integer(value: float | None) -> str:
    """Return a count as text; a median between two counts has its half."""
    if value is None or math.isnan(value) or math.isinf(value):
        return NOTHING
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def seconds(value: float | None) -> str:
    """Return a duration in s, ms or µs with two significant digits. value: in seconds."""
    if value is None or not math.isfinite(value):
        return NOTHING
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{significant(value / size, 2)} {unit}"
    return f"{significant(value / 1e-6, 2)} µs"


def step_time(time: StepTime | None) -> str:
    """Return `105 ± 4`: the median with as many digits as the interquartile range leaves meaningful."""
    if time is None:
        return NOTHING
    if time.iqr <= 0:
        return significant(time.median, 3)
    decimals = min(max(-math.floor(math.log10(time.iqr)), 0), 2)
    return f"{time.median:.{decimals}f} ± {time.iqr:.{decimals}f}"


def spread(values: Sequence[float | None], write: Callable[[float | None], str]) -> str:
    """Return one value as it is, several as `median [min–max]`; a missing one counts as infinitely bad."""
    if all(value is None for value in values):
        return NOTHING
    known = sorted(math.inf if value is None or math.isnan(value) else value for value in values)
    middle, low, high = write(_median(known)), write(known[0]), write(known[-1])
    if low == high:
        return middle
    return f"{middle} [{low}–{'∞' if math.isinf(known[-1]) else high}]"


def median(values: Iterable[float | None]) -> float:
    """Return the median; a missing value counts as infinitely bad."""
    return _median(sorted(math.inf if value is None or math.isnan(value) else value for value in values))


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
