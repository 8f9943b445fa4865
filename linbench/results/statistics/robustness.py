"""The robustness of a ranking by score: one optimizer, problem or target is left out, and the order may change."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from linbench.results.statistics.profiles import TAU_MAX, scores
from linbench.results.statistics.times import Factor, TimeTable

SAME = 1e-9
"""Scores closer than this are equal: they are sums of the same few shares in another order."""

_FEWEST = {Factor.OPTIMIZER: 3, Factor.PROBLEM: 2, Factor.TARGET: 2}
"""The fewest levels of a factor of which one is left out: with fewer there is nothing left to rank."""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change in the order of two optimizers when one level of a factor is left out.

    left_out: that level. ahead, behind: the two optimizers, as they stand with everything in. scores: of `ahead` and
    `behind`, with everything in. scores_without: the same two, without the level.
    """

    factor: Factor
    left_out: str
    ahead: str
    behind: str
    scores: tuple[float, float]
    scores_without: tuple[float, float]

    @property
    def level(self) -> bool:
        """Whether the lead is lost only, and not taken over."""
        ahead, behind = self.scores_without
        return _lead(ahead, behind) == 0

    def __str__(self) -> str:
        moves = "draws level with" if self.level else "moves ahead of"
        ahead, behind = self.scores
        ahead_without, behind_without = self.scores_without
        return (
            f"without the {self.factor} {self.left_out}, {self.behind} {moves} {self.ahead}: "
            f"score {behind_without:.3g} against {ahead_without:.3g}, with it {behind:.3g} against {ahead:.3g}"
        )


def order_changes(table: TimeTable, tau_max: float = TAU_MAX) -> list[OrderChange]:
    """Return every order of two scores that is reversed or lost when one optimizer, problem or target is left out.

    A profile compares with the best of the solvers that are there, so two solvers may change places when a third one
    leaves (Gould & Scott 2016, doi:10.1145/2950048); and few problems or targets may carry a whole ranking. Nothing is
    left out where fewer than two optimizers, one problem or one target would remain.
    """
    if not table.tasks:
        return []
    full = scores(table, tau_max)
    found: list[OrderChange] = []
    for factor in Factor:
        names = table.names(factor)
        if len(names) >= _FEWEST[factor]:
            for name in names:
                smaller = table.without(factor, name)
                if smaller.tasks:
                    found += _changes(factor, name, full, scores(smaller, tau_max))
    return found


def ranking_warnings(table: TimeTable, tau_max: float = TAU_MAX) -> list[str]:
    """Return `order_changes` as sentences, one each; empty where the ranking stands whatever is left out."""
    return list(map(str, order_changes(table, tau_max)))


def _changes(
    factor: Factor, left_out: str, full: Mapping[str, float], without: Mapping[str, float]
) -> Iterator[OrderChange]:
    for one, other in itertools.combinations(without, 2):
        lead = _lead(full[one], full[other])
        ahead, behind = (one, other) if lead > 0 else (other, one)
        if lead and _lead(without[ahead], without[behind]) <= 0:
            yield OrderChange(
                factor=factor,
                left_out=left_out,
                ahead=ahead,
                behind=behind,
                scores=(full[ahead], full[behind]),
                scores_without=(without[ahead], without[behind]),
            )


def _lead(one: float, other: float) -> int:
    """Return 1 where the one score is higher than the other, 0 where they are equal, −1 where it is lower."""
    if math.isclose(one, other, rel_tol=0, abs_tol=SAME):
        return 0
    return 1 if one > other else -1
