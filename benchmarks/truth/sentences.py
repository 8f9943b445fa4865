"""The forms of the sentences below a table, one for each kind of note, and what must be true for each to be true."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import mpmath
import numpy as np

from benchmarks.truth.claims import Checker, Claim, Row, named_rows
from benchmarks.truth.digits import is_shown, number
from benchmarks.truth.recurrence import CLOSE, FARTHEST, first_crossing, is_best_epochs, krylov_epochs

if TYPE_CHECKING:
    from benchmarks.truth.sample import Run

N = r"(?:-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?|∞|–)"
"""A number, as tables write it."""

_RATE = rf"(?P<rate>; distance to the optimum × (?P<measured>{N}) per epoch(?:, predicted × (?P<asymptotic>{N}))?)?"
_LR = rf"(?:; lr is (?P<lr_low>{N})(?: to (?P<lr_high>{N}))? × the largest stable one)?"

CHECKERS: dict[str, tuple[re.Pattern[str], Checker]] = {}
"""Kind of note → the form of its sentence, and its checker."""


def checks(kind: str, form: str) -> Callable[[Checker], Checker]:
    """Register a checker for a kind of note whose sentence has this form."""

    def register(checker: Checker) -> Checker:
        CHECKERS[kind] = (re.compile(form), checker)
        return checker

    return register


def check_note(note: dict, rows: Sequence[Row]) -> Iterator[str]:
    """Yield what is false in a note: a sentence of no known form, of no known runs, or not true."""
    kind, text = note["kind"], note["text"]
    if kind not in CHECKERS:
        yield f"no checker for the kind {kind!r}"
        return
    form, checker = CHECKERS[kind]
    match = form.fullmatch(text)
    if match is None:
        yield "the sentence has no known form"
        return
    members: list[tuple[Row, int]] = []
    if "who" in match.groupdict():
        try:
            for name in note["about"]:
                members += named_rows(name, rows)
        except ValueError as error:
            yield str(error)
            return
        if not _is_summary(match["who"], note["about"]):
            yield f"the sentence names {match['who']!r}, the note {note['about']}"
    yield from checker(Claim(text, match, note, rows, members))


def _is_summary(who: str, about: Sequence[str]) -> bool:
    """Return whether a text names these, or counts them by optimizer where they are many."""
    if who == ", ".join(about):
        return len(about) <= 4
    if " and " in who and who.endswith(" more"):
        named, _, rest = who.rpartition(" and ")
        return named == ", ".join(about[:4]) and int(rest.removesuffix(" more")) == len(about) - 4
    counts: dict[str, int] = {}
    for name in about:
        optimizer = re.split("[: ]", name)[0]
        counts[optimizer] = counts.get(optimizer, 0) + 1
    texts = [f"1 of {name}" if count == 1 else f"{count} settings of {name}" for name, count in counts.items()]
    return len(about) > 4 and who == ", ".join(texts)


def _each(claim: Claim, fault: Callable[[Run], str | None]) -> Iterator[str]:
    """Yield the faults of members: of a row of which k runs are meant, at least k must be without one."""
    for row, meant in claim.members:
        faults = [fault(run) for run in row.runs]
        right = sum(one is None for one in faults)
        if right < meant:
            yield (
                f"true of {right} of the {meant} runs of {row.first.record.optimizer} {row.first.record.params}: "
                + str(next(one for one in faults if one is not None))
            )


def _is_extent(low: str, high: str | None, values: Sequence[float]) -> bool:
    """Return whether `low to high` (or one number for both) is the range of values."""
    return is_shown(low, min(values)) and is_shown(high or low, max(values))


@checks(
    "optimum",
    rf"(?P<problem>\S+): optimum cost (?P<c>{N})(?: to (?P<c2>{N}))?(?: at W = (?P<W>{N}), b = (?P<b>{N}))?"
    rf"; condition number (?P<k>{N})(?: to (?P<k2>{N}))?"
    rf"; gradient descent is stable up to lr (?P<s>{N})(?: to (?P<s2>{N}))?"
    r"(?:, over (?P<sets>\d+) data sets)?",
)
def check_optimum(claim: Claim) -> Iterator[str]:
    """The ranges over data sets of the least cost, of L/μ and of 2/L are the shown ones, to the last digit."""
    truths = list({id(run.truth): run.truth for row in claim.rows for run in row.runs if run.trained}.values())
    quantities = {
        "c": [t.optimum_cost for t in truths],
        "k": [t.L / t.mu for t in truths],
        "s": [2 / t.L for t in truths],
    }
    for name, values in quantities.items():
        if not _is_extent(claim[name], claim[f"{name}2"], values):
            shown = f"{claim[name]} to {claim[f'{name}2']}"
            yield f"{name}: shown {shown}, exactly {float(min(values))!r} to {float(max(values))!r}"
    if claim["sets"] and int(claim["sets"]) != len(truths):
        yield f"{len(truths)} data sets"
    if claim["W"] and not (
        is_shown(claim["W"], truths[0].optimum[0][0]) and is_shown(claim["b"], truths[0].optimum[1][0])
    ):
        yield f"the optimum is at {[float(row[0]) for row in truths[0].optimum]}"


@checks(
    "optimum not unique",
    r"\S+: the optimum is not unique \(rank (?P<rank>\d+) of (?P<columns>\d+)\); "
    "the one of minimum norm is meant",
)
def check_not_unique(claim: Claim) -> Iterator[str]:
    """The rank of [X 1] and its columns are these, on every data set."""
    for row in claim.rows:
        for run in row.runs:
            found = run.truth.rank, len(run.truth.curvatures)
            if found != (int(claim["rank"]), int(claim["columns"])):
                yield "rank {} of {}".format(*found)


@checks("optimum at zero", r"\S+: zero parameters are the optimum, so a gap has nothing to be relative to")
def check_optimum_at_zero(claim: Claim) -> Iterator[str]:
    """The cost at zero is the least one, on some data set."""
    if all(run.truth.scale > 0 for row in claim.rows for run in row.runs):
        yield "the optimum is below the cost at zero on every data set"


@checks(
    "target",
    rf"epochs and time are those until the relative gap is at most (?P<targets>{N}(?: or {N})*); "
    "gap is cost above the optimum",
)
def check_target(claim: Claim) -> Iterator[str]:
    """The targets are those of the records."""
    if sorted(map(float, claim["targets"].split(" or "))) != sorted(
        {r.record.target for row in claim.rows for r in row.runs}
    ):
        yield "these are not the targets"


@checks(
    "default rates",
    rf"learning rates that nobody set are defaults, and differ: (?P<rates>\S+ {N}(?:, \S+ {N})*); "
    "--lr sets one for all",
)
def check_default_rates(claim: Claim) -> Iterator[str]:
    """The rates are those of the named optimizers."""
    for piece in claim["rates"].split(", "):
        name, rate = piece.split(" ")
        if not any(
            r.record.optimizer == name and float(rate) == float(f"{r.record.params['lr']:g}")
            for row in claim.rows
            for r in row.runs
            if "lr" in r.record.params
        ):
            yield f"no run of {name} has lr {rate}"


_FACTOR = re.compile(rf"the cost ended ({N}) times above (its start|the cost at zero parameters)")
_NON_FINITE = re.compile(
    r"the cost became (NaN|infinite) at epoch (\d+)"
    r"(?:, and the parameters ended (NaN|infinite)|, though the parameters are finite)"
)


def _reason_fault(run: Run, reason: str) -> str | None:
    """Return what is false in the reason of a divergence, by the recorded costs and the final parameters."""
    if (found := _FACTOR.fullmatch(reason)) is not None:
        from_zero = found[2] != "its start"
        start = float(run.truth.zero_cost if from_zero else run.truth.gap(run.start) + run.truth.optimum_cost)
        end = float(run.gap + run.truth.optimum_cost)
        costs_end = run.costs[-1] if np.isfinite(run.costs[-1]) else end
        shown = float(found[1])
        if not any(start and abs(value / start / shown - 1) <= 0.06 + 100 * run.eps for value in (end, costs_end)):
            return f"it ended at {end / start if start else math.inf:.3g} times {found[2]}, {start:.3g}"
        return None if shown >= 10 else "that is not far"
    if (found := _NON_FINITE.fullmatch(reason)) is not None:
        first = int(np.argmax(~np.isfinite(run.costs)))
        if np.isfinite(run.costs).all() or int(found[2]) != first:
            return f"the first cost that is not finite is at epoch {first}"
        if np.isnan(run.costs[first]) != (found[1] == "NaN"):
            return f"it is {run.costs[first]}"
        kind = (
            "NaN"
            if run.theta is None or np.isnan(run.theta).any()
            else "infinite"
            if np.isinf(run.theta).any()
            else None
        )
        if found[3] != kind and not (found[3] and kind):
            return f"the parameters ended {kind or 'finite'}"
        return None
    return f"unknown reason {reason!r}"


@checks("diverged", rf"(?P<who>.+): diverged, (?P<why>the cost ended .*?|the cost became .*?){_LR}")
def check_diverged(claim: Claim) -> Iterator[str]:
    """The recorded cost is not finite from that epoch on, or ended so many times above the cost of its own start.

    Of several runs with different reasons: one or the other is true of each. The lr is so many times the largest
    stable one of the method, by the exact L.
    """
    several = claim["why"] == "the cost became non-finite, or ended far above its start"
    yield from _each(
        claim,
        lambda run: (
            _reason_fault(run, run.record.reason or "")
            if several or len(claim.runs) > 1
            else _reason_fault(run, claim["why"])
        ),
    )
    yield from _lr_faults(claim)


def _lr_faults(claim: Claim) -> Iterator[str]:
    """Yield what is false in `lr is … × the largest stable one`: the range over the named gradient methods above it."""
    ratios = {}
    for run in claim.runs:
        if run.method is not None:
            ratio = mpmath.mpf(run.method.lr) / run.method.largest_stable_lr(run.truth.L)
            if ratio > 1 + 1e-12:  # closer, a ratio to a curvature in float64 is not known to be above 1
                ratios[float(ratio)] = run
    if claim["lr_low"] is None:
        return
    values = list(ratios) or [math.nan]
    complete = all(meant == len(row.runs) for row, meant in claim.members)
    shown = [claim["lr_low"], claim["lr_high"] or claim["lr_low"]]
    if not (_is_extent(*shown, values) or (not complete and all(any(is_shown(t, v) for v in values) for t in shown))):
        yield f"lr is {min(values)!r} to {max(values)!r} times the largest stable one"


@checks("rising", rf"(?P<who>.+): the cost is rising{_LR}")
def check_rising(claim: Claim) -> Iterator[str]:
    """Over the recorded last fifth the cost rose: its last tenth is above its tenth before, highs and lows."""

    def fault(run: Run) -> str | None:
        costs, part = run.costs, max(1, len(run.costs) // 10)
        last, before = costs[-part:], costs[-2 * part : -part]
        rose = last.max() >= before.max() and last.min() >= before.min() and costs[-1] > costs[len(costs) // 2 :].min()
        return (
            None
            if rose
            else f"it went from {before.min():.6g}..{before.max():.6g} to {last.min():.6g}..{last.max():.6g}"
        )

    yield from _each(claim, fault)
    yield from _lr_faults(claim)


@checks(
    "oscillates", r"(?P<who>.+): oscillates, for lr is 2/L: the error along the largest curvature only changes its sign"
)
def check_oscillates(claim: Claim) -> Iterator[str]:
    """The factor of the error along L is −1 within 1e-11, and the start has more error there than the target allows."""

    def fault(run: Run) -> str | None:
        factor = 1 - mpmath.mpf(run.method.lr) * run.truth.L
        if abs(factor + 1) > 1e-11:
            return f"the factor is {float(factor)!r}"
        return None if run.parts[-1] > _extended_target(run) * (1 - CLOSE) else "its start has no error there"

    yield from _each(claim, fault)


def _crossing(run: Run, most: int = FARTHEST):
    """Return the first epoch at the target (as a range) by the exact recurrence; None where it is not among so many."""
    return run.cached(
        f"crossing {most}", lambda: first_crossing(run.method, run.truth.modes, run.parts, _extended_target(run), most)
    )


def _extended_target(run: Run):
    return np.longdouble(mpmath.nstr(run.target_gap, 25))


def _is_near(epochs: int, low: int, high: int) -> bool:
    return low - max(1, 0.02 * low) <= epochs <= high + max(1, 0.02 * high)


@checks(
    "converged",
    rf"(?P<who>.+): converged(?P<predicted> at the predicted rate)?"
    rf"(?:, (?P<slower>{N})× slower than gradient descent at its best lr for this start"
    rf"|, with (?P<gradients>{N})× the gradients of the Krylov limit)?{_RATE}",
)
def check_converged(claim: Claim) -> Iterator[str]:
    """The recorded gap is at the target at the epoch of the record, not before, and ends within ten times of it.

    At the predicted rate: the exact recurrence from the run's start crosses within one epoch, or 2%, of it. N× slower:
    its epochs over the fewest of any fixed lr, the least of a convex function. Krylov: its gradients over the steps of
    conjugate gradients in eighty digits. Rates: see `_rate_faults`.
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

    yield from _each(claim, fault)
    yield from _rate_faults(claim)


def _best_epochs(run: Run) -> int | None:
    """Return the fewest epochs of any fixed lr from the run's start; found by bisection, so by no claim."""

    def compute():
        high, target = 1, _extended_target(run)
        from benchmarks.truth.recurrence import least_gap

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


def _rate_faults(claim: Claim) -> Iterator[str]:
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

    yield from _each(claim, fault)


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


@checks("left", r"reached the target but did not stay within ten times of it: (?P<who>.+)")
def check_left(claim: Claim) -> Iterator[str]:
    """The recorded gap was at the target once, and the final parameters are at more than ten times the target."""

    def fault(run: Run) -> str | None:
        if run.record.epochs_to_target is None:
            return "it never reached the target"
        gap = run.gap / run.truth.scale if run.truth.scale else run.gap
        return None if gap > 10 * run.record.target * (1 - 1e-6) else f"it ended at a relative gap of {float(gap):.3g}"

    yield from _each(claim, fault)


@checks("never moved", r"(?P<who>.+): never moved: its steps are zero, or smaller than rounding")
def check_never_moved(claim: Claim) -> Iterator[str]:
    """The final parameters are the first ones, bit for bit."""

    def fault(run: Run) -> str | None:
        if run.theta is None or np.array_equal(run.theta, run.start):
            return None
        return f"it moved by {np.abs(run.theta - run.start).max():.3g}"

    yield from _each(claim, fault)


@checks("rounded steps", r"(?P<who>.+): stalled where its steps are smaller than (?P<dtype>\w+) rounding")
def check_rounded_steps(claim: Claim) -> Iterator[str]:
    """One exact step, momentum's whole sum taken at once, leaves every final parameter as it is in the dtype."""
    import torch

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

    yield from _each(claim, fault)


@checks("noise floor", r"(?P<who>.+): stalled at the (?P<dtype>\w+) noise floor, where its gradient is all rounding")
def check_noise_floor(claim: Claim) -> Iterator[str]:
    """Each component of the exact gradient at the final parameters is within eps·2/(n·m)·|A|ᵀ(|A||θ| + |y|)."""

    def fault(run: Run) -> str | None:
        if claim["dtype"] != run.record.dtype:
            return f"it is of {run.record.dtype}"
        share = np.abs(run.truth.gradient(run.theta)) / run.truth.gradient_rounding(run.theta, run.eps)
        return None if np.nanmax(share) <= 1 + 1e-6 else f"its gradient is {float(np.nanmax(share)):.3g} times that"

    yield from _each(claim, fault)


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

    yield from _each(claim, fault)
    yield from _gap_faults(claim, claim["g"], claim["g2"])


def _gap_faults(claim: Claim, low: str, high: str | None) -> Iterator[str]:
    gaps = [float(run.gap) for run in claim.runs]
    complete = all(meant == len(row.runs) for row, meant in claim.members)
    if complete and not _is_extent(low, high, gaps):
        yield f"the gap is {min(gaps)!r} to {max(gaps)!r}"
    if not complete and not all(any(is_shown(text, gap) for gap in gaps) for text in (low, high or low)):
        yield f"the gaps are {gaps!r}"


@checks("stalled", rf"(?P<who>.+): stalled at a gap of (?P<g>{N})(?: to (?P<g2>{N}))?{_RATE}")
def check_stalled(claim: Claim) -> Iterator[str]:
    """The gap is that of the final parameters, and over the last half of the epochs the recorded cost did not descend.

    A run of exact gradient descent would not be at the target at three times the epochs, or rounding keeps it away:
    `again.check_stalls` trains it again for three times as long.
    """
    yield from _gap_faults(claim, claim["g"], claim["g2"])
    yield from _rate_faults(claim)

    def fault(run: Run) -> str | None:
        half = run.costs[len(run.costs) // 2 :]
        quarter = len(half) // 2
        move = half[:quarter].min() - half[quarter:].min() if quarter else 0
        allowed = run.truth.cost_rounding(run.theta, float(half.max()), run.eps)
        return (
            None if move <= 2 * allowed else f"it descended by {move:.3g} in the last half, rounding is {allowed:.3g}"
        )

    yield from _each(claim, fault)


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

    yield from _each(claim, fault)
    lows, middles, highs = (list(values) for values in zip(*triples, strict=True))
    slack = max(1e-12 * float(run.truth.zero_cost) for run in claim.runs)
    if not all(meant == len(row.runs) for row, meant in claim.members):
        return
    if not (
        is_shown(claim["low"], min(lows), slack)
        and is_shown(claim["high"], max(highs), slack)
        and is_shown(claim["m"], min(middles), slack)
        and is_shown(claim["m2"] or claim["m"], max(middles), slack)
    ):
        yield f"lows {min(lows)!r}, medians {min(middles)!r} to {max(middles)!r}, highs {max(highs)!r}"


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

    yield from _each(claim, fault)
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


@checks("descending", r"still descending after (?P<epochs>\d+) epochs: (?P<who>.+)")
def check_descending(claim: Claim) -> Iterator[str]:
    """The least recorded cost lies in the last tenth of the epochs (in the last ten, where that is more)."""
    if int(claim["epochs"]) != max(run.record.epochs_run for run in claim.runs):
        yield "they ran another number of epochs"

    def fault(run: Run) -> str | None:
        best = int(np.argmin(np.where(np.isfinite(run.costs), run.costs, np.inf)))
        last = run.record.epochs_run - max(10, math.ceil(run.record.epochs / 10))
        return None if best > last else f"its best cost was at epoch {best}"

    yield from _each(claim, fault)


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

    yield from _each(claim, fault)
    if claim["at"] and all(meant == len(row.runs) for row, meant in claim.members):
        best = [int(np.argmin(np.where(np.isfinite(run.costs), run.costs, np.inf))) for run in claim.runs]
        if (min(best), max(best)) != (number(claim["at"]), number(claim["at2"] or claim["at"])):
            yield f"best at epoch {min(best)} to {max(best)}"


@checks("same runs", r"(?P<models>.+): every seed gives the same run, since neither start nor data depend on it")
def check_same_runs(claim: Claim) -> Iterator[str]:
    """On each named model some optimizer's runs have the same costs at every epoch; start and data are the same."""
    for model in claim["models"].split(", "):
        rows = [row for row in claim.rows if row.first.record.model == model and len(row.runs) > 1]
        same = [
            row for row in rows if all(np.array_equal(run.costs, row.first.costs, equal_nan=True) for run in row.runs)
        ]
        if not same:
            yield f"the runs of {model} differ"
        if any(
            not np.array_equal(run.start, row.first.start) or run.truth is not row.first.truth
            for row in same
            for run in row.runs
        ):
            yield f"start or data of {model} depend on the seed"


_ROUNDED = re.compile(
    rf"rounding the data to (\w+) (?:moves the optimum by a relative gap of ({N})|leaves nothing to solve)"
    ": use --dtype float64, or standardize the features"
)


_UNCHANGED = "the cost never changed: the parameters did not move, or by less than rounding"


@checks("warning", rf"warning: (?P<names>.+?): (?P<reason>rounding the data .*|{_UNCHANGED})")
def check_warning(claim: Claim) -> Iterator[str]:
    """Rounding: the optimum of the data as rounded to the dtype has that relative gap on the data as given.

    The cost never changed: every recorded cost of the runs with that warning is the same.
    """
    from benchmarks.truth.rounded import rounding_gap

    if claim["reason"] == _UNCHANGED:
        warned = [run for row in claim.rows for run in row.runs if _UNCHANGED in run.record.warnings]
        if not warned or any(len(set(run.costs.tolist())) > 1 for run in warned):
            yield "it did change"
        return

    found = _ROUNDED.fullmatch(claim["reason"])
    if found is None:
        yield "a warning of no known form"
        return
    run = next(run for row in claim.rows for run in row.runs if claim["reason"] in run.record.warnings)
    gap = rounding_gap(run.truth, found[1])
    if found[2] is None:
        return
    if not is_shown(found[2], gap, 1e-6 * float(gap)):
        yield f"it moves the optimum by {float(gap)!r}"


@checks("skipped", r"skipped: (?P<names>.+?): (?P<reason>.*)")
def check_skipped(claim: Claim) -> Iterator[str]:  # noqa: ARG001  checkers are alike
    """Nothing that is drawn has a reason to be skipped."""
    yield "skipped without need"


@checks("error", r"error: (?P<names>.+?): (?P<reason>.*)")
def check_error(claim: Claim) -> Iterator[str]:
    """The Krylov limit, which needs all rows at once, is the one optimizer that may refuse: on mini-batches."""
    refused = claim["reason"] == "ValueError: the Krylov limit is one of full batches: leave out the batch size"
    if not refused or not all(name.startswith("krylov-limit ") for name in claim.note["about"]):
        yield "an error of no known form"
    if any(
        run.record.batch_size is None
        for row in claim.rows
        for run in row.runs
        if run.record.optimizer == "krylov-limit"
    ):
        yield "there are no batches"


@checks("left out", r"W and b are left out to fit (?P<width>\d+) columns; json and csv have them")
def check_left_out(claim: Claim) -> Iterator[str]:  # noqa: ARG001  checkers are alike
    """The caller holds that the table has no column W; see `tables`."""
    yield from ()
