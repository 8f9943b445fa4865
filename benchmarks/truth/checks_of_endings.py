"""What must be true for the sentences on where runs ended to be true."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.truth.checks_of_predictions import rate_faults
from benchmarks.truth.digits import is_shown, number
from benchmarks.truth.forms import RATE, N, checks, each_fault, gap_faults

if TYPE_CHECKING:
    from benchmarks.truth.claims import Claim
    from benchmarks.truth.sample import Run


@checks("left", r"reached the target but did not stay within ten times of it: (?P<who>.+)")
def check_left(claim: Claim) -> Iterator[str]:
    """The recorded gap was at the target once, and the final parameters are at more than ten times the target."""

    def fault(run: Run) -> str | None:
        if run.record.epochs_to_target is None:
            return "it never reached the target"
        gap = run.gap / run.truth.scale if run.truth.scale else run.gap
        return None if gap > 10 * run.record.target * (1 - 1e-6) else f"it ended at a relative gap of {float(gap):.3g}"

    yield from each_fault(claim, fault)


@checks("never moved", r"(?P<who>.+): its cost never changed: its steps are zero, or too small for it to show")
def check_never_moved(claim: Claim) -> Iterator[str]:
    """Every recorded cost is the first one, bit for bit."""

    def fault(run: Run) -> str | None:
        changed = int(np.count_nonzero(run.costs != run.costs[0]))
        return f"it changed at {changed} epochs" if changed else None

    yield from each_fault(claim, fault)


@checks("rounded steps", r"(?P<who>.+): stalled where its steps are smaller than (?P<dtype>\w+) rounding")
def check_rounded_steps(claim: Claim) -> Iterator[str]:
    """One exact step, momentum's whole sum taken at once, leaves every final parameter as it is in the dtype."""

    def fault(run: Run) -> str | None:
        if claim["dtype"] != run.record.dtype:
            return f"it is of {run.record.dtype}"
        method, theta = run.method, run.theta
        if method is None:
            return "it is no gradient method"
        step = method.lr / (1 - method.momentum) * run.truth.gradient(theta).astype(np.float64)
        dtype = getattr(torch, run.record.dtype)
        after = torch.tensor(theta, dtype=dtype) - torch.tensor(step, dtype=dtype)
        moved = after.double().numpy() != theta
        return (
            f"parameters {np.argwhere(moved).tolist()} move by {step[moved].tolist()} from {theta[moved].tolist()}"
            if moved.any()
            else None
        )

    yield from each_fault(claim, fault)


@checks("noise floor", r"(?P<who>.+): stalled at the (?P<dtype>\w+) noise floor, where its gradient is all rounding")
def check_noise_floor(claim: Claim) -> Iterator[str]:
    """Each component of the exact gradient at the final parameters is within eps·2/(n·m)·|A|ᵀ(|A||θ| + |y|)."""

    def fault(run: Run) -> str | None:
        if claim["dtype"] != run.record.dtype:
            return f"it is of {run.record.dtype}"
        share = np.abs(run.truth.gradient(run.theta)) / run.truth.gradient_rounding(run.theta, run.eps)
        return None if np.nanmax(share) <= 1 + 1e-6 else f"its gradient is {float(np.nanmax(share)):.3g} times that"

    yield from each_fault(claim, fault)


@checks(
    "ridge",
    rf"(?P<who>.+): arrived at the ridge optimum that its weight decay asks for, at a gap of (?P<g>{N})"
    rf"(?: to (?P<g2>{N}))? from the least-squares one",
)
def check_ridge(claim: Claim) -> Iterator[str]:
    """f(θ) + decay/2·‖θ‖² is within 2e-6 of its least value, relative to zero parameters; the gap is the final one."""

    def fault(run: Run) -> str | None:
        decay = run.record.params.get("weight_decay")
        if not decay:
            return "it has no weight decay"
        gap = run.truth.ridge_relative_gap(run.theta, decay)
        return None if gap <= 2e-6 else f"its ridge gap is {float(gap):.3g}"

    yield from each_fault(claim, fault)
    yield from gap_faults(claim, claim["g"], claim["g2"])


@checks("stalled", rf"(?P<who>.+): stalled at a gap of (?P<g>{N})(?: to (?P<g2>{N}))?{RATE}")
def check_stalled(claim: Claim) -> Iterator[str]:
    """The gap is that of the final parameters, and the recorded cost did not descend over the last half."""
    yield from gap_faults(claim, claim["g"], claim["g2"])
    yield from rate_faults(claim)

    def fault(run: Run) -> str | None:
        half = run.costs[len(run.costs) // 2 :]
        quarter = len(half) // 2
        move = half[:quarter].min() - half[quarter:].min() if quarter else 0
        allowed = run.truth.cost_rounding(run.theta, float(half.max()), run.eps)
        return (
            None if move <= 2 * allowed else f"it descended by {move:.3g} in the last half, rounding is {allowed:.3g}"
        )

    yield from each_fault(claim, fault)


@checks(
    "hovers",
    rf"(?P<who>.+): hovers around gap (?P<m>{N})(?: to (?P<m2>{N}))? \((?P<low>{N}) to (?P<high>{N})\), "
    "as steps of this size on batches do",
)
def check_hovers(claim: Claim) -> Iterator[str]:
    """The 10%, 50% and 90% quantiles of the recorded gap over the last half are these, and it goes nowhere there:
    the medians of the last two quarters are within a factor of three of one another."""
    triples = []

    def fault(run: Run) -> str | None:
        gaps = run.costs - float(run.truth.optimum_cost)
        half = gaps[len(gaps) // 2 :]
        triples.append(np.quantile(half, [0.1, 0.5, 0.9]))
        first, last = np.median(half[: len(half) // 2]), np.median(half[len(half) // 2 :])
        off = run.truth.cost_rounding(run.theta, float(run.costs[-1]), run.eps)
        if not (first <= 3 * last + off and last <= 3 * first + off):
            return f"its median gap went from {first:.3g} to {last:.3g} in the last half"
        return None

    yield from each_fault(claim, fault)
    lows, middles, highs = (list(values) for values in zip(*triples, strict=True))
    # linbench takes the gaps of a short dtype from the parameters; here they come from costs, rounded to it.
    slack = max(
        1e-12 * float(run.truth.zero_cost) + run.truth.cost_rounding(run.theta, float(run.costs.max()), run.eps)
        for run in claim.runs
    )
    if not all(meant == len(row.runs) for row, meant in claim.members):
        return
    if not (
        is_shown(claim["low"], min(lows), slack)
        and is_shown(claim["high"], max(highs), slack)
        and is_shown(claim["m"], min(middles), slack)
        and is_shown(claim["m2"] or claim["m"], max(middles), slack)
    ):
        yield f"lows {min(lows)!r}, medians {min(middles)!r} to {max(middles)!r}, highs {max(highs)!r}"


@checks("descending", r"still descending after (?P<epochs>\d+) epochs: (?P<who>.+)")
def check_descending(claim: Claim) -> Iterator[str]:
    """The least recorded cost lies in the last tenth of the epochs (in the last ten, where that is more)."""
    if int(claim["epochs"]) != max(run.record.epochs_run for run in claim.runs):
        yield "they ran another number of epochs"

    def fault(run: Run) -> str | None:
        best = int(np.argmin(np.where(np.isfinite(run.costs), run.costs, np.inf)))
        last = run.record.epochs_run - max(10, math.ceil(run.record.epochs / 10))
        return None if best > last else f"its best cost was at epoch {best}"

    yield from each_fault(claim, fault)


@checks(
    "swinging",
    rf"still moving after (?P<epochs>\d+) epochs: (?P<who>.+?)(?:; best at epoch (?P<at>{N})(?: to (?P<at2>{N}))?)?",
)
def check_swinging(claim: Claim) -> Iterator[str]:
    """The recorded cost is not the same over the last half, and the first epoch of its least value is the shown one."""
    if int(claim["epochs"]) != max(run.record.epochs_run for run in claim.runs):
        yield "they ran another number of epochs"

    def fault(run: Run) -> str | None:
        half = run.costs[len(run.costs) // 2 :]
        return None if half.min() < half.max() else "its cost stands still"

    yield from each_fault(claim, fault)
    if claim["at"] and all(meant == len(row.runs) for row, meant in claim.members):
        best = [int(np.argmin(np.where(np.isfinite(run.costs), run.costs, np.inf))) for run in claim.runs]
        if (min(best), max(best)) != (number(claim["at"]), number(claim["at2"] or claim["at"])):
            yield f"best at epoch {min(best)} to {max(best)}"
