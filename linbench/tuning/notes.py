"""What stands below the result of a tuning: what the numbers mean, and what to beware of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from linbench.results.table import numbers
from linbench.tuning.result import Flip, TuningResult, flips
from linbench.tuning.trials import WIDER

if TYPE_CHECKING:
    from linbench.tuning.trials import Score


def notes(tuning: Any, results: Sequence[TuningResult]) -> Iterator[str]:
    """One line each. tuning: a `linbench.Tuning`. results: its results, in the order in which they are to be named."""
    yield (
        f"{tuning.budget} trials for every optimizer on seeds {_seeds(tuning.tuning_seeds)}; default and tuned are "
        f"median epochs to the target on fresh seeds {_seeds(tuning.fresh_seeds)}; range as good: within twice the "
        "epochs of the best, and its share of what was searched"
    )
    cells: dict[str, list[TuningResult]] = {}
    for result in results:
        cells.setdefault(f"{result.problem}, {result.model}", []).append(result)
    for cell, there in cells.items():
        where = f"{cell}: " if len(cells) > 1 else ""
        yield from (where + line for line in _of_cell(there, tuning.wider_budget))


def score_text(score: Score) -> str:
    """Epochs to the target, or how far from it the runs ended."""
    if math.isfinite(score.epochs):
        return numbers.integer(score.epochs)
    return f"gap {numbers.significant(score.gap, 2)}" if math.isfinite(score.gap) else "diverged"


def _of_cell(results: Sequence[TuningResult], wider_budget: int) -> Iterator[str]:
    """What is to be said of the optimizers on one problem with one model."""
    for result in results:
        yield from _of_result(result)
    for first, other in itertools.combinations(results, 2):
        if other.default < first.default and first.tuned < other.tuned:
            yield f"{first.optimizer} is ahead of {other.optimizer} when both are tuned, and behind it at defaults"
    yield from _of_wider_ranges(results, wider_budget)


def _of_result(result: TuningResult) -> Iterator[str]:
    if result.edges:
        yield f"{_edges(result)} of what was searched; {_outside('it', result)}"
    elif result.wider.score < result.tuned:
        yield _outside("what was searched", result)
    if math.isinf(result.tuned.epochs):
        yield f"none of {len(result.trials)} trials of {result.optimizer} reached the target in half of its runs"


def _edges(result: TuningResult) -> str:
    (name, end), *others = result.edges
    also = "".join(f", its best {name} at the {end} end" for name, end in others)
    return f"the best {name} of {result.optimizer} lies at the {end} end{also}"


def _outside(searched: str, result: TuningResult) -> str:
    """What the best trial outside of the searched space is worth, on fresh seeds."""
    wider, count = result.wider, len(result.wider.trials)
    if wider.label == result.tuned_label:
        return f"none of {count} {_trials(count)} outside of {searched} is better"
    if not wider.score < result.tuned:
        fresh = f"{_taken(wider.score)}, not {_taken(result.tuned)}"
        return f"outside of {searched}, {wider.label} was better on the tuning seeds, but not on fresh ones ({fresh})"
    better, known = _named(wider.label, wider.score), _named(result.tuned_label, result.tuned)
    end = ", at an end of the wider range," if wider.edges else ""
    return f"outside of {searched}, {better}{end} does better than {known}"


def _of_wider_ranges(results: Sequence[TuningResult], budget: int) -> Iterator[str]:
    """Whether the order of the optimizers, if there is one, depends on the ranges that were searched."""
    if not any(result.wider.trials for result in results):
        return
    more = f"{budget} more {_trials(budget)} for each optimizer"
    tried = f"ranges that reach {WIDER:g} times further at both ends, with {more},"
    changes = flips(results)
    if changes:
        yield f"{tried} change the order: {'; '.join(map(_change, changes))}"
    elif len(results) > 1:
        yield f"{tried} do not change the order"
    elif results[0].wider.label == results[0].tuned_label and not results[0].edges:
        yield f"{tried} hold nothing better"


def _change(flip: Flip) -> str:
    rising, falling = flip.rising, flip.falling
    gains = "overtakes" if rising.wider.score < falling.wider.score else "draws level with"
    before = "is behind" if falling.tuned < rising.tuned else "is level with"
    return (
        f"{_named(rising.wider.label, rising.wider.score)} {gains} {_named(falling.wider.label, falling.wider.score)}, "
        f"while as searched {_named(rising.tuned_label, rising.tuned)} {before} "
        f"{_named(falling.tuned_label, falling.tuned)}"
    )


def _named(label: str, score: Score) -> str:
    return f"{label} ({_taken(score)})"


def _taken(score: Score) -> str:
    return f"{score_text(score)} epochs" if math.isfinite(score.epochs) else score_text(score)


def _trials(count: int) -> str:
    return "trial" if count == 1 else "trials"


def _seeds(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
