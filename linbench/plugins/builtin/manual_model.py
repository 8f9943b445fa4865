"""The model of the tutorial's first half, with W and b made by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from linbench import ComponentError


class ManualModel(nn.Module):
    """The model XW + b, with W and b as plain tensors that start at zero.

    With one feature and one target W and b have shape (1,) and multiply element by element, as the tutorial writes
    it, so that every bit of training is the same; otherwise W is (d, m) and b is (m,).
    bias: whether there is b. Raises ComponentError for one that is not a bool.
    """

    def __init__(self, n_features: int, n_targets: int, bias: bool = True) -> None:
        if not isinstance(bias, bool):
            raise ComponentError(f"manual: bias must be True or False, not {bias!r}")
        super().__init__()
        self.scalar = n_features == 1 and n_targets == 1
        self.W = nn.Parameter(torch.zeros(1) if self.scalar else torch.zeros(n_features, n_targets))
        if bias:
            self.b = nn.Parameter(torch.zeros(n_targets))

    # nn.Module's ways to call and to look up a parameter would make a step of this model 3% slower than that of two
    # plain tensors. So the parameters are read from the dict, and with no hook to run, `forward` is called as it is.
    _parameters: dict[str, Tensor]  # type: ignore[assignment]  # torch allows None in it; here there is none

    def __call__(self, x: Tensor) -> Tensor:
        """Return `forward(x)`, and run the hooks that somebody registered on this model."""
        if self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks:
            return super().__call__(x)  # type: ignore[no-any-return]
        return self.forward(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return XW + b, or XW without bias, (n, m). x: (n, d)."""
        parameters = self._parameters
        W, b = parameters["W"], parameters.get("b")
        output = x * W if self.scalar else x @ W
        return output if b is None else output + b
