"""Descriptions of runs in words: each run beside the best that theory allows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linbench.core.criteria import EPS, noise_floor
from linbench.core.outcome.record import Status
from linbench.theory.predictions import Predictions, predicted_epochs
from linbench.theory.rates import method_of

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory
    from linbench.theory.rates import GradientMethod

PREDICTION_TOLERANCE = 0.02
"""The share by which epochs may differ from predicted ones; one epoch is always allowed."""

DEPARTURE_FACTOR = 10
"""A run that ends at more than so many times the target did not stay there."""

SMALL_STEP = 0.1
"""The share of 1/L below which steps vanish in rounding because of the lr more than of the curvature."""


def describe_run(
    record: Record,
    theory: Theory | None = None,
    predictions: Predictions | None = None,
    rate: float | None = None,
) -> str:
    """Return one line about a run, without its name; a pure function.

    theory: the problem's, by default the record's own. predictions: `predict(theory, record.target)`, without which
    nothing is compared with tuned gradient descent and the Krylov limit. rate: the run's `measured_rate`, from which
    the missing epochs are estimated for optimizers that theory does not describe.

    The line is one of: failed · skipped · diverged (with the ratio of the lr to the largest stable one, or the
    reason) · oscillates · reached the target and left it · converged (at the predicted rate; by some factor slower than
    tuned gradient descent, or than the Krylov limit) · never moved · stalled (at the noise floor of the dtype, where
    steps are smaller than its rounding, or far above both) · still descending (with the epochs it needs).
    """
    theory = record.theory if theory is None else theory
    if record.status is Status.ERROR:
        return f"failed: {record.reason}"
    if record.status is Status.SKIPPED:
        return f"skipped: {record.reason}"
    method = method_of(record)
    ratio = 0.0 if theory is None or method is None else method.lr / method.largest_stable_lr(theory.L)
    if record.status is Status.DIVERGED:
        return f"diverged: lr is {_times(ratio)} the largest stable one" if ratio > 1 else f"diverged: {record.reason}"
    if record.status is Status.CONVERGED:
        return _describe_converged(record, theory, method, predictions)
    if method is not None and method.is_gradient_descent and ratio >= 1:
        return f"oscillates: lr is {_times(ratio)} 2/L"
    if record.status is Status.STALLED:
        return _describe_stalled(record, theory)
    return _describe_descending(record, theory, method, rate)


def precision_limit(theory: Theory, dtype: str, lr: float | None = None) -> float:
    """Return the gap below which a run in this dtype may stand still, for no fault of its optimizer.

    The larger of `criteria.noise_floor`, which is the resolution of the cost, and |δ|²/(2μ), where δ is the gradient
    that rounding leaves: eps·(|θ*|/lr + 8·√(L·cost at zero)). Below the first part a step is smaller than the
    parameters' rounding (lr: of gradient descent; 1/L by default); the second part is the rounding of residuals. 8 is
    as in `noise_floor`.
    """
    eps = EPS[dtype]
    size = math.hypot(*(value for row in (*theory.weight, theory.bias) for value in row))
    left = eps * (size * max(theory.L, 1 / lr if lr else 0.0) + 8 * math.sqrt(theory.L * theory.zero_cost))
    return max(noise_floor(theory, eps), left**2 / (2 * theory.mu))


def _describe_converged(
    record: Record, theory: Theory | None, method: GradientMethod | None, predictions: Predictions | None
) -> str:
    epochs = record.epochs_to_target or 0
    if record.relative_gap is not None and not record.relative_gap <= DEPARTURE_FACTOR * record.target:
        return f"reached the target after {epochs} epochs, but left it again"
    expected = _predict_epochs(record, theory, method)
    as_predicted = expected is not None and abs(epochs - expected) <= max(1, PREDICTION_TOLERANCE * expected)
    return ("converged at the predicted rate" if as_predicted else "converged") + _comparison(epochs, predictions)


def _comparison(epochs: int, predictions: Predictions | None) -> str:
    if predictions is None or not predictions.krylov_limit:
        return ""
    tuned, limit = predictions.gradient_descent.epochs, predictions.krylov_limit
    if tuned is not None and epochs > (1 + PREDICTION_TOLERANCE) * tuned:
        return f", {_number(epochs / tuned)}× slower than tuned gradient descent"
    return f", in {_number(epochs / limit)}× the epochs of the Krylov limit"


def _describe_stalled(record: Record, theory: Theory | None) -> str:
    if record.initial_cost is not None and record.initial_cost == record.best_cost == record.final_cost:
        return "never moved: its steps are zero, or smaller than rounding"
    method = method_of(record)
    if theory is not None and record.gap is not None:
        small_steps = method is not None and 0 < method.lr * theory.L < SMALL_STEP
        resolved = record.gap > noise_floor(theory, EPS[record.dtype])
        if method and small_steps and resolved and record.gap <= precision_limit(theory, record.dtype, method.lr):
            return f"stalled where its steps are smaller than {record.dtype} rounding"
        if record.gap <= precision_limit(theory, record.dtype):
            return f"stalled at the {record.dtype} noise floor"
    return "stalled far above the noise floor"


def _describe_descending(
    record: Record, theory: Theory | None, method: GradientMethod | None, rate: float | None
) -> str:
    if theory is not None and record.gap is not None and record.gap <= noise_floor(theory, EPS[record.dtype]):
        return f"stalled at the {record.dtype} noise floor"
    needed = _predict_epochs(record, theory, method)
    if needed is None and rate is not None and 0 < rate < 1 and record.relative_gap is not None:
        left = math.log(max(record.relative_gap / record.target, 1)) / (-2 * math.log(rate))
        needed = record.epochs_run + math.ceil(left)
    more = f" to about {_round_up(needed)}" if needed is not None and needed > record.epochs_run else ""
    return f"still descending: raise --epochs{more}"


def _predict_epochs(record: Record, theory: Theory | None, method: GradientMethod | None) -> int | None:
    if theory is None or method is None:
        return None
    try:
        return predicted_epochs(theory, method, record.target)
    except (ValueError, OverflowError):  # the theory does not hold enough, or the lr is beyond float64
        return None


def _times(ratio: float) -> str:
    """Return a ratio as `1.8 ×`, with as many digits as tell it from 1."""
    digits = 2
    while digits < 15 and float(f"{ratio:.{digits}g}") == 1 != ratio:
        digits += 1
    return f"{ratio:.{digits}g} ×"


def _number(ratio: float) -> str:
    """Return two digits of a ratio, without an exponent below 10,000."""
    return f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}" if ratio < 10_000 else f"{ratio:.1e}"


def _round_up(epochs: int) -> str:
    """Return epochs rounded up to two significant digits."""
    unit = 10 ** max(0, len(str(epochs)) - 2)
    return f"{-(-epochs // unit) * unit:,}"
