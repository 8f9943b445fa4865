"""Numbers as people read them: whether a text shows a value, right to its last digit."""

from __future__ import annotations

import math
from decimal import Decimal

NOTHING = "–"

SLACK = 1e-9
"""The relative error that a printed value may have besides its rounding."""


def is_shown(text: str, truth, slack: float = 0.0) -> bool:
    """Return whether a text is a value, rounded to the digits that it shows. slack: a further absolute error."""
    value = float(truth)
    if text in ("∞", "-∞"):
        return math.isinf(value) and (value > 0) == (text == "∞")
    if text == NOTHING or not math.isfinite(value):
        return False
    number = Decimal(text.replace(",", ""))
    half = float(Decimal(5).scaleb(int(number.as_tuple().exponent) - 1))
    if number == 0:  # a lone zero is said of exact ones only
        half = 0.0
    return abs(float(number) - value) <= half * (1 + 1e-6) + SLACK * abs(value) + slack


def number(text: str) -> float:
    """Return the number that a text shows."""
    return math.inf if text == "∞" else math.nan if text == NOTHING else float(text.replace(",", ""))
