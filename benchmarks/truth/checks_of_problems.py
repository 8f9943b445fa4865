"""What must be true for the sentences on problems and on whole tables to be true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.truth.digits import is_shown
from benchmarks.truth.forms import N, checks, is_extent
from benchmarks.truth.rounded import rounding_gap

if TYPE_CHECKING:
    from benchmarks.truth.claims import Claim


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
        if not is_extent(claim[name], claim[f"{name}2"], values):
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
    r"\S+: the optimum is not unique \(rank (?P<rank>\d+)(?: to (?P<rank2>\d+))? of (?P<columns>\d+)\); "
    "the one of minimum norm is meant",
)
def check_not_unique(claim: Claim) -> Iterator[str]:
    """The ranks of [X 1] on the data sets are from the one to the other, and its columns are these."""
    truths = [run.truth for row in claim.rows for run in row.runs if run.trained]
    ranks, columns = [truth.rank for truth in truths], {len(truth.curvatures) for truth in truths}
    shown = int(claim["rank"]), int(claim["rank2"] or claim["rank"])
    if (min(ranks), max(ranks)) != shown or columns != {int(claim["columns"])}:
        yield f"ranks {sorted(ranks)} of {columns}"


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


_UNCHANGED = "the cost never changed: the parameters did not move, or too little for it to show"


@checks("warning", rf"warning: (?P<names>.+?): (?P<reason>rounding the data .*|{_UNCHANGED})")
def check_warning(claim: Claim) -> Iterator[str]:
    """Rounding: the optimum of the data as rounded to the dtype has that relative gap on the data as given.

    The cost never changed: every recorded cost of the runs with that warning is the same.
    """

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
    """A number of the spec is beyond float16, or the Krylov limit, which needs all rows, refuses mini-batches."""
    if claim["reason"] == "RuntimeError: value cannot be converted to type c10::Half without overflow":
        if any(row.first.record.dtype != "float16" for row in claim.rows):
            yield "nothing is of float16"
        return
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
