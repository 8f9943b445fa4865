"""Predictions for gradient methods from any start: the epochs to a target, and the gap after so many epochs.

A start is known by its gap parts: the part of its gap along each eigenvector of the Hessian. Without one, the start at
zero parameters is meant, whose parts the theory holds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.theory.best_lr import BestLr, best_lr
from linbench.theory.krylov import krylov_epochs
from linbench.theory.modes import Mode, first_crossing, gap_after, mode_of
from linbench.theory.rates import (
    GradientMethod,
    standard_nesterov,
    tuned_gradient_descent,
    tuned_heavy_ball,
    tuned_nesterov,
)

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory


@dataclass(frozen=True, slots=True)
class Prediction:
    """A method, and the first epoch after which the relative gap is at most the target; None where it never is.

    between: the least and the largest number of epochs, over curvatures that are as much off as float64 rounds them.
    Tuned methods stand at the edge of stability, where κ times the rounding counts.
    """

    method: GradientMethod
    epochs: int | None
    between: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions for a problem, a target (a relative gap) and the start at zero parameters.

    best_gradient_descent: at the fixed lr that is best for this start. gradient_descent, heavy_ball, nesterov,
    nesterov_for_quadratics: the methods of `rates`, tuned for the worst of all starts.
    krylov_limit: the fewest epochs of any method whose steps are combinations of gradients.
    """

    target: float
    best_gradient_descent: Prediction
    gradient_descent: Prediction
    heavy_ball: Prediction
    nesterov: Prediction
    nesterov_for_quadratics: Prediction
    krylov_limit: int


def predict(theory: Theory, target: float) -> Predictions:
    """Predict the epochs to a target (relative gap) for each tuned method, and their limit; exact up to rounding.

    Raises ValueError where the theory does not hold its `gap_parts`, or numbers that are not finite.
    """

    def prediction(method: GradientMethod) -> Prediction:
        return predict_one(theory, method, target)

    best = best_lr_for(theory, target)
    minimax = prediction(tuned_gradient_descent(theory))
    return Predictions(
        target=target,
        best_gradient_descent=minimax
        if best is None
        else _bracketed(theory, GradientMethod(best.lr), target, best.epochs),
        gradient_descent=minimax,
        heavy_ball=prediction(tuned_heavy_ball(theory)),
        nesterov=prediction(standard_nesterov(theory)),
        nesterov_for_quadratics=prediction(tuned_nesterov(theory)),
        krylov_limit=krylov_limit(theory, target),
    )


KNOWN_EPOCHS = 10_000
"""Up to so many epochs, a prediction is known to the last."""

_ROUNDING = 2.0**-51
"""The relative error of a curvature that is allowed for: two roundings of float64."""


def predict_one(theory: Theory, method: GradientMethod, target: float) -> Prediction:
    """Predict the epochs of one method to a target (relative gap), from zero parameters.

    Raises ValueError as `predict` does.
    """
    return _bracketed(theory, method, target, predicted_epochs(theory, method, target))


def _bracketed(theory: Theory, method: GradientMethod, target: float, epochs: int | None) -> Prediction:
    if epochs is None or epochs <= KNOWN_EPOCHS:
        return Prediction(method, epochs)
    middle = math.sqrt(theory.L) * math.sqrt(theory.mu)
    found = [epochs]
    for large, small in itertools.product((1 - _ROUNDING, 1 + _ROUNDING), repeat=2):
        moved = [c * (large if c > middle else small) for c in theory.curvatures]
        modes = [mode_of(method, c, gap) for c, gap in zip(moved, _parts(theory, None), strict=True)]
        other = first_crossing(modes, target * theory.scale)
        if other is not None:
            found.append(other)
    return Prediction(method, epochs, (min(found), max(found)))


def predicted_epochs(
    theory: Theory, method: GradientMethod, target: float, start: Sequence[float] | None = None
) -> int | None:
    """Return the first epoch after which a method's relative gap is at most the target; None where it never is.

    start: the gap parts along the curvatures that are not zero, (rank,). The arithmetic is exact. It takes some hundred
    evaluations of a closed form, for any number of epochs. Raises ValueError where the theory does not hold its
    `gap_parts`, or numbers that are not finite.
    """
    return first_crossing(_modes(theory, method, start), target * theory.scale)


def predicted_gap(theory: Theory, method: GradientMethod, epochs: int, start: Sequence[float] | None = None) -> float:
    """Return the gap, cost − optimum cost, after so many epochs. start and errors as for `predicted_epochs`."""
    return gap_after(_modes(theory, method, start), epochs)


def best_lr_for(theory: Theory, target: float, start: Sequence[float] | None = None) -> BestLr | None:
    """Return the constant lr with which gradient descent is at the target first; None where the start is there.

    start and errors as for `predicted_epochs`.
    """
    return best_lr(theory.curvatures, _parts(theory, start), target * theory.scale)


def krylov_limit(theory: Theory, target: float, start: Sequence[float] | None = None) -> int:
    """Return the fewest gradients with which a method that steps along them only can be at the target.

    start and errors as for `predicted_epochs`.
    """
    return krylov_epochs(theory.curvatures, _parts(theory, start), target * theory.scale)


def _modes(theory: Theory, method: GradientMethod, start: Sequence[float] | None) -> list[Mode]:
    parts = _parts(theory, start)
    return [mode_of(method, curvature, gap) for curvature, gap in zip(theory.curvatures, parts, strict=True)]


def _parts(theory: Theory, start: Sequence[float] | None) -> tuple[float, ...]:
    if not theory.rank or (start is None and not theory.gap_parts):
        raise ValueError("a prediction needs the gap of the start by eigenvector")
    parts = theory.gap_parts[len(theory.gap_parts) - theory.rank :] if start is None else tuple(start)
    if not all(map(math.isfinite, (*parts, *theory.spectrum, theory.scale, theory.condition_number))):
        raise ValueError("a prediction needs a finite spectrum and finite costs")
    return parts
