"""The result of a tuning as a table with its notes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from linbench.core.table import numbers

if TYPE_CHECKING:
    from linbench.core.tuning import Score

WIDTH = 100


def render(tuning: Any, style: str = "simple", width: int = WIDTH) -> str:
    """Default against tuned, one row per problem × model × optimizer, the fastest tuned one first.

    tuning: a `linbench.Tuning`. Below the table stands what the best values mean, and what to beware of.
    """
    results = sorted(tuning.results, key=lambda r: (r.tuned.epochs, r.tuned.gap))
    several = {"problem": len({r.problem for r in results}) > 1, "model": len({r.model for r in results}) > 1}
    rows = [[*(getattr(r, name) for name, shown in several.items() if shown), *_row(r)] for r in results]
    headers = [
        *(name for name, shown in several.items() if shown),
        "best of the trials",
        "default",
        "tuned",
        "range as good",
    ]
    table = tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=_alignment(len(headers)))
    curve = _curve(results, style)
    below = "\n".join(textwrap.fill(line, width, subsequent_indent="  ") for line in _notes(tuning, results))
    return f"{table}\n\n{curve}\n\n{below}"


def _alignment(columns: int) -> list[str]:
    return ["left"] * (columns - 3) + ["right", "right", "left"]


def _row(result: Any) -> list[str]:
    return [result.tuned_label, _score(result.default), _score(result.tuned), _ranges(result)]


def _score(score: Score) -> str:
    """Epochs to the target, or how far from it the runs ended."""
    if math.isfinite(score.epochs):
        return numbers.integer(score.epochs)
    return f"gap {numbers.significant(score.gap, 2)}" if math.isfinite(score.gap) else "diverged"


def _ranges(result: Any) -> str:
    """Of each searched parameter, the values with which trials took at most twice the epochs of the best."""
    shown = (
        f"{name} {numbers.significant(found.low, 2)} – {numbers.significant(found.high, 2)} ({found.share:.0%})"
        for name, found in result.sensitivity.items()
        if found is not None
    )
    return ", ".join(shown) or numbers.NOTHING


def _curve(results: Sequence[Any], style: str) -> str:
    """Median epochs of the best of so many trials: how much of a result is the tuning."""
    budgets = sorted({k for result in results for k in result.curve})
    rows = [[result.optimizer, *(numbers.integer(result.curve.get(k)) for k in budgets)] for result in results]
    headers = ["median best of trials:", *map(str, budgets)]
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=["left"] + ["right"] * len(budgets))


def _notes(tuning: Any, results: Sequence[Any]) -> Iterator[str]:
    yield (
        f"{tuning.budget} trials for every optimizer on seeds {_seeds(tuning.tuning_seeds)}; default and tuned are "
        f"median epochs to the target on fresh seeds {_seeds(tuning.fresh_seeds)}; range as good: within twice the "
        "epochs of the best, and its share of what was searched"
    )
    for result in results:
        for name, end in result.edges:
            yield (
                f"the best {name} of {result.optimizer} lies at the {end} end of what was searched: a wider range may "
                "find a better one, and change the order"
            )
        if math.isinf(result.tuned.epochs):
            yield f"none of {len(result.trials)} trials of {result.optimizer} reached the target in half of its runs"
    yield from _flips(results)


def _flips(results: Sequence[Any]) -> Iterator[str]:
    """Optimizers that change places between the default and the tuned comparison."""
    for i, first in enumerate(results):
        for other in results[i + 1 :]:
            same = (first.problem, first.model) == (other.problem, other.model)
            if same and other.default < first.default and first.tuned < other.tuned:
                yield f"{first.optimizer} is ahead of {other.optimizer} when both are tuned, and behind it at defaults"


def _seeds(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
