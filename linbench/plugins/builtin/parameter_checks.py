"""Checks of the parameters of built-in problems: a value that means nothing is an error, and not taken for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from linbench import ProblemError


def check_bools(problem: str, parameters: Mapping[str, object]) -> None:
    """Raise ProblemError for a value that is not True or False, such as the text `maybe` or `false`."""
    for name, value in parameters.items():
        if not isinstance(value, bool):
            raise ProblemError(f"{problem}: {name} must be True or False, not {value!r}")


def check_counts(problem: str, parameters: Mapping[str, object]) -> None:
    """Raise ProblemError for a value that is not a whole number of at least 1."""
    for name, value in parameters.items():
        if not is_whole(value) or value < 1:
            raise ProblemError(f"{problem}: {name} must be a whole number of at least 1, not {value!r}")


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether a value is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, finite or not; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
