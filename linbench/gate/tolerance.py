"""The distances from committed numbers that rounding may cause, and an edit may not."""

from __future__ import annotations

import math
from collections.abc import Sequence

RTOL = {"float64": 1e-9, "float32": 1e-4}
"""Far above what other processors and orders of summation change in some thousand steps, far below any edit."""

EPS = {"float64": 2.0**-52, "float32": 2.0**-23}
"""Machine epsilon."""


def cost_allowance(was: float, initial: float, dtype: str) -> float:
    """Return rtol·|c_b| + eps·c₀: a cost near zero is the difference of numbers as large as the initial cost."""
    return RTOL[dtype] * abs(was) + EPS[dtype] * abs(initial)


def parameter_allowance(was: Sequence[float], dtype: str) -> float:
    """Return rtol·‖w_b‖ + eps·√d."""
    return RTOL[dtype] * math.hypot(*was) + EPS[dtype] * math.sqrt(len(was))


def epoch_allowance(margin: float | None, dtype: str) -> int:
    """Return 1 where rounding can move the crossing of the target by an epoch, else 0."""
    return 1 if margin is not None and margin < RTOL[dtype] else 0
