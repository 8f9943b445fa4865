"""The result of a tuning as a table with its notes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from linbench.results.table import numbers
from linbench.tuning.notes import notes, score_text

if TYPE_CHECKING:
    from linbench.tuning.result import TuningResult

WIDTH = 100


def render(tuning: Any, style: str = "simple", width: int = WIDTH) -> str:
    """Return the table of default against tuned, one row per problem × model × optimizer, with notes below it.

    tuning: a `linbench.Tuning`. The fastest tuned optimizer comes first.
    """
    results = sorted(tuning.results, key=lambda r: (r.tuned.epochs, r.tuned.gap))
    several = {"problem": len({r.problem for r in results}) > 1, "model": len({r.model for r in results}) > 1}
    rows = [
        [
            *(getattr(r, name) for name, shown in several.items() if shown),
            r.tuned_label,
            score_text(r.default),
            score_text(r.tuned),
            _ranges(r),
        ]
        for r in results
    ]
    headers = [
        *(name for name, shown in several.items() if shown),
        "best of the trials",
        "default",
        "tuned",
        "range as good",
    ]
    alignment = ["left"] * (len(headers) - 3) + ["right", "right", "left"]
    table = tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=alignment)
    curve = _curve(results, style)
    below = "\n".join(textwrap.fill(line, width, subsequent_indent="  ") for line in notes(tuning, results))
    return f"{table}\n\n{curve}\n\n{below}"


def _ranges(result: TuningResult) -> str:
    """Return, for each searched parameter, the values with which trials took at most twice the epochs of the best."""
    shown = (
        f"{name} {numbers.significant(found.low, 2)} – {numbers.significant(found.high, 2)} ({found.share:.0%})"
        for name, found in result.sensitivity.items()
        if found is not None
    )
    return ", ".join(shown) or numbers.NOTHING


def _curve(results: Sequence[TuningResult], style: str) -> str:
    """Return a table of the median epochs of the best of so many trials, which shows the worth of more trials."""
    budgets = sorted({k for result in results for k in result.curve})
    rows = [[result.optimizer, *(numbers.integer(result.curve.get(k)) for k in budgets)] for result in results]
    headers = ["median best of trials:", *map(str, budgets)]
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=["left"] + ["right"] * len(budgets))
