"""Checks of gradients that are missing or zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from linbench.conformance.requirement import require
from linbench.conformance.training import Regression, train

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


class _WithIdle(Regression):
    """A regression with a parameter that the cost does not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.idle = nn.Parameter(torch.tensor([0.7, -1.3]))


def leaves_parameters_without_gradient_alone(subject: Subject) -> None:
    """Check that a parameter whose grad is None stays as it is: else frozen or unused layers drift, or stop the run."""
    idle = train(subject, _WithIdle()).parameter(-1)
    require(bool((idle == idle[0]).all()), "a parameter whose grad is None was changed")


def survives_zero_gradients(subject: Subject) -> None:
    """Check that gradients of zero leave the parameters finite: a dead unit must not turn a model into NaN."""
    model = Regression()

    def flat() -> Tensor:
        return 0 * model.cost()

    end = train(subject, model, flat).end
    require(all(bool(torch.isfinite(tensor).all()) for tensor in end), "gradients of zero made a parameter non-finite")
