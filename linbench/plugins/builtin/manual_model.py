"""The model of the tutorial's first half."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ManualModel(nn.Module):
    """XW + b with W and b as plain tensors that start at zero.

    With one feature and one target W and b have shape (1,) and multiply element by element, as the tutorial writes
    it, so that every bit of training is the same; otherwise W is (d, m) and b is (m,).
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        super().__init__()
        self.scalar = n_features == 1 and n_targets == 1
        self.W = nn.Parameter(torch.zeros(1) if self.scalar else torch.zeros(n_features, n_targets))
        self.b = nn.Parameter(torch.zeros(n_targets))

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) → (n, m)."""
        return x * self.W + self.b if self.scalar else x @ self.W + self.b
