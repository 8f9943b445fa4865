"""The linear regressions of NIST's Statistical Reference Datasets, on which statistical software is tested."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from fractions import Fraction
from importlib.resources import files

from linbench import Problem, ProblemError

DEGREES: Mapping[str, int] = {
    "norris": 1,
    "pontius": 2,
    "noint1": 1,
    "noint2": 1,
    "filip": 10,
    "longley": 1,
    "wampler1": 5,
    "wampler2": 5,
    "wampler3": 5,
    "wampler4": 5,
    "wampler5": 5,
}
"""The linear sets, in NIST's order of difficulty, and the highest power of the predictors of each."""

WITHOUT_INTERCEPT = frozenset({"noint1", "noint2"})
"""The sets whose model has no intercept."""


def nist(seed: int, set: str) -> Problem:  # noqa: A002, ARG001  NIST calls it a set; it is the same for every seed
    """Return one of NIST's sets, by its name in lower case; the powers of polynomials are x's, each rounded once.

    Raises ProblemError for a name that is not among them.
    """
    name = str(set)
    if name not in DEGREES:
        close = difflib.get_close_matches(name.lower(), DEGREES, n=1, cutoff=0.5)
        known = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(DEGREES)}"
        raise ProblemError(f"nist: unknown set {set!r}: {known}")
    text = files("linbench.plugins.builtin").joinpath("data", "nist", f"{name}.csv").read_text(encoding="utf-8")
    (target, *predictors), *rows = csv.reader(text.splitlines())
    powers = range(1, DEGREES[name] + 1)
    features = [_name(predictor, power) for predictor in predictors for power in powers]
    X = [[_power(cell, power) for cell in cells for power in powers] for _, *cells in rows]
    y = [float(value) for value, *_ in rows]
    return Problem(X, y, features, [target], intercept=name not in WITHOUT_INTERCEPT)


def _power(cell: str, power: int) -> float:
    """Return a power of the number that a cell is read as, rounded once."""
    return float(Fraction(float(cell)) ** power)


def _name(predictor: str, power: int) -> str:
    return predictor if power == 1 else f"{predictor}^{power}"
