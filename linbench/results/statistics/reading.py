"""Sentences on statistics: the conclusions that a reader may draw, and those that the data do not allow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from linbench.core.outcome.record import Status
from linbench.results.statistics.pairs import Claim, PairComparison, fewest_seeds
from linbench.results.statistics.profiles import TAU_MAX, score_intervals, scores
from linbench.results.statistics.robustness import ranking_warnings
from linbench.results.statistics.run_group import RunGroup, Setting, by_setting
from linbench.results.statistics.summary import summarize
from linbench.results.statistics.ties import MOST_RANKED, Ranking, rank
from linbench.results.statistics.times import Factor, TimeTable

if TYPE_CHECKING:
    from linbench.results.statistics.interval import Interval


def readings(groups: Sequence[RunGroup]) -> list[str]:
    """Return sentences on each setting by itself; where there are several, its name comes first."""
    settings = by_setting(groups)
    lines: list[str] = []
    for setting, members in settings.items():
        prefix = f"{_setting_name(setting, settings)}: " if len(settings) > 1 else ""
        lines += [prefix + line for line in _setting_readings(members)]
    return lines


def score_readings(table: TimeTable, tau_max: float = TAU_MAX, seed: int = 0) -> list[str]:
    """Return sentences on the scores: their intervals, the robustness of their order, and the tasks left out."""
    lines = [f"left out of the scores: {text}" for text in table.left_out]
    if not table.tasks:
        return [*lines, "no scores: no task was run with every optimizer"]
    found, intervals = scores(table, tau_max), score_intervals(table, tau_max, seed)
    texts = [f"{name} {score:.2f}{_score_interval(intervals[name])}" for name, score in found.items()]
    count, problems = len(table.tasks), len(table.names(Factor.PROBLEM))
    lines.append(f"score over {_count(count, 'task')} of {_count(problems, 'problem')}: {', '.join(texts)}")
    unsolved = sum(all(math.isinf(time) for time in row) for row in table.times)
    if unsolved:
        lines.append(f"{_count(unsolved, 'task')} of {count} solved by nobody; they lower every score alike")
    if problems == 1:
        lines.append("one problem: the scores say nothing of any other")
    warnings = ranking_warnings(table, tau_max)
    lines += warnings
    if not warnings and len(table.solvers) > 1 and (problems > 1 or len(table.solvers) > 2):
        lines.append("the order of the scores stays the same whatever single optimizer, problem or target is left out")
    return lines


def _setting_readings(groups: Sequence[RunGroup]) -> Iterator[str]:
    yield from _failures(groups)
    tried = [group for group in groups if group.runs]
    if not tried:
        return
    yield _success_counts(tried)
    yield from filter(None, (_success_intervals(tried), _missing_medians(tried), _work_per_epoch(tried)))
    seeds = max(len(group.runs) for group in tried)
    if seeds == 1:
        yield "one seed: luck and merit cannot be told apart"
        return
    same = [group.optimizer for group in tried if group.same_for_all_seeds]
    if same:
        yield f"every seed gave the same run of {_join_names(same)}: one observation of one start, not several"
    if len(tried) > MOST_RANKED:
        yield f"among {len(tried)} optimizers no seeds would do for a claim: compare the best ones again, on new seeds"
    elif len(tried) > 1:
        yield from _claims(rank(tried))


def _failures(groups: Sequence[RunGroup]) -> Iterator[str]:
    for group in groups:
        errors, skipped = group.count(Status.ERROR), group.count(Status.SKIPPED)
        if errors:
            yield f"{group.optimizer}: {_count(errors, 'run')} of {len(group.runs)} raised, counted as not arriving"
        if skipped:
            yield f"{group.optimizer}: {_count(skipped, 'run')} skipped, counted nowhere"
        if group.repeated:
            yield f"{group.optimizer}: {_count(group.repeated, 'further record')} of the same seeds, counted nowhere"


def _success_counts(groups: Sequence[RunGroup]) -> str:
    first, *rest = groups
    texts = [f"{first.optimizer} reached the target in {first.reached} of {_count(len(first.runs), 'run')}"]
    return ", ".join(texts + [f"{group.optimizer} in {group.reached} of {len(group.runs)}" for group in rest])


def _success_intervals(groups: Sequence[RunGroup]) -> str | None:
    texts = []
    for group in groups:
        interval = summarize(group).success_interval
        if interval is not None and len(group.runs) > 1:
            texts.append(f"{group.optimizer} {interval.low:.0%}–{interval.high:.0%}")
    if not texts:
        return None
    return f"by that, the success rate over seeds may be, with 95%: {', '.join(texts)}"


def _missing_medians(groups: Sequence[RunGroup]) -> str | None:
    failing = [group.optimizer for group in groups if summarize(group).epochs.median is None and len(group.runs) > 1]
    if not failing:
        return None
    return f"no median of epochs to target for {_join_names(failing)}: half of the runs or more did not get there"


def _work_per_epoch(groups: Sequence[RunGroup]) -> str | None:
    # An epoch of L-BFGS may evaluate the cost twenty times.
    costs = {group.optimizer: cost for group in groups if (cost := _evaluations_per_epoch(group)) is not None}
    if len(set(costs.values())) < 2:
        return None
    texts = ", ".join(f"{name} {float(cost):.3g}" for name, cost in costs.items())
    return f"epochs do not compare the work done, for evaluations of the cost per epoch are: {texts}"


def _evaluations_per_epoch(group: RunGroup) -> Fraction | None:
    epochs = sum(run.epochs_run for run in group.runs)
    return Fraction(sum(run.evaluations for run in group.runs), epochs) if epochs else None


def _claims(ranking: Ranking) -> Iterator[str]:
    pairs = ranking.comparisons
    erts = {standing.optimizer: standing.ert for standing in ranking.standings}
    for standing in ranking.standings:
        won = [pair for pair in pairs if pair.faster == standing.optimizer]
        tested, exact = [pair for pair in won if not pair.exact], [pair for pair in won if pair.exact]
        if tested:
            yield _faster_claim(standing.optimizer, tested)
        if exact:
            names = _join_names([str(pair.slower) for pair in exact])
            yield f"{standing.optimizer} is faster than {names} from this start, exactly; no other was seen"
        worse = [pair.slower for pair in tested if pair.slower and erts[pair.slower] < erts[standing.optimizer]]
        if worse:
            yield (
                f"{standing.optimizer} is faster than {_join_names(worse)} on most seeds, "
                "yet costs more epochs per success, because of its slow or failed runs"
            )
    yield from _ties(ranking)


def _faster_claim(name: str, won: Sequence[PairComparison]) -> str:
    highest = max(pair.adjusted for pair in won)
    texts = [
        f"{pair.slower} (on {max(pair.wins, pair.losses)} of {pair.seeds} seeds"
        f"{f', {pair.ties} tied' if pair.ties else ''})"
        for pair in won
    ]
    return f"{name} is faster than {_join_names(texts)}, p ≤ {highest:.2g} (sign test, adjusted for all pairs)"


def _ties(ranking: Ranking) -> Iterator[str]:
    pairs = {frozenset((pair.first, pair.second)): pair for pair in ranking.comparisons}
    for group in (group for group in ranking.ties if len(group) > 1):
        inside = [pairs[frozenset((a, b))] for i, a in enumerate(group) for b in group[i + 1 :]]
        claims = {pair.claim for pair in inside}
        if claims == {Claim.NEITHER}:
            yield f"{_join_names(group)} never reached the target: their epochs say nothing of which is better"
        elif claims == {Claim.EQUAL}:
            yield f"{_join_names(group)} took the same number of epochs from every seed: a tie"
        else:
            yield f"no difference between {_join_names(group)} can be claimed from {_seed_text(inside)}"
    tested = [pair for pair in ranking.comparisons if pair.seeds > 1 and not pair.exact]
    needed = fewest_seeds(len(tested))
    undecided = any(pair.claim is Claim.NO_CLAIM for pair in tested)
    if undecided and max(pair.seeds for pair in tested) < needed:
        yield f"{_count(len(tested), 'comparison')} cannot yield a claim from fewer than {needed} seeds that all agree"


def _seed_text(pairs: Iterable[PairComparison]) -> str:
    counts = sorted({pair.seeds for pair in pairs})
    return _count(counts[0], "seed") if len(counts) == 1 else f"{counts[0]}–{counts[-1]} seeds"


def _setting_name(setting: Setting, settings: Iterable[Setting]) -> str:
    """Return the problem of a setting, with all else that is not the same in all of them."""
    others = list(settings)
    texts = [setting.problem]
    for name, text in (
        ("model", setting.model),
        ("device", setting.device),
        ("dtype", setting.dtype),
        ("batch_size", f"batch size {setting.batch_size or 'full'}"),
        ("target", f"target {setting.target:g}"),
        ("epochs", f"{setting.epochs} epochs"),
    ):
        if len({getattr(other, name) for other in others}) > 1:
            texts.append(text)
    return ", ".join(texts)


def _score_interval(interval: Interval | None) -> str:
    return "" if interval is None else f" [{interval.low:.2f}–{interval.high:.2f}]"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _join_names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
