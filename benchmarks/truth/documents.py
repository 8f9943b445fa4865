"""The JSON document, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import mpmath
import numpy as np

if TYPE_CHECKING:
    from benchmarks.truth.sample import Run

TOLERANCE = 1e-6
"""The relative error allowed to a number in JSON; most are right to 1e-12."""


def is_near(value: float | None, truth, slack: float = 0.0, tolerance: float = TOLERANCE) -> bool:
    """Return whether a number is the truth but for rounding; None stands for one that is not finite."""
    truth = float(truth)
    if value is None or not np.isfinite(value):
        return not np.isfinite(truth) or abs(truth) > 1e300
    return bool(abs(value - truth) <= tolerance * abs(truth) + slack)


def check_problem(content: dict, run: Run) -> Iterator[tuple[str, object, str | None]]:
    """Yield the field, its value and what is false in it, for the closed form of a run's problem."""
    truth = run.truth
    size = max(abs(float(value)) for row in truth.optimum for value in row)
    expected = {
        "optimum_cost": truth.optimum_cost,
        "zero_cost": truth.zero_cost,
        "rank": truth.rank,
        "condition_number": truth.L / truth.mu,
        "largest_stable_lr": 2 / truth.L,
        "best_fixed_lr": 2 / (truth.L + truth.mu),
    }
    for name, value in expected.items():
        yield f"problem {name}", content[name], None if is_near(content[name], value) else f"it is {float(value)!r}"
    theta = np.array([*content["W"], content["b"]])
    optimum = np.array([[float(value) for value in row] for row in truth.optimum])
    off = np.abs(theta - optimum).max()
    yield "problem W, b", theta.tolist(), None if off <= TOLERANCE * size + 1e-300 else f"off by {off}"
    for value, exact in zip(content["spectrum"], truth.curvatures, strict=True):
        yield "problem spectrum", value, None if is_near(value, exact) else f"it is {float(exact)!r}"


def check_record(content: dict, run: Run) -> Iterator[tuple[str, object, str | None]]:
    """Yield the same for the numbers of a record: from its final parameters, its start, and its recorded costs."""
    if not run.trained:
        return
    truth, costs, scale = run.truth, run.costs, run.truth.scale

    def verdict(name, truth_value, slack=0.0):
        value = content[name]
        return f"record {name}", value, None if is_near(value, truth_value, slack) else f"it is {float(truth_value)!r}"

    yield verdict("optimum_cost", truth.optimum_cost)
    slack = truth.gap_rounding(float(run.gap))
    yield verdict("gap", run.gap, slack)
    if scale:
        yield verdict("relative_gap", run.gap / scale, float(slack / scale))
    start = truth.gap(run.start) + truth.optimum_cost
    if np.isfinite(costs[0]):  # else it is too large for the dtype
        yield verdict("initial_cost", start, truth.cost_rounding(run.start, float(start), run.eps))
    finite = np.where(np.isfinite(costs), costs, np.inf)
    if content["best_epoch"] is not None:
        fine = content["best_epoch"] == int(np.argmin(finite))
        yield "record best_epoch", content["best_epoch"], None if fine else f"it is {int(np.argmin(finite))}"
        yield verdict("best_cost", finite.min())
    yield (
        "record epochs_run",
        content["epochs_run"],
        None if content["epochs_run"] == len(costs) - 1 else f"{len(costs) - 1}",
    )
    if content["ridge_relative_gap"] is not None:
        decay = run.record.params["weight_decay"]
        yield verdict("ridge_relative_gap", truth.ridge_relative_gap(run.theta, decay), 1e-10)
    if content["initial_gap_parts"] is not None:
        yield from _parts_verdict(content["initial_gap_parts"], run)
    if run.method is not None and run.method.lr is not None:
        yield (
            "record evaluations",
            content["evaluations"],
            None if content["evaluations"] == len(costs) - 1 else "not one per epoch",
        )
    yield "record status", content["status"], _status_fault(content, run)
    if run.method is not None and run.record.dtype == "float64" and np.isfinite(costs).all():
        yield "recorded costs", len(costs), _costs_fault(run)


def _parts_verdict(parts: list[float | None], run: Run) -> Iterator[tuple[str, object, str | None]]:
    """Parts of equal curvatures are known by their sum only."""
    if not np.isfinite(run.start).all():  # a start beyond the dtype
        yield "record initial_gap_parts", parts, None if None in parts else "they are not finite"
        return
    exact = run.truth.gap_parts(run.start)
    total = sum(exact)
    curvatures = run.truth.curvatures
    shown = expected = mpmath.mpf(0)
    fault = None
    for i, (part, true) in enumerate(zip(parts, exact, strict=True)):
        shown, expected = shown + part, expected + true
        last = i + 1 == len(parts) or curvatures[i + 1] - curvatures[i] > mpmath.mpf(10) ** -7 * curvatures[i + 1]
        if last and abs(shown - expected) > TOLERANCE * expected + mpmath.mpf(10) ** -9 * total:
            fault = f"up to {i}: {float(expected)!r}"
    yield "record initial_gap_parts", parts, fault


def _status_fault(content: dict, run: Run) -> str | None:
    """Converged: the gap of the record's epoch is at the target, and none before is; else no recorded gap is.

    Where the dtype does not resolve the target, costs cannot tell; then only the end is held to it.
    """
    target, epochs = float(run.target_gap), content["epochs_to_target"]
    gaps = run.costs - float(run.truth.optimum_cost)
    off = max(run.truth.cost_rounding(run.start, float(run.truth.optimum_cost) + target, run.eps), 0.0)
    off = (
        max(off, run.truth.cost_rounding(run.theta, float(run.truth.optimum_cost) + target, run.eps))
        if np.isfinite(run.theta).all()
        else off
    )
    surely, perhaps = gaps <= target - off, gaps <= target + off
    if content["status"] == "converged":
        if epochs is None:
            return "no epoch"
        if np.isfinite(gaps[epochs]) and not perhaps[epochs]:
            return f"the gap at epoch {epochs} is {gaps[epochs]!r}, the target {target!r}"
        if surely[:epochs].any():
            return (
                f"the gap at epoch {int(surely.argmax())} is {gaps[surely.argmax()]!r} already, the target {target!r}"
            )
        return None
    if content["status"] in ("budget", "stalled") and surely.any():
        return f"the gap at epoch {int(surely.argmax())} is {gaps[surely.argmax()]!r}, the target {target!r}"
    if content["status"] != "diverged" and run.gap > 10 * max(
        run.truth.zero_cost, run.truth.gap(run.start) + run.truth.optimum_cost
    ):
        return "it ended far above its start"
    return None


def _costs_fault(run: Run) -> str | None:
    """The recorded costs of a gradient method in float64 are those of the exact recurrence from its start.

    Held at every epoch up to which rounding, which the method's steps carry on, is small.
    """
    exact = run.method.gaps(run.truth.modes, run.parts, len(run.costs) - 1)
    gaps = run.costs.astype(np.longdouble) - np.longdouble(mpmath.nstr(run.truth.optimum_cost, 25))
    largest = np.maximum.accumulate(np.maximum(exact, np.longdouble(mpmath.nstr(run.truth.zero_cost, 25))))
    off = np.abs(gaps - exact)
    bad = off > 1e-5 * exact + 1e-9 * largest * (1 + len(gaps) / 100)
    return (
        f"at epoch {int(bad.argmax())}: {float(gaps[bad.argmax()])!r}, exactly {float(exact[bad.argmax()])!r}"
        if bad.any()
        else None
    )
