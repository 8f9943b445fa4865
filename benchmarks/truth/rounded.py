"""What rounding the data to a dtype does to the optimum."""

from __future__ import annotations

import mpmath
import numpy as np
import torch

from benchmarks.truth.exact import Truth


def rounding_gap(truth: Truth, dtype: str):
    """Return the relative gap, on the data as they are, of the optimum of the data as rounded to a dtype."""
    X, y = (torch.tensor(values).to(getattr(torch, dtype)).double().numpy() for values in (truth.X, truth.y))
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        return mpmath.inf
    rounded = Truth(X, y)
    gap = sum(
        curvature
        / 2
        * sum(
            (mpmath.fdot(vector, [row[target] for row in rounded.optimum]) - along[target]) ** 2
            for target in range(y.shape[1])
        )
        for curvature, vector, along in zip(truth.curvatures, truth.vectors, truth.along, strict=True)
    )
    return gap / truth.scale if truth.scale else (mpmath.mpf(0) if gap == 0 else mpmath.inf)
