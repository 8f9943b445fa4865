"""Whether a ranking by score hangs on one optimizer, one problem or one target."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from linbench.results.statistics.profiles import TAU_MAX, scores
from linbench.results.statistics.times import Axis, TimeTable

SAME = 1e-9
"""Scores closer than this are equal: they are sums of the same few shares in another order."""

_FEWEST = {Axis.OPTIMIZER: 3, Axis.PROBLEM: 2, Axis.TARGET: 2}
"""With fewer, leaving one out leaves nothing to rank."""


@dataclass(frozen=True, slots=True)
class Flip:
    """What leaving one thing out changes in the order of two optimizers.

    ahead, behind: as they stand with everything in. scores: of the two, with everything; scores_without: without it.
    """

    axis: Axis
    left_out: str
    ahead: str
    behind: str
    scores: tuple[float, float]
    scores_without: tuple[float, float]

    @property
    def level(self) -> bool:
        """Whether the lead is lost only, and not taken over."""
        return _leads(*self.scores_without) == 0

    def __str__(self) -> str:
        moves = "draws level with" if self.level else "moves ahead of"
        ahead, behind = self.scores
        ahead_without, behind_without = self.scores_without
        return (
            f"without the {self.axis} {self.left_out}, {self.behind} {moves} {self.ahead}: "
            f"score {behind_without:.3g} against {ahead_without:.3g}, with it {behind:.3g} against {ahead:.3g}"
        )


def flips(table: TimeTable, tau_max: float = TAU_MAX) -> list[Flip]:
    """Every order of two scores that is reversed or lost when one optimizer, problem or target is left out.

    A profile compares with the best of the solvers that are there, so two solvers may change places when a third one
    leaves (Gould & Scott 2016, doi:10.1145/2950048); and few problems or targets may carry a whole ranking. Nothing is
    left out where fewer than two optimizers, one problem or one target would remain.
    """
    if not table.tasks:
        return []
    full = scores(table, tau_max)
    found: list[Flip] = []
    for axis in Axis:
        names = table.names(axis)
        if len(names) >= _FEWEST[axis]:
            for name in names:
                smaller = table.without(axis, name)
                if smaller.tasks:
                    found += _changes(axis, name, full, scores(smaller, tau_max))
    return found


def ranking_warnings(table: TimeTable, tau_max: float = TAU_MAX) -> list[str]:
    """`flips` as sentences, one each; empty where the ranking by score stands whatever is left out."""
    return list(map(str, flips(table, tau_max)))


def _changes(axis: Axis, name: str, full: Mapping[str, float], without: Mapping[str, float]) -> Iterator[Flip]:
    for one, other in itertools.combinations(without, 2):
        lead = _leads(full[one], full[other])
        ahead, behind = (one, other) if lead > 0 else (other, one)
        if lead and _leads(without[ahead], without[behind]) <= 0:
            yield Flip(axis, name, ahead, behind, (full[ahead], full[behind]), (without[ahead], without[behind]))


def _leads(one: float, other: float) -> int:
    """1, 0 or −1: the one score is higher, as high, lower."""
    if math.isclose(one, other, rel_tol=0, abs_tol=SAME):
        return 0
    return 1 if one > other else -1
