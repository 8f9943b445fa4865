"""An optimizer with what it needs around it, ready to be stepped."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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


class Driver:
    """Steps one optimizer as its contract asks.

    optimizer: the object that its factory returned, or one that holds it and its companion.
    contract: what it needs, with nothing left open.
    """

    def __init__(self, optimizer: Any, contract: Contract, run: RunContext, lr: object = None) -> None:
        self.optimizer, self.contract = optimizer, contract
        self._run, self._lr, self._steps, self._evaluations = run, lr, 0, 0
        if contract.modes:
            optimizer.train()

    def step(self, cost: Callable[[], Tensor], sampled_cost: Callable[[], Tensor] | None = None) -> int:
        """One step; returns how often cost and gradient were evaluated.

        cost: evaluates the cost of the current rows, with a graph. sampled_cost: the same on sampled targets, for
        optimizers that estimate curvature from them.
        """
        contract, self._evaluations = self.contract, 0

        def counted() -> Tensor:
            self._evaluations += 1
            return cost()

        with self._run.stepping(counted):
            if contract.closure:
                if contract.backward_first:
                    self._gradient(counted)
                self.optimizer.step(lambda: self._gradient(counted))
            elif self._gradient(counted) is not None:
                self.optimizer.step()
            self._steps += 1
            self._update_curvature(sampled_cost)
        return self._evaluations

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Inside, parameters are those to be judged; afterwards training goes on bit for bit where it was."""
        if not self.contract.modes or not self._steps:  # before the first step there is nothing to switch from
            yield
            return
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

    def _gradient(self, cost: Callable[[], Tensor]) -> Tensor | None:
        """Clear the gradients, evaluate the cost and its gradient; None where that was the whole step."""
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
                with warnings.catch_warnings():  # torch warns of a cycle, which the next zero_grad breaks
                    warnings.simplefilter("ignore", UserWarning)
                    value.backward(create_graph=True)  # type: ignore[no-untyped-call]
            else:
                value.backward()  # type: ignore[no-untyped-call]
        if contract.sparse:
            for parameter in self._run.params:
                if parameter.grad is not None and not parameter.grad.is_sparse:
                    parameter.grad = parameter.grad.to_sparse()
        return value.detach()

    def _update_curvature(self, sampled_cost: Callable[[], Tensor] | None) -> None:
        every = self.contract.curvature_every
        if not every or sampled_cost is None or self._steps % every != 1 % every:
            return
        with torch.enable_grad():
            self.optimizer.zero_grad()
            sampled_cost().backward()  # type: ignore[no-untyped-call]
        self._evaluations += 1
        self.optimizer.update_hessian()
        self.optimizer.zero_grad()


class SideBySide:
    """Two optimizers as one: that of the matrices, and the companion of the rest."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self.optimizers = optimizers

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Those of both."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def zero_grad(self) -> None:
        """Of both."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        """Of both."""
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> list[Any]:
        """Those of both."""
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load_state_dict(self, states: Sequence[Any]) -> None:
        """Into both."""
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)


def make_driver(
    component: Component, params: Mapping[str, object], run: RunContext, contract: Contract | None = None
) -> Driver:
    """Build the optimizer and look at what it needs; what only trying can tell is in `contract`, if anywhere.

    Raises whatever the target raises, and TypeError for an object that cannot be stepped.
    """
    declared = component.contract or Contract()
    known = declared if contract is None else contract.filled(declared)
    target = component.resolve()
    optimizer = _of_matrices(target, params, run, known) if known.matrices else construct(target, params, run)
    for method in ("step", "zero_grad"):
        if not callable(getattr(optimizer, method, None)):
            raise TypeError(f"it made a {type(optimizer).__name__}, which has no {method}()")
    return Driver(optimizer, known.filled(seen(optimizer)), run, params.get("lr"))


def seen(optimizer: Any) -> Contract:
    """What an optimizer shows that it needs, by its methods and their signatures."""
    parameters = _step_parameters(optimizer)
    ascends = callable(getattr(optimizer, "first_step", None)) and callable(getattr(optimizer, "second_step", None))
    every = CURVATURE_EVERY if callable(getattr(optimizer, "update_hessian", None)) else None
    return Contract(
        closure=ascends or needs_closure(optimizer),
        backward_first=ascends,
        create_graph="hessian" in parameters,
        modes=all(_takes_nothing(getattr(optimizer, mode, None)) for mode in ("train", "eval")),
        sparse=False,
        backward=_own_backward(optimizer),
        curvature_every=every,
        enable_grad=False,
        matrices=False,
    )


def needs_closure(optimizer: Any) -> bool:
    """Whether `step` cannot be called without a closure."""
    values = _step_parameters(optimizer).values()
    positional = (p for p in values if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    return any(p.default is p.empty for p in positional)


def _own_backward(optimizer: Any) -> str | None:
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


def _of_matrices(target: Callable[..., Any], params: Mapping[str, object], run: RunContext, contract: Contract) -> Any:
    """The target over the two-dimensional parameters, and its companion over the others, if there are any."""
    matrices = [parameter for parameter in run.params if parameter.ndim == 2]
    others = [parameter for parameter in run.params if parameter.ndim != 2]
    if not matrices:
        raise Unsuitable("it takes two-dimensional (2D) parameters only, and the model has none")
    optimizer = target(matrices, **params)
    return SideBySide([optimizer, run.base(contract.companion, others)]) if others else optimizer
