"""The numbers by which a run is judged: the rounding of its costs, and the bounds of a stall and of a divergence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.problem.closed_form import Theory

RULES = 2
"""Number of the rules by which numbers and statuses come about.

It is raised with every change of a number, of a default or of the rule of a status, and is part of every key, record
and baseline: records of older rules are shown, but never taken for this version's. CHANGELOG.md says what changed.
"""

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Machine epsilon, the spacing of numbers at 1, as torch.finfo has it."""

DIVERGENCE_FACTOR = 10.0
"""A run that ends at this many times the larger of its initial cost and the cost at zero parameters diverged."""

STALL_WINDOW = 0.1
"""The share of the epochs, at least `STALL_EPOCHS` of them, by whose highs and lows the movement of a cost is told."""

STALL_EPOCHS = 10

PARTS = 5
"""Windows at the end of a run over which neither highs nor lows may move for it to have stalled."""

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


def cost_rounding(costs: Tensor, theory: Theory, eps: float) -> Tensor:
    """Return by how much costs computed with machine epsilon `eps` may be off: (√c + r)² − c, r as in `noise_floor`."""
    rounding = 8 * eps * math.sqrt(theory.zero_cost)
    return rounding * (2 * costs.clamp(min=0).sqrt() + rounding)
