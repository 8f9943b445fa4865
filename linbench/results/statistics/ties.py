"""A ranking of optimizers that tells its claims from its ties."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.results.statistics.ert import expected_running_time
from linbench.results.statistics.pairs import PairComparison, compare_groups
from linbench.results.statistics.summary import summarize

if TYPE_CHECKING:
    from linbench.results.statistics.run_group import RunGroup

MOST_RANKED = 100
"""The most optimizers ranked together; of more, nothing could be claimed from any usual number of seeds."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One optimizer's place in a ranking.

    median: epochs to target, None where half of the runs or more failed. ert: epochs. best_rank: 1 + the number of
    optimizers claimed faster. worst_rank: the number of all − the number claimed slower.
    """

    optimizer: str
    median: float | None
    ert: float
    best_rank: int
    worst_rank: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of the optimizers as measured, with the claims and the ties in it.

    standings: by the median, then the ERT, then as given. ties: the largest sets within which no difference can be
    claimed, the best first; an optimizer that differs from all others is a set of its own, one between two may be in
    several. comparisons: of all pairs.
    """

    standings: Sequence[Standing]
    ties: Sequence[tuple[str, ...]]
    comparisons: Sequence[PairComparison]


def rank(groups: Sequence[RunGroup]) -> Ranking:
    """Order the optimizers of one setting; raises ValueError for several settings, or more than 100 optimizers.

    Since all claims hold at once with 95%, so do the ranges of ranks (Mogstad, Romano, Shaikh & Wilhelm 2024,
    Review of Economic Studies 91:476–518). "Cannot be told apart" is not transitive, so ties
    are sets that may overlap, as in a compact letter display (Piepho 2004, Journal of
    Computational and Graphical Statistics 13:456–466).
    """
    if len(groups) > MOST_RANKED:
        raise ValueError(
            f"at most {MOST_RANKED} optimizers can be ranked together, not {len(groups)}: compare the best ones"
        )
    comparisons = compare_groups(groups)
    medians = {group.optimizer: summarize(group).epochs.median for group in groups}
    erts = {group.optimizer: expected_running_time(group) for group in groups}
    order = sorted(medians, key=lambda name: (math.inf if (m := medians[name]) is None else m, erts[name]))
    standings = [
        Standing(
            optimizer=name,
            median=medians[name],
            ert=erts[name],
            best_rank=1 + sum(pair.slower == name for pair in comparisons),
            worst_rank=len(order) - sum(pair.faster == name for pair in comparisons),
        )
        for name in order
    ]
    return Ranking(standings, tie_groups(order, comparisons), comparisons)


def tie_groups(order: Sequence[str], comparisons: Sequence[PairComparison]) -> list[tuple[str, ...]]:
    """Return the largest sets of names of which no pair is claimed to differ, each in the given order."""
    tied: dict[str, set[str]] = {name: set() for name in order}
    for pair in comparisons:
        if pair.faster is None:
            tied[pair.first].add(pair.second)
            tied[pair.second].add(pair.first)
    place = {name: index for index, name in enumerate(order)}
    found = [sorted(clique, key=place.__getitem__) for clique in _cliques(tied, set(), set(order), set())]
    return [tuple(group) for group in sorted(found, key=lambda group: [place[name] for name in group])]


def _cliques(
    tied: Mapping[str, set[str]], chosen: set[str], candidates: set[str], done: set[str]
) -> Iterator[set[str]]:
    """Yield all maximal cliques (Bron & Kerbosch 1973, with a pivot)."""
    if not candidates and not done:
        if chosen:
            yield chosen
        return
    pivot = max(candidates | done, key=lambda name: len(tied[name] & candidates))
    for name in sorted(candidates - tied[pivot]):
        yield from _cliques(tied, chosen | {name}, candidates & tied[name], done & tied[name])
        candidates, done = candidates - {name}, done | {name}
