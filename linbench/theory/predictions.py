"""Predictions for gradient methods from any start: the epochs to a target, and the gap after so many epochs.

A start is known by its gap parts: the part of its gap along each eigenvector of the Hessian. Without one, the start at
zero parameters is meant, whose parts the theory holds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
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


KNOWN_EPOCHS = 1_000
"""Up to so many epochs, the rounding of curvatures moves a prediction by far less than an epoch."""

_ROUNDING = 2.0**-49
"""The relative error of a curvature that is allowed for: its own rounding, and those of a recurrence's coefficients,
which weigh as much where two roots nearly meet."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A method, and the first epoch after which the relative gap is at most the target; None where it never is.

    between: the least and the largest number of epochs that curvatures within their rounding give, where those differ;
    the largest is None where the target may never be reached, or beyond `modes.FARTHEST`. Tuned methods stand at the
    edge of stability, where κ times that rounding counts.
    """

    method: GradientMethod
    epochs: int | None
    between: tuple[int, int | None] | None = None


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
    best = best_lr_for(theory, target)
    minimax = tuned_gradient_descent(theory)
    return Predictions(
        target=target,
        best_gradient_descent=predict_one(theory, minimax if best is None else GradientMethod(best.lr), target),
        gradient_descent=predict_one(theory, minimax, target),
        heavy_ball=predict_one(theory, tuned_heavy_ball(theory), target),
        nesterov=predict_one(theory, standard_nesterov(theory), target),
        nesterov_for_quadratics=predict_one(theory, tuned_nesterov(theory), target),
        krylov_limit=krylov_limit(theory, target),
    )


def predict_one(theory: Theory, method: GradientMethod, target: float) -> Prediction:
    """Predict the epochs of one method to a target (relative gap), from zero parameters.

    Raises ValueError as `predict` does.
    """
    epochs = predicted_epochs(theory, method, target)
    if epochs is None or epochs <= KNOWN_EPOCHS:
        return Prediction(method, epochs)
    found = [epochs, *_with_rounded_curvatures(theory, method, target)]
    least = min(one for one in found if one is not None)
    most = None if None in found else max(one for one in found if one is not None)
    return Prediction(method, epochs, None if least == most else (least, most))


def _with_rounded_curvatures(theory: Theory, method: GradientMethod, target: float) -> Iterator[int | None]:
    """Yield the epochs where all large curvatures, and all small ones, are a little larger or smaller than held."""
    middle = math.sqrt(theory.L) * math.sqrt(theory.mu)
    for large, small in itertools.product((1 - _ROUNDING, 1 + _ROUNDING), repeat=2):
        moved = [curvature * (large if curvature > middle else small) for curvature in theory.curvatures]
        yield first_crossing(_modes(method, moved, _parts(theory, None)), target * theory.scale)


def predicted_epochs(
    theory: Theory, method: GradientMethod, target: float, start: Sequence[float] | None = None
) -> int | None:
    """Return the first epoch after which a method's relative gap is at most the target; None where it never is.

    start: the gap parts along the curvatures that are not zero, (rank,). The arithmetic is exact. It takes some hundred
    evaluations of a closed form, for any number of epochs. Raises ValueError where the theory does not hold its
    `gap_parts`, or numbers that are not finite.
    """
    return first_crossing(_modes(method, theory.curvatures, _parts(theory, start)), target * theory.scale)


def predicted_gap(theory: Theory, method: GradientMethod, epochs: int, start: Sequence[float] | None = None) -> float:
    """Return the gap, cost − optimum cost, after so many epochs. start and errors as for `predicted_epochs`."""
    return gap_after(_modes(method, theory.curvatures, _parts(theory, start)), epochs)


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


def _modes(method: GradientMethod, curvatures: Sequence[float], parts: Sequence[float]) -> list[Mode]:
    return [mode_of(method, curvature, gap) for curvature, gap in zip(curvatures, parts, strict=True)]


def _parts(theory: Theory, start: Sequence[float] | None) -> tuple[float, ...]:
    if not theory.rank or (start is None and not theory.gap_parts):
        raise ValueError("a prediction needs the gap of the start by eigenvector")
    parts = theory.gap_parts[len(theory.gap_parts) - theory.rank :] if start is None else tuple(start)
    if not all(map(math.isfinite, (*parts, *theory.spectrum, theory.scale, theory.condition_number))):
        raise ValueError("a prediction needs a finite spectrum and finite costs")
    return parts
