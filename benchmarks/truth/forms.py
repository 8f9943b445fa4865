"""The forms of sentences: their parts, the registry of their checkers, and what checkers share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from benchmarks.truth.digits import is_shown

if TYPE_CHECKING:
    from benchmarks.truth.claims import Checker, Claim
    from benchmarks.truth.sample import Run

N = r"(?:-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?|∞|–)"
"""A number, as tables write it."""


RATE = rf"(?P<rate>; distance to the optimum × (?P<measured>{N}) per epoch(?:, predicted × (?P<asymptotic>{N}))?)?"


LR = rf"(?:; lr is (?P<lr_low>{N})(?: to (?P<lr_high>{N}))? × the largest stable one)?"


CHECKERS: dict[str, tuple[re.Pattern[str], Checker]] = {}
"""Kind of note → the form of its sentence, and its checker."""


def checks(kind: str, form: str) -> Callable[[Checker], Checker]:
    """Register a checker for a kind of note whose sentence has this form."""

    def register(checker: Checker) -> Checker:
        CHECKERS[kind] = (re.compile(form), checker)
        return checker

    return register


def each_fault(claim: Claim, fault: Callable[[Run], str | None]) -> Iterator[str]:
    """Yield the faults of members: of a row of which k runs are meant, at least k must be without one."""
    for row, meant in claim.members:
        faults = [fault(run) for run in row.runs]
        right = sum(one is None for one in faults)
        if right < meant:
            yield (
                f"true of {right} of the {meant} runs of {row.first.record.optimizer} {row.first.record.params}: "
                + str(next(one for one in faults if one is not None))
            )


def is_extent(low: str, high: str | None, values: Sequence[float]) -> bool:
    """Return whether `low to high` (or one number for both) is the range of values."""
    return is_shown(low, min(values)) and is_shown(high or low, max(values))


def gap_faults(claim: Claim, low: str, high: str | None) -> Iterator[str]:
    gaps = [float(run.gap) for run in claim.runs]
    complete = all(meant == len(row.runs) for row, meant in claim.members)
    if complete and not is_extent(low, high, gaps):
        yield f"the gap is {min(gaps)!r} to {max(gaps)!r}"
    if not complete and not all(any(is_shown(text, gap) for gap in gaps) for text in (low, high or low)):
        yield f"the gaps are {gaps!r}"
