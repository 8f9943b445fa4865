"""Standardization of features to mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from linbench import Problem, ProblemError


def standardize_features(
    X: Sequence[Sequence[float]],
    y: Sequence[Sequence[float]],
    features: Sequence[str],
    targets: Sequence[str],
    where: str,
) -> Problem:
    """Return a problem with features of mean 0 and standard deviation 1 (over n rows, not n − 1).

    X: (n, d). y: (n, m). features, targets: the names of their columns. where: the name of the data in errors.
    Raises ProblemError for a constant column, which has no scale.
    """
    table = torch.tensor(X, dtype=torch.float64)
    shift, scale = table.mean(0), table.std(0, correction=0)
    for name, column in zip(features, table.T, strict=True):
        if bool((column == column[0]).all()):
            raise ProblemError(f"{where}: column {name!r} is constant and cannot be standardized")
    return Problem((table - shift) / scale, y, features, targets, shift=shift, scale=scale)
