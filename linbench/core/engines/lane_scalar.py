"""Lane scalars: numbers that differ between lanes, such as the learning rate in a sweep.

An optimizer computes with its hyperparameters before they meet a tensor (`1 - beta**step`, `lr / correction`) and
branches on them (`if momentum != 0`). A tensor of K numbers could do the arithmetic, but torch's optimizers take a
tensor of one element only ("Tensor lr must be 1-element", torch/optim/adam.py). A subclass of float passes for the
number that it stands for, and its operators see what Python code does with it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Self, final

import torch

from linbench.core.engines.not_separable import NotSeparable

if TYPE_CHECKING:
    from torch import Tensor


# A lane scalar's own arithmetic is linbench's, not the optimizer's: `LaneWatch` must not see it.
_unwatched = torch._C.DisableTorchFunction


def _arithmetic(operation: Callable[[Any, Any], Tensor]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods for `scalar ∘ other` and `other ∘ scalar`, lane by lane."""

    def forward(self: LaneScalar, other: object) -> Any:
        number = _as_operand(other)
        if number is None:
            return NotImplemented
        with _unwatched():
            return LaneScalar(operation(self.lanes, number))

    def reflected(self: LaneScalar, other: object) -> Any:
        number = _as_operand(other)
        if number is None:
            return NotImplemented
        with _unwatched():
            return LaneScalar(operation(number, self.lanes))

    return forward, reflected


def _comparison(operation: Callable[[Any, Any], Tensor]) -> Callable[..., Any]:
    """Return the method that answers a comparison on which all lanes agree."""

    def compare(self: LaneScalar, other: object) -> Any:
        if isinstance(other, torch.Tensor) or not isinstance(other, int | float):
            return NotImplemented
        return _agree(operation, self.lanes, other.lanes if isinstance(other, LaneScalar) else other)

    return compare


def _refuse(*_: object) -> NoReturn:
    raise NotSeparable("a hyperparameter that differs between lanes is read as one number", only="hyperparameters")


@final
class LaneScalar(float):
    """One float per lane. As a plain float it is NaN, so that what reads it unseen shows.

    lanes: (K,), float64. Arithmetic goes lane by lane in float64, as Python's does for one run; a comparison answers
    only when all lanes agree, and raises NotSeparable otherwise.
    """

    lanes: Tensor
    _broadcast: dict[tuple[int, torch.dtype], Tensor]

    def __new__(cls, lanes: Tensor) -> Self:
        """Make one of lanes (K,), float64."""
        self = super().__new__(cls, float("nan"))
        self.lanes = lanes
        self._broadcast = {}
        return self

    def broadcast(self, ndim: int, dtype: torch.dtype) -> Tensor:
        """Return the lanes as (K, 1, …) with `ndim` axes, to combine with laned tensors."""
        key = ndim, dtype
        if key not in self._broadcast:
            self._broadcast[key] = self.lanes.to(dtype).view(-1, *[1] * (ndim - 1))
        return self._broadcast[key]

    __add__, __radd__ = _arithmetic(operator.add)
    __sub__, __rsub__ = _arithmetic(operator.sub)
    __mul__, __rmul__ = _arithmetic(operator.mul)
    __truediv__, __rtruediv__ = _arithmetic(operator.truediv)
    __pow__, __rpow__ = _arithmetic(operator.pow)
    __floordiv__, __rfloordiv__ = _arithmetic(operator.floordiv)
    __mod__, __rmod__ = _arithmetic(operator.mod)

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)

    # A class with its own `__eq__` has no hash unless it says so.
    __hash__ = object.__hash__

    def __neg__(self) -> LaneScalar:
        with _unwatched():
            return LaneScalar(-self.lanes)

    def __pos__(self) -> LaneScalar:
        return self

    def __abs__(self) -> LaneScalar:
        with _unwatched():
            return LaneScalar(self.lanes.abs())

    def __bool__(self) -> bool:
        return _agree(operator.ne, self.lanes, 0)

    # Its lanes are never changed in place, so it is its own copy.
    def __copy__(self) -> LaneScalar:
        return self

    def __deepcopy__(self, memo: object) -> LaneScalar:
        return self

    # With `capturable=True` the step count is a tensor, and torch's optimizers call a tensor's methods on what they
    # compute from it (`step_size.neg()` in torch/optim/adam.py).
    def neg(self) -> LaneScalar:
        """Return `-self`, as `torch.Tensor.neg` does."""
        return -self

    def sqrt(self) -> LaneScalar:
        """Return the square root of every lane, as `torch.Tensor.sqrt` does."""
        with _unwatched():
            return LaneScalar(self.lanes.sqrt())

    __float__ = _refuse
    __int__ = _refuse
    __index__ = _refuse
    __round__ = _refuse
    __trunc__ = _refuse
    __floor__ = _refuse
    __ceil__ = _refuse
    __divmod__ = _refuse
    __rdivmod__ = _refuse
    __reduce_ex__ = _refuse
    as_integer_ratio = _refuse
    is_integer = _refuse
    hex = _refuse


def _as_operand(value: object) -> Any:
    """Return what a lane scalar is combined with, as torch takes it; None for what it cannot be combined with.

    A tensor without axes is one number for all lanes.
    """
    if isinstance(value, LaneScalar):
        return value.lanes
    if isinstance(value, torch.Tensor):
        with _unwatched():
            return value.double() if value.ndim == 0 else None
    return value if isinstance(value, int | float) else None


def _agree(comparison: Callable[[Any, Any], Tensor], lanes: Tensor, other: object) -> bool:
    """Return the answer that all lanes give. Raises NotSeparable where they differ."""
    with _unwatched():
        answers = comparison(lanes, other)
        if bool(answers.all()):
            return True
        if bool(answers.any()):
            raise NotSeparable("lanes disagree in a comparison", only="hyperparameters")
        return False
