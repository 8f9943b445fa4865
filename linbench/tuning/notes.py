"""The notes below the result of a tuning: the meaning of its numbers, and warnings."""

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
    """Yield the notes, one line each.

    tuning: a `linbench.Tuning`. results: its results, in the order in which they are to be named.
    """
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
        yield from (where + line for line in _cell_notes(there, tuning.wider_budget))


def score_text(score: Score) -> str:
    """Return the epochs to the target as text, or the gap at which the runs ended."""
    if math.isfinite(score.epochs):
        return numbers.integer(score.epochs)
    return f"gap {numbers.significant(score.gap, 2)}" if math.isfinite(score.gap) else "diverged"


def _cell_notes(results: Sequence[TuningResult], wider_budget: int) -> Iterator[str]:
    """Yield the notes on the optimizers on one problem with one model."""
    for result in results:
        yield from _result_notes(result)
    for first, other in itertools.combinations(results, 2):
        if other.default < first.default and first.tuned < other.tuned:
            yield f"{first.optimizer} is ahead of {other.optimizer} when both are tuned, and behind it at defaults"
    wider = _wider_ranges_note(results, wider_budget)
    if wider is not None:
        yield wider


def _result_notes(result: TuningResult) -> Iterator[str]:
    if result.edges:
        yield f"{_edge_text(result)} of what was searched; {_outside_text('it', result)}"
    elif result.wider.score < result.tuned:
        yield _outside_text("what was searched", result)
    if math.isinf(result.tuned.epochs):
        yield f"none of {len(result.trials)} trials of {result.optimizer} reached the target in half of its runs"


def _edge_text(result: TuningResult) -> str:
    (name, end), *others = result.edges
    also = "".join(f", its best {name} at the {end} end" for name, end in others)
    return f"the best {name} of {result.optimizer} lies at the {end} end{also}"


def _outside_text(searched: str, result: TuningResult) -> str:
    """Return the worth of the best trial outside of the searched space, on fresh seeds."""
    wider, count = result.wider, len(result.wider.trials)
    if wider.label == result.tuned_label:
        return f"none of {count} {_trials(count)} outside of {searched} is better"
    if not wider.score < result.tuned:
        if wider.score == result.tuned:
            same = f"takes as long on fresh ones ({_effort(wider.score)})"
            return f"outside of {searched}, {wider.label} was better on the tuning seeds, and {same}"
        fresh = "{}, not {}".format(*_efforts(wider.score, result.tuned))
        return f"outside of {searched}, {wider.label} was better on the tuning seeds, but not on fresh ones ({fresh})"
    efforts = _efforts(wider.score, result.tuned)
    better, known = f"{wider.label} ({efforts[0]})", f"{result.tuned_label} ({efforts[1]})"
    end = ", at an end of the wider range," if wider.edges else ""
    return f"outside of {searched}, {better}{end} does better than {known}"


def _wider_ranges_note(results: Sequence[TuningResult], budget: int) -> str | None:
    """Return whether the order of the optimizers, if there is one, depends on the searched ranges."""
    if not any(result.wider.trials for result in results):
        return None
    more = f"{budget} more {_trials(budget)} for each optimizer"
    tried = f"ranges that reach {WIDER:g} times further at both ends, with {more},"
    changes = flips(results)
    if changes:
        return f"{tried} change the order: {'; '.join(map(_flip_text, changes))}"
    if len(results) > 1:
        return f"{tried} do not change the order"
    if results[0].wider.label == results[0].tuned_label and not results[0].edges:
        return f"{tried} hold nothing better"
    return None


def _flip_text(flip: Flip) -> str:
    rising, falling = flip.rising, flip.falling
    gains = "overtakes" if rising.wider.score < falling.wider.score else "draws level with"
    before = "is behind" if falling.tuned < rising.tuned else "is level with"
    wider, searched = _efforts(rising.wider.score, falling.wider.score), _efforts(rising.tuned, falling.tuned)
    return (
        f"{rising.wider.label} ({wider[0]}) {gains} {falling.wider.label} ({wider[1]}), "
        f"while as searched {rising.tuned_label} ({searched[0]}) {before} {falling.tuned_label} ({searched[1]})"
    )


def _efforts(one: Score, other: Score) -> tuple[str, str]:
    """Return two scores that are compared, with as many digits as make them differ where they do."""
    for digits in range(2, 18):
        texts = _effort(one, digits), _effort(other, digits)
        if texts[0] != texts[1] or one == other:
            break
    return texts


def _effort(score: Score, digits: int = 2) -> str:
    if math.isfinite(score.epochs):
        return f"{score_text(score)} epochs"
    return f"gap {numbers.significant(score.gap, digits)}" if math.isfinite(score.gap) else score_text(score)


def _trials(count: int) -> str:
    return "trial" if count == 1 else "trials"


def _seeds(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
