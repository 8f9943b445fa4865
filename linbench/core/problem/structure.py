"""The structure of hyperparameters, which cases that differ in the size of numbers only have in common."""

from __future__ import annotations

from collections.abc import Hashable


def shape_of(value: object) -> Hashable:
    """Return a parameter's value but for the size of floats in it.

    A float counts as zero or not, since that is what optimizers branch on (`if momentum != 0`); a whole number may
    be a count, such as LBFGS's max_iter, and stands for itself.
    """
    if isinstance(value, tuple | list):
        return tuple(map(shape_of, value))
    if isinstance(value, float):
        return value != 0
    return value if isinstance(value, int) else repr(value)
