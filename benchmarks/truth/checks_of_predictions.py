"""What must be true for the sentences on predictions, rates and the best lr to be true."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import mpmath
import numpy as np

from benchmarks.truth.digits import is_shown
from benchmarks.truth.forms import RATE, N, checks, each_fault
from benchmarks.truth.recurrence import CLOSE, FARTHEST, first_crossing, is_best_epochs, krylov_epochs, least_gap

if TYPE_CHECKING:
    from benchmarks.truth.claims import Claim
    from benchmarks.truth.sample import Run


def extended_target(run: Run):
    return np.longdouble(mpmath.nstr(run.target_gap, 25))


def _crossing(run: Run, most: int = FARTHEST):
    """Return the first epoch at the target (as a range) by the exact recurrence; None where it is not among so many."""
    return run.cached(
        f"crossing {most}", lambda: first_crossing(run.method, run.truth.modes, run.parts, extended_target(run), most)
    )


def _is_near(epochs: int, low: int, high: int) -> bool:
    return low - max(1, 0.02 * low) <= epochs <= high + max(1, 0.02 * high)


@checks(
    "converged",
    rf"(?P<who>.+): converged(?P<predicted> at the predicted rate)?"
    rf"(?:, (?P<slower>{N})× slower than gradient descent at its best lr for this start"
    rf"|, with (?P<gradients>{N})× the gradients of the Krylov limit)?{RATE}",
)
def check_converged(claim: Claim) -> Iterator[str]:
    """The recorded gap is at the target at the epoch of the record, not before, and ends within ten times of it.

    At the predicted rate: the exact recurrence from the run's start crosses within one epoch, or 2%, of it. N× slower:
    its epochs over the fewest of any fixed lr, the least of a convex function. Krylov: its gradients over the steps of
    conjugate gradients in eighty digits. Rates: see `rate_faults`.
    """

    def fault(run: Run) -> str | None:
        record, epochs = run.record, run.record.epochs_to_target
        if record.status.value != "converged" or epochs is None:
            return f"its status is {record.status.value}"
        if claim["predicted"]:
            found = _crossing(run, 2 * epochs + 100)
            if found is None or not _is_near(epochs, *found):
                return f"it took {epochs}, and is predicted to take {found}"
        if claim["slower"]:
            best = _best_epochs(run)
            if best is None:
                return f"the best lr does not need {claim.note.get('epochs_at_best_lr')} epochs"
            if not is_shown(claim["slower"], epochs / best):
                return f"it took {epochs}, the best lr takes {best}"
        if claim["gradients"]:
            limit = krylov_epochs(run.truth.nonzero, run.truth.gap_parts(run.start)[-run.truth.rank :], run.target_gap)
            if not limit or not is_shown(claim["gradients"], record.evaluations_to_target / limit):
                return f"{record.evaluations_to_target} gradients, the limit is {limit}"
        return None

    yield from each_fault(claim, fault)
    yield from rate_faults(claim)


def _best_epochs(run: Run) -> int | None:
    """Return the fewest epochs of any fixed lr from the run's start; found by bisection, so by no claim."""

    def compute():
        high, target = 1, extended_target(run)

        while least_gap(run.truth.modes, run.parts, high)[0] > target * (1 + CLOSE):
            high *= 2
            if high > 2**40:
                return None
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            if least_gap(run.truth.modes, run.parts, middle)[0] <= target * (1 + CLOSE):
                high = middle
            else:
                low = middle
        return high if is_best_epochs(run.truth.modes, run.parts, target, high) else None

    return run.cached("best", compute)


def rate_faults(claim: Claim) -> Iterator[str]:
    """Yield what is false in `distance to the optimum × r per epoch, predicted × p`.

    r: √ of the factor per epoch of the recorded gap, by least squares through the later half of its new lows; to
    one part in ten thousand, since the last of its digits hangs on the last bit of the costs. p: the
    largest modulus of a root along those curvatures along which the run's start has any error.
    """
    if claim["measured"] is None:
        return

    def fault(run: Run) -> str | None:
        measured = fitted_rate(run)
        if measured is None or not is_shown(claim["measured"], measured, 1e-4 * measured):
            return f"the recorded costs shrink by {measured} per epoch"
        if claim["asymptotic"]:
            there = [
                c
                for c, part in zip(run.truth.nonzero, run.truth.gap_parts(run.start)[-run.truth.rank :], strict=True)
                if part > 1e-25 * run.truth.scale
            ]
            rate = run.method.rate(there) if there else mpmath.mpf(0)
            if not is_shown(claim["asymptotic"], rate):
                return f"the predicted rate from this start is {float(rate)!r}"
        return None

    yield from each_fault(claim, fault)


def fitted_rate(run: Run) -> float | None:
    """Return √ of the factor per epoch, fitted to the later half of the new lows of the recorded gap above rounding."""
    gaps, epochs = run.costs - float(run.truth.optimum_cost), np.array(run.record.trajectory.epoch)
    zero, best = float(run.truth.zero_cost), float(run.truth.optimum_cost)
    rounding = 8 * run.eps * zero**0.5
    floor = 1e5 * rounding * (2 * best**0.5 + rounding)
    below = np.flatnonzero(~(gaps > floor))
    if len(below):
        gaps, epochs = gaps[: below[0]], epochs[: below[0]]
    if len(gaps) < 5:
        return None
    new = np.r_[True, gaps[1:] < np.minimum.accumulate(gaps)[:-1]]
    gaps, epochs = gaps[new], epochs[new]
    if len(gaps) < 5:
        return None
    later = epochs >= (epochs[0] + epochs[-1]) / 2
    if later.sum() >= 5:
        gaps, epochs = gaps[later], epochs[later]
    return float(np.exp(np.polyfit(epochs.astype(float), np.log(gaps), 1)[0] / 2))


@checks(
    "under way",
    rf"on its way as predicted after (?P<epochs>\d+) epochs: (?P<who>.+?); the target is predicted at epoch "
    rf"(?P<at>{N})(?: to (?P<at2>{N}))?, so raise --epochs",
)
def check_under_way(claim: Claim) -> Iterator[str]:
    """The exact recurrence from the run's start is first at the target at that epoch, and the run's final gap is within
    a factor of two of what the recurrence has at its last epoch. Of several runs: the first and last such epochs."""
    (low, low_last), (high_first, high) = _epochs_shown(claim["at"]), _epochs_shown(claim["at2"] or claim["at"])

    def fault(run: Run) -> str | None:
        epochs = run.record.epochs_run
        if epochs != int(claim["epochs"]):
            return f"it ran {epochs} epochs"
        exact = run.method.gaps(run.truth.modes, run.parts, epochs)[-1]
        if not exact / 2 * (1 - 1e-6) <= float(run.gap) <= 2 * exact * (1 + 1e-6):
            return f"its gap is {float(run.gap):.4g}, exactly it would be {float(exact):.4g}"
        return None if _crosses_at(run, low, high) else "it is first at the target at another one"

    yield from each_fault(claim, fault)
    if all(meant == len(row.runs) for row, meant in claim.members):
        for end in ((low, low_last), (high_first, high)):
            if not any(_crosses_at(run, *end) for run in claim.runs):
                yield f"none of them is first at the target at epoch {end[0]} to {end[1]}"


def _epochs_shown(text: str) -> tuple[int, int]:
    """Return the first and the last epoch that `1,234` or `1.23e+08` may stand for."""
    value = Decimal(text.replace(",", ""))
    half = Decimal(1).scaleb(int(value.as_tuple().exponent)) / 2 if "e" in text else Decimal(0)
    return math.ceil(value - half), math.floor(value + half)


def _crosses_at(run: Run, low: int, high: int) -> bool:
    """Return whether the exact recurrence is first at the target in low … high.

    Gradient descent's gap falls up to lr 2/L, so it is enough that it is at the target at the end and not before the
    beginning. Beyond, and with momentum, the steps before are followed too, up to `FARTHEST`.
    """
    slack = mpmath.mpf(10) ** -9
    parts = run.truth.gap_parts(run.start)[-run.truth.rank :]

    def is_there(epoch: int, factor) -> bool:
        return run.method.gap_at(run.truth.nonzero, parts, epoch) <= run.target_gap * factor

    if not run.method.momentum and run.method.lr * run.truth.L <= 2:
        return is_there(high, 1 + slack) and not is_there(low - 1, 1 - slack)
    found = _crossing(run)
    if found is not None:
        return low <= found[1] and found[0] <= high
    return high > FARTHEST and is_there(high, 1 + slack) and not is_there(low - 1, 1 - slack)
