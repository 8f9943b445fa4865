"""Weight decay that stands for a ridge penalty, and how large it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.core.request.choice import Choice


_RIDGE_CLASSES = frozenset(
    {
        "torch.optim:ASGD",
        "torch.optim:Adadelta",
        "torch.optim:Adagrad",
        "torch.optim:Adam",
        "torch.optim:Adamax",
        "torch.optim:NAdam",
        "torch.optim:RAdam",
        "torch.optim:RMSprop",
        "torch.optim:SGD",
    }
)
"""Classes that add weight_decay·θ to the gradient and do with the sum what they do with a gradient."""


def ridge_penalty(optimizer: Choice) -> float | None:
    """Return the weight decay of one of torch's own classes that adds decay·θ to the gradient; None elsewhere.

    Such a run ends where the gradient of f(θ) + decay/2·‖θ‖² is zero, whatever else the class does with gradients.
    Decoupled decay (AdamW) has no such point.
    """
    decay = optimizer.params.get("weight_decay")
    if optimizer.component.target not in _RIDGE_CLASSES or optimizer.params.get("decoupled_weight_decay"):
        return None
    if optimizer.params.get("maximize") or isinstance(decay, bool) or not isinstance(decay, int | float):
        return None
    return float(decay) if decay > 0 else None
