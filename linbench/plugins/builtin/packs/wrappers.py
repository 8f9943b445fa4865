"""Factories of optimizers around another optimizer, whose constructors want more than the harness can guess."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from linbench import RunContext


def GSAM(  # noqa: N802 - it stands for the class
    run: RunContext,
    base_optimizer: Optimizer,
    rho: float = 0.05,
    alpha: float = 0.4,
    adaptive: bool = False,
    perturb_eps: float = 1e-12,
    foreach: bool | None = None,
) -> PlainClosure:
    """Return GSAM of pytorch_optimizer with a constant radius `rho`, as its schedule has for a constant lr."""
    package = importlib.import_module("pytorch_optimizer")
    return PlainClosure(
        package.GSAM(
            run.params,
            base_optimizer,
            run.model,
            Constant(rho),
            alpha=alpha,
            adaptive=adaptive,
            perturb_eps=perturb_eps,
            foreach=foreach,
        )
    )


def SAMWrapper(  # noqa: N802 - it stands for the class
    run: RunContext,
    wrapped_optimizer: str = "heavyball/AdamW",
    ball: float = 0.1,
    lr: float = 0.0025,  # noqa: ARG001 - the run's, which `run.base` gives to what is wrapped
) -> Any:
    """Return heavyball's SAMWrapper. wrapped_optimizer: the spec of an optimizer of heavyball. lr: its lr."""
    return importlib.import_module("heavyball").SAMWrapper(run.params, run.base(wrapped_optimizer), ball)


@dataclass(frozen=True, slots=True)
class Constant:
    """A schedule of one value."""

    value: float

    def step(self) -> float:
        """Return the value."""
        return self.value


class PlainClosure:
    """GSAM with the closure of other optimizers; its own has to return the model's outputs as well."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    @property
    def param_groups(self) -> Any:
        """The parameter groups of the base optimizer."""
        return self.optimizer.param_groups

    def zero_grad(self) -> None:
        """Zero the gradients of the base optimizer."""
        self.optimizer.base_optimizer.zero_grad()

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Take one step, of two evaluations; return the cost before it."""
        _, cost = self.optimizer.step(lambda: (None, closure()))
        value: Tensor = cost
        return value

    def state_dict(self) -> Any:
        """Return the state of GSAM."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Load a state into GSAM."""
        self.optimizer.load_state_dict(state)
