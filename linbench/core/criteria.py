"""The numbers by which a run is judged: the rounding of its costs, and the bounds of a stall and of a divergence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Machine epsilon, the spacing of numbers at 1, as torch.finfo has it."""

DIVERGENCE_FACTOR = 10.0
"""A run that ends at this many times the larger of its initial cost and the cost at zero parameters diverged."""

STALL_WINDOW = 0.1
"""A run whose best cost did not improve in this last part of its epochs (at least `STALL_EPOCHS`) stalled."""

STALL_EPOCHS = 10

LOOK_EVERY = 50
"""Epochs between two looks at whether a run may stop; the same for every engine, so where it stops is too."""


def noise_floor(theory: Theory, eps: float) -> float:
    """Return the gap below which costs computed with machine epsilon `eps` cannot be told apart.

    Near the optimum each residual carries a rounding error of about eps·|y|. With r = 8·eps·√mean(y²), where 8 leaves
    room for the handful of operations in between, a cost is off by up to (√cost* + r)² − cost*.
    """
    rounding = 8 * eps * math.sqrt(theory.zero_cost)
    return rounding * (2 * math.sqrt(theory.optimum_cost) + rounding)


def stall_window(epochs: int) -> int:
    """Return how many epochs, the last of so many, a run may go without a new best cost before it has stalled."""
    return max(STALL_EPOCHS, math.ceil(epochs * STALL_WINDOW))
