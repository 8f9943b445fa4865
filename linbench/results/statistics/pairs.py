"""Comparisons of two optimizers: the exact sign test, and the claims that the seeds allow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from linbench.results.statistics.ert import pair_by_seed
from linbench.results.statistics.interval import LEVEL

if TYPE_CHECKING:
    from linbench.results.statistics.run_group import RunGroup


class Claim(StrEnum):
    """The claim that may be made of two optimizers in one setting."""

    FIRST = "first"
    """The first one is faster."""
    SECOND = "second"
    """The second one is faster."""
    NO_CLAIM = "no claim"
    """The seeds do not tell; that is no proof of equality."""
    EQUAL = "equal"
    """Both took the same number of epochs from every one of several seeds, and at least one run arrived."""
    NEITHER = "neither"
    """No run of either reached the target."""


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Two optimizers on the seeds that both have.

    seeds: their number. wins: seeds on which the first took fewer epochs. losses: seeds on which the second did. ties:
    seeds on which neither did, also because both failed. p_value: of the exact two-sided sign test. adjusted: the
    p-value by Holm's method for all pairs compared together. exact: every seed gave the same run for both, so there is
    nothing to test.
    """

    first: str
    second: str
    seeds: int
    wins: int
    losses: int
    ties: int
    p_value: float
    adjusted: float
    exact: bool
    claim: Claim

    @property
    def faster(self) -> str | None:
        """The optimizer that may be called faster."""
        return {Claim.FIRST: self.first, Claim.SECOND: self.second}.get(self.claim)

    @property
    def slower(self) -> str | None:
        """The optimizer that may be called slower."""
        return {Claim.FIRST: self.second, Claim.SECOND: self.first}.get(self.claim)


def compare_pair(first: RunGroup, second: RunGroup) -> PairComparison:
    """Compare two groups, as `compare_groups` does."""
    return compare_groups([first, second])[0]


def compare_groups(groups: Sequence[RunGroup]) -> list[PairComparison]:
    """Compare every pair of optimizers in one setting by seed; raises ValueError for groups of several settings.

    The test is the exact sign test: on how many seeds was which of the two faster, a failure being slower than any
    success and as fast as another failure? It asks nothing of the distribution, needs no number for a run that never
    arrived, and is exact for few seeds (Dixon & Mood 1946, JASA 41:557–566; for comparisons of learning methods
    Demšar 2006, JMLR 7:1–30, section 3.1.4). Ties are left out, as is exact given
    their number. Where only success differs it is McNemar's exact test. No exact paired test can claim anything from
    fewer than 6 seeds, since p ≥ 2/2ⁿ: `fewest_seeds`.

    Pairs compared together are adjusted so that all claims hold at once with 95% (Holm 1979, Scandinavian Journal of
    Statistics 6:65–70). Where every seed gave the same run for both, a difference is a fact of this start and these
    data, and no test applies.
    """
    if len({group.setting for group in groups}) > 1:
        raise ValueError("runs in different settings cannot be compared: group them with by_setting")
    found = [_count_wins(first, second) for first, second in itertools.combinations(groups, 2)]
    tested = [index for index, pair in enumerate(found) if pair.seeds > 1 and not pair.exact]
    for index, adjusted in zip(tested, holm([found[index].p_value for index in tested]), strict=True):
        found[index] = replace(found[index], adjusted=adjusted)
    reached = {group.optimizer: group.reached > 0 for group in groups}
    return [replace(pair, claim=_claim_of(pair, reached[pair.first] or reached[pair.second])) for pair in found]


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided p-value of the exact sign test.

    p = min(1, 2·P(X ≥ max(wins, losses))), X ~ Bin(wins + losses, ½): the same as
    `scipy.stats.binomtest(wins, wins + losses).pvalue`, whose import takes longer than many a comparison.
    """
    n = wins + losses
    outer = sum(math.comb(n, k) for k in range(max(wins, losses), n + 1))
    return min(1.0, 2 * outer / (1 << n))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for looking at all of them: return the running maximum of (m − i)·p₍ᵢ₎, i = 0 … m − 1."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def fewest_seeds(comparisons: int = 1) -> int:
    """Return the fewest agreeing seeds for a claim among m comparisons: the least n with 2/2ⁿ ≤ 0.05/m."""
    n = 1
    while comparisons * 2 / (1 << n) > 1 - LEVEL:
        n += 1
    return n


def _count_wins(first: RunGroup, second: RunGroup) -> PairComparison:
    times = [(a.time, b.time) for a, b in pair_by_seed(first, second)]
    wins, losses = sum(a < b for a, b in times), sum(a > b for a, b in times)
    return PairComparison(
        first=first.optimizer,
        second=second.optimizer,
        seeds=len(times),
        wins=wins,
        losses=losses,
        ties=len(times) - wins - losses,
        p_value=sign_test(wins, losses),
        adjusted=1.0,
        exact=len(times) > 1 and first.same_for_all_seeds and second.same_for_all_seeds,
        claim=Claim.NO_CLAIM,
    )


def _claim_of(pair: PairComparison, any_reached: bool) -> Claim:
    if not any_reached:
        return Claim.NEITHER
    if pair.seeds < 2:
        return Claim.NO_CLAIM
    if pair.ties == pair.seeds:
        return Claim.EQUAL
    if pair.exact or pair.adjusted <= 1 - LEVEL:
        return Claim.FIRST if pair.wins > pair.losses else Claim.SECOND
    return Claim.NO_CLAIM
