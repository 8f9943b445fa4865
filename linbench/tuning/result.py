"""The result of a tuning as data, and the pairs of optimizers whose order a wider space changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.tuning.trials import Score, Sensitivity, Trial


@dataclass(frozen=True, slots=True)
class WiderSearch:
    """The search of one optimizer in a space that reaches further at both ends of every range.

    trials: those outside of the searched space, with their scores on the tuning seeds. best: of these and of all
    trials in the searched space. label: the best one's parameters as a spec. score: its score on fresh seeds.
    edges: the parameters whose best value lies at an end of the wider range, each with "low" or "high".
    """

    trials: Sequence[Trial]
    best: Trial
    label: str
    score: Score
    edges: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TuningResult:
    """The result of a tuning for one optimizer on one problem with one model.

    trials: every point with its score on the tuning seeds. default, tuned: scores on fresh seeds, of the parameters
    that linbench uses anyway and of the best trial's. default_label, tuned_label: both as specs.
    sensitivity: for each searched parameter. edges: the parameters whose best value lies at an end of its range, each
    with "low" or "high". curve: for 1, 2, 4, … trials the median epochs to the target of the best of so many, drawn
    from all of them. wider: the search outside of the searched space, on which nothing else depends.
    """

    problem: str
    model: str
    optimizer: str
    default_label: str
    tuned_label: str
    trials: Sequence[Trial]
    default: Score
    tuned: Score
    best: Trial
    sensitivity: Mapping[str, Sensitivity | None]
    edges: Sequence[tuple[str, str]]
    curve: Mapping[int, float]
    wider: WiderSearch


@dataclass(frozen=True, slots=True)
class Flip:
    """Two optimizers whose order changes when each is given its best of the wider space: `rising` gains on `falling`.

    Compared are scores on fresh seeds. Being level counts as an order of its own.
    """

    rising: TuningResult
    falling: TuningResult


def flips(results: Sequence[TuningResult]) -> list[Flip]:
    """Return all pairs, on the same problem with the same model, whose order depends on the space."""
    pairs = itertools.combinations(results, 2)
    return [
        flip for a, b in pairs if (a.problem, a.model) == (b.problem, b.model) and (flip := _flip(a, b)) is not None
    ]


def _flip(a: TuningResult, b: TuningResult) -> Flip | None:
    searched, wider = _lead(a.tuned, b.tuned), _lead(a.wider.score, b.wider.score)
    if searched == wider:
        return None
    return Flip(a, b) if wider > searched else Flip(b, a)


def _lead(a: Score, b: Score) -> int:
    """Return 1 where `a` is ahead, -1 where `b` is, 0 where they are level."""
    if a < b:
        return 1
    return -1 if b < a else 0
