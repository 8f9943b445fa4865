"""An optimizer with what it needs around it, ready to be stepped.

Most optimizers of the field need more than `zero_grad`, `backward`, `step`: a closure, a differentiable gradient, modes
(`Contract`). The driver gives each what it asks for, so that the loops know one way of stepping only.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

import torch

from linbench.core.contract.construct import construct
from linbench.core.contract.contract import Contract
from linbench.core.errors import Unsuitable

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.contract.run_context import RunContext
    from linbench.core.request.component import Component

CURVATURE_EVERY = 10
"""Steps between two calls of `update_hessian`, where nothing else is declared (Liu et al. 2023, Sophia: k = 10)."""


@final
class Driver:
    """Steps one optimizer as its contract asks.

    optimizer: the object that its factory returned, or one that holds it and its companion.
    contract: what it needs, with nothing left open.
    """

    def __init__(self, optimizer: Any, contract: Contract, run: RunContext, lr: object = None) -> None:
        self.optimizer, self.contract = optimizer, contract
        self._run, self._lr, self._steps = run, lr, 0
        if contract.modes:
            optimizer.train()

    def step(self, cost: Callable[[], Tensor], sampled_cost: Callable[[], Tensor] | None = None) -> int:
        """Take one step; return how often cost and gradient were evaluated.

        cost: evaluates the cost of the current rows, with a graph. sampled_cost: the same on sampled targets, for
        optimizers that estimate curvature from them.
        """
        contract, counted = self.contract, _CountedCost(cost)

        def closure() -> Tensor | None:
            return self._compute_gradient(counted)

        with self._run.offer_closure(counted):
            if contract.closure:
                if contract.backward_first:
                    closure()
                self.optimizer.step(closure)
            elif closure() is not None:
                self.optimizer.step()
            self._steps += 1
            curvature_evaluations = self._update_curvature(sampled_cost)
        return counted.evaluations + curvature_evaluations

    @contextmanager
    def evaluation_mode(self) -> Iterator[None]:
        """Switch to the parameters that are to be judged; afterwards training goes on bit for bit where it was."""
        if not self.contract.modes or not self._steps:  # before the first step there is nothing to switch from
            yield
            return
        # Put back from copies: a schedule-free optimizer computes its training parameters from the others when it
        # switches back, which rounds.
        parameters = self._run.params
        with torch.no_grad():
            before = [parameter.detach().clone() for parameter in parameters]
        self.optimizer.eval()
        try:
            yield
        finally:
            self.optimizer.train()
            with torch.no_grad():
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.data.copy_(value)

    def _compute_gradient(self, cost: Callable[[], Tensor]) -> Tensor | None:
        """Clear the gradients, and evaluate the cost and its gradient; return the cost, or None after a whole step."""
        contract = self.contract
        with torch.enable_grad():  # some optimizers call the closure under no_grad
            self.optimizer.zero_grad()
            value = cost()
            if contract.backward == "fused_backward":
                self.optimizer.fused_backward(value, self._lr)
                return None
            if contract.backward == "pc_backward":
                self.optimizer.pc_backward([value])
            elif contract.backward is not None:
                getattr(self.optimizer, contract.backward)(value)
            elif contract.create_graph:
                # torch warns of a cycle between a parameter and its gradient; the next zero_grad breaks it.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    value.backward(create_graph=True)  # type: ignore[no-untyped-call]
            else:
                value.backward()  # type: ignore[no-untyped-call]
        if contract.sparse:
            for parameter in self._run.params:
                if parameter.grad is not None and not parameter.grad.is_sparse:
                    parameter.grad = parameter.grad.to_sparse()
        return value.detach()

    def _update_curvature(self, sampled_cost: Callable[[], Tensor] | None) -> int:
        """Refresh the optimizer's curvature where that is due; return how often cost and gradient were evaluated."""
        every = self.contract.curvature_every
        # After the first step and every so many from there; `1 % every` is 0 where that is each step.
        if not every or sampled_cost is None or self._steps % every != 1 % every:
            return 0
        with torch.enable_grad():
            self.optimizer.zero_grad()
            sampled_cost().backward()  # type: ignore[no-untyped-call]
        self.optimizer.update_hessian()
        self.optimizer.zero_grad()
        return 1


@final
class _CountedCost:
    """A cost that counts how often it is evaluated."""

    def __init__(self, cost: Callable[[], Tensor]) -> None:
        self.evaluations = 0
        self._cost = cost

    def __call__(self) -> Tensor:
        self.evaluations += 1
        return self._cost()


def make_driver(
    component: Component, params: Mapping[str, object], run: RunContext, contract: Contract | None = None
) -> Driver:
    """Build the optimizer and look at what it needs.

    contract: what trying found out that it needs; where it says nothing, what the component declares counts.

    Raises whatever the target raises, and TypeError for an object that cannot be stepped.
    """
    declared = component.contract or Contract()
    known = declared if contract is None else contract.with_defaults(declared)
    target = component.resolve()
    optimizer = _build_for_matrices(target, params, run, known) if known.matrices else construct(target, params, run)
    for method in ("step", "zero_grad"):
        if not callable(getattr(optimizer, method, None)):
            raise TypeError(f"it made a {type(optimizer).__name__}, which has no {method}()")
    return Driver(optimizer, known.with_defaults(inspect_needs(optimizer)), run, params.get("lr"))


def inspect_needs(optimizer: Any) -> Contract:
    """Return what an optimizer shows that it needs, by its methods and their signatures."""
    parameters = _step_parameters(optimizer)
    ascends = callable(getattr(optimizer, "first_step", None)) and callable(getattr(optimizer, "second_step", None))
    every = CURVATURE_EVERY if callable(getattr(optimizer, "update_hessian", None)) else None
    return Contract(
        closure=ascends or _needs_closure(optimizer),
        backward_first=ascends,
        create_graph="hessian" in parameters,
        modes=all(_takes_nothing(getattr(optimizer, mode, None)) for mode in ("train", "eval")),
        sparse=False,
        backward=_backward_method(optimizer),
        curvature_every=every,
        enable_grad=False,
        matrices=False,
    )


def _needs_closure(optimizer: Any) -> bool:
    """Return whether `step` cannot be called without a closure."""
    values = _step_parameters(optimizer).values()
    positional = (p for p in values if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    return any(p.default is p.empty for p in positional)


def _backward_method(optimizer: Any) -> str | None:
    names = ("fused_backward", "pc_backward", "backward")
    return next((name for name in names if callable(getattr(optimizer, name, None))), None)


def _step_parameters(optimizer: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(optimizer.step).parameters
    except (ValueError, TypeError):
        return {}


def _takes_nothing(method: Any) -> bool:
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind()
    except (ValueError, TypeError):
        return False
    return True


def _build_for_matrices(
    target: Callable[..., Any], params: Mapping[str, object], run: RunContext, contract: Contract
) -> Any:
    """Build the target over the two-dimensional parameters, and its companion over the others, if there are any."""
    matrices = [parameter for parameter in run.params if parameter.ndim == 2]
    others = [parameter for parameter in run.params if parameter.ndim != 2]
    if not matrices:
        raise Unsuitable("it takes two-dimensional (2D) parameters only, and the model has none")
    optimizer = target(matrices, **params)
    return SideBySide([optimizer, run.base(contract.companion, others)]) if others else optimizer


@final
class SideBySide:
    """Two optimizers as one: that of the matrices, and the companion of the rest."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self.optimizers = optimizers

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The parameter groups of both."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def zero_grad(self) -> None:
        """Clear the gradients of all parameters."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        """Take a step of each."""
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> list[Any]:
        """Return the state of each."""
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load_state_dict(self, states: Sequence[Any]) -> None:
        """Load the state of each."""
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)
