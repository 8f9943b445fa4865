"""Predictions for runs from zero parameters: the epochs to a target, and the gap after so many epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """A method, and the first epoch after which the relative gap is at most the target; None where it never is."""

    method: GradientMethod
    epochs: int | None


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions for a problem, a target (a relative gap) and the start at zero parameters.

    gradient_descent, heavy_ball, nesterov, nesterov_for_quadratics: the tuned methods of `rates`.
    krylov_limit: the fewest epochs of any method whose steps are combinations of gradients.
    """

    target: float
    gradient_descent: Prediction
    heavy_ball: Prediction
    nesterov: Prediction
    nesterov_for_quadratics: Prediction
    krylov_limit: int


def predict(theory: Theory, target: float) -> Predictions:
    """Predict the epochs to a target (relative gap) for each tuned method, and their limit; exact up to rounding.

    Raises ValueError where the theory does not hold its `gap_parts`, or numbers that are not finite.
    """
    parts = _parts(theory)

    def prediction(method: GradientMethod) -> Prediction:
        return Prediction(method, predicted_epochs(theory, method, target))

    return Predictions(
        target=target,
        gradient_descent=prediction(tuned_gradient_descent(theory)),
        heavy_ball=prediction(tuned_heavy_ball(theory)),
        nesterov=prediction(standard_nesterov(theory)),
        nesterov_for_quadratics=prediction(tuned_nesterov(theory)),
        krylov_limit=krylov_epochs(theory.curvatures, parts, target * theory.scale),
    )


def predicted_epochs(theory: Theory, method: GradientMethod, target: float) -> int | None:
    """Return the first epoch after which a method's relative gap is at most the target; None where it never is.

    The start is at zero parameters, the arithmetic exact. It takes some hundred evaluations of a closed form, for any
    number of epochs. Raises ValueError where the theory does not hold its `gap_parts`, or numbers that are not finite.
    """
    return first_crossing(_modes(theory, method), target * theory.scale)


def predicted_gap(theory: Theory, method: GradientMethod, epochs: int) -> float:
    """Return the gap, cost − optimum cost, after so many epochs from zero parameters.

    Raises ValueError as `predicted_epochs` does.
    """
    return gap_after(_modes(theory, method), epochs)


def _modes(theory: Theory, method: GradientMethod) -> list[Mode]:
    return [mode_of(method, curvature, gap) for curvature, gap in zip(theory.curvatures, _parts(theory), strict=True)]


def _parts(theory: Theory) -> tuple[float, ...]:
    if not theory.gap_parts or not theory.rank:
        raise ValueError("a prediction needs the gap at zero parameters by eigenvector")
    if not all(map(math.isfinite, (*theory.gap_parts, *theory.spectrum, theory.scale, theory.condition_number))):
        raise ValueError("a prediction needs a finite spectrum and finite costs")
    return theory.gap_parts[len(theory.gap_parts) - theory.rank :]
