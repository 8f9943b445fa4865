"""Lane scalars: hyperparameters that differ between lanes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Self

import torch

from linbench.core.engines.not_separable import NotSeparable

if TYPE_CHECKING:
    from torch import Tensor


# A lane scalar's own arithmetic is linbench's, not the optimizer's: `LaneWatch` must not see it.
_unwatched = torch._C.DisableTorchFunction


class LaneScalar(float):
    """One float per lane. As a plain float it is NaN, so that what reads it unseen shows.

    lanes: (K,), float64. Arithmetic goes lane by lane in float64, as Python's does for one run; a comparison answers
    only when all lanes agree.
    """

    lanes: Tensor
    _spread: dict[tuple[int, torch.dtype], Tensor]

    def __new__(cls, lanes: Tensor) -> Self:
        """Of lanes (K,), float64."""
        self = super().__new__(cls, float("nan"))
        self.lanes = lanes
        self._spread = {}
        return self

    def spread(self, ndim: int, dtype: torch.dtype) -> Tensor:
        """(K, 1, …) with `ndim` axes, to broadcast against laned tensors."""
        key = ndim, dtype
        if key not in self._spread:
            self._spread[key] = self.lanes.to(dtype).view(-1, *[1] * (ndim - 1))
        return self._spread[key]

    def __neg__(self) -> LaneScalar:
        with _unwatched():
            return LaneScalar(-self.lanes)

    def __pos__(self) -> LaneScalar:
        return self

    def __abs__(self) -> LaneScalar:
        with _unwatched():
            return LaneScalar(self.lanes.abs())

    def neg(self) -> LaneScalar:
        """As a tensor of one number has it: what is computed from a step count on a device is one."""
        return -self

    def sqrt(self) -> LaneScalar:
        """Likewise."""
        with _unwatched():
            return LaneScalar(self.lanes.sqrt())

    def __bool__(self) -> bool:
        return _agreed(operator.ne, self.lanes, 0)

    def __copy__(self) -> LaneScalar:
        return self

    def __deepcopy__(self, memo: object) -> LaneScalar:
        return self

    def _refuse(self, *_: object) -> NoReturn:
        raise NotSeparable("a hyperparameter that differs between lanes is read as one number", only="hyperparameters")

    __float__ = __int__ = __index__ = __round__ = __trunc__ = __floor__ = __ceil__ = _refuse
    __reduce_ex__ = as_integer_ratio = is_integer = hex = __divmod__ = __rdivmod__ = _refuse
    __hash__ = object.__hash__


def _arithmetic(operation: Callable[[Any, Any], Tensor]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: LaneScalar, other: object) -> Any:
        number = _number(other)
        if number is None:
            return NotImplemented
        with _unwatched():
            return LaneScalar(operation(self.lanes, number))

    def backward(self: LaneScalar, other: object) -> Any:
        number = _number(other)
        if number is None:
            return NotImplemented
        with _unwatched():
            return LaneScalar(operation(number, self.lanes))

    return forward, backward


def _number(value: object) -> Any:
    """What a lane scalar can be combined with, as torch takes it; a tensor of no axes is one number for all lanes."""
    if isinstance(value, LaneScalar):
        return value.lanes
    if isinstance(value, torch.Tensor):
        with _unwatched():
            return value.double() if value.ndim == 0 else None
    return value if isinstance(value, int | float) else None


def _comparison(operation: Callable[[Any, Any], Tensor]) -> Callable[..., Any]:
    def compare(self: LaneScalar, other: object) -> Any:
        if isinstance(other, torch.Tensor) or not isinstance(other, int | float):
            return NotImplemented
        return _agreed(operation, self.lanes, other.lanes if isinstance(other, LaneScalar) else other)

    return compare


def _agreed(operation: Callable[[Any, Any], Tensor], lanes: Tensor, other: object) -> bool:
    with _unwatched():
        answers = operation(lanes, other)
        if bool(answers.all()):
            return True
        if bool(answers.any()):
            raise NotSeparable("lanes disagree in a comparison", only="hyperparameters")
        return False


for _name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod"):
    _forward, _backward = _arithmetic(getattr(operator, _name))
    setattr(LaneScalar, f"__{_name}__", _forward)
    setattr(LaneScalar, f"__r{_name}__", _backward)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(LaneScalar, f"__{_name}__", _comparison(getattr(operator, _name)))
