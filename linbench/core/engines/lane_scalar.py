"""Lane scalars: numbers that differ between lanes, such as the learning rate in a sweep.

An optimizer computes with its hyperparameters before they meet a tensor (`1 - beta**step`, `lr / correction`) and
branches on them (`if momentum != 0`). A tensor of K numbers could do the arithmetic, but torch's optimizers take a
tensor of one element only ("Tensor lr must be 1-element", torch/optim/adam.py). A subclass of float passes for the
number that it stands for, and its operators see what Python code does with it. What reads it past its operators is
seen by the number that it holds (`status_flags`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, final

import torch

from linbench.core.engines.lane_reads import READ
from linbench.core.engines.status_flags import SIGNALING_NAN

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_reads import LaneReads


# A lane scalar's own arithmetic is linbench's, not the optimizer's: `LaneWatch` must not see it.
_unwatched = torch._C.DisableTorchFunction

# A step count that is a tensor (`capturable`) meets a lane scalar: the tensor's method, and the lane scalar's in its
# place, since the result is one number per lane.
SCALAR_METHODS = {
    "__add__": "__radd__",
    "__sub__": "__rsub__",
    "__mul__": "__rmul__",
    "__truediv__": "__rtruediv__",
    "__div__": "__rtruediv__",
    "__pow__": "__rpow__",
    "__radd__": "__add__",
    "__rsub__": "__sub__",
    "__rmul__": "__mul__",
    "__rtruediv__": "__truediv__",
    "__rdiv__": "__truediv__",
    "__rpow__": "__pow__",
    "add": "__add__",
    "sub": "__rsub__",
    "rsub": "__sub__",
    "mul": "__mul__",
    "div": "__rtruediv__",
    "pow": "__rpow__",
}

_Operation = Callable[[Any, Any], "Tensor"]


def _arithmetic(operation: _Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods for `scalar ∘ other` and `other ∘ scalar`, lane by lane."""

    def forward(self: LaneScalar, other: object) -> Any:
        number = _as_operand(other)
        return NotImplemented if number is None else self._compute(operation, self.lanes, number)

    def reflected(self: LaneScalar, other: object) -> Any:
        number = _as_operand(other)
        return NotImplemented if number is None else self._compute(operation, number, self.lanes)

    return forward, reflected


def _comparison(operation: _Operation) -> Callable[..., Any]:
    """Return the method that answers a comparison on which all lanes agree."""

    def compare(self: LaneScalar, other: object) -> Any:
        if isinstance(other, torch.Tensor) or not isinstance(other, int | float):
            return NotImplemented
        if other is self and operation is operator.ne:  # `x != x` asks for NaN: json does, before it prints a float
            self.reads.refuse(READ)
        return self._agree(operation, other.lanes if isinstance(other, LaneScalar) else other)

    return compare


def _refuse(self: LaneScalar, *_: object) -> NoReturn:
    self.reads.refuse(READ)


@final
class LaneScalar(float):
    """One float per lane. As a plain float it is a signaling NaN, so that what reads it past its methods shows.

    lanes: (K,), float64. Arithmetic goes lane by lane in float64, as Python's does for one run; a comparison answers
    only when all lanes agree. Everything else that a float can be asked is refused. reads: keeps what was refused.
    """

    __slots__ = ("_broadcast", "lanes", "reads")

    lanes: Tensor
    reads: LaneReads
    _broadcast: dict[tuple[int, torch.dtype], Tensor]

    def __new__(cls, value: Any, reads: LaneReads | None = None) -> Any:
        """Make one of lanes (K,), float64; without `reads`, what `float` makes of the value.

        `type(lr)(0.1)` in an optimizer is meant to be 0.1.
        """
        if reads is None:
            return float(value)
        self = super().__new__(cls, SIGNALING_NAN)
        self.lanes, self.reads, self._broadcast = value, reads, {}
        return self

    def broadcast(self, ndim: int, dtype: torch.dtype) -> Tensor:
        """Return the lanes as (K, 1, …) with `ndim` axes, to combine with laned tensors."""
        key = ndim, dtype
        if key not in self._broadcast:
            self._broadcast[key] = self.lanes.to(dtype).view(-1, *[1] * (ndim - 1))
        return self._broadcast[key]

    def _compute(self, operation: Callable[..., Tensor], *operands: Any) -> LaneScalar:
        """Return the result of linbench's own arithmetic, which disturbs the flags as any may."""
        self.reads.check()
        with _unwatched():
            result = operation(*operands)
            if self.reads.watching and operation in _FALLIBLE and not _is_defined(operation, result, operands[1]):
                self.reads.refuse(f"a lane raises an error in {operation.__name__}")
        self.reads.resume()
        return LaneScalar(result, self.reads)  # type: ignore[no-any-return]

    def _agree(self, comparison: _Operation, other: object) -> bool:
        """Return the answer that all lanes give. Raises NotSeparable where they differ."""
        self.reads.check()
        with _unwatched():
            answers = comparison(self.lanes, other)
            answer = bool(answers.all())
            if not answer and bool(answers.any()):
                self.reads.refuse("lanes disagree in a comparison")
        self.reads.resume()
        return answer

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

    def __neg__(self) -> LaneScalar:
        return self._compute(operator.neg, self.lanes)

    def __abs__(self) -> LaneScalar:
        return self._compute(operator.abs, self.lanes)

    def __pos__(self) -> LaneScalar:
        return self

    def __bool__(self) -> bool:
        return self._agree(operator.ne, 0)

    # A float's own would return a plain float.
    @property
    def real(self) -> LaneScalar:
        """Return itself."""
        return self

    def conjugate(self) -> LaneScalar:
        """Return itself."""
        return self

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
        return self._compute(torch.sqrt, self.lanes)

    __float__ = _refuse
    __int__ = _refuse
    __round__ = _refuse
    __trunc__ = _refuse
    __floor__ = _refuse
    __ceil__ = _refuse
    __divmod__ = _refuse
    __rdivmod__ = _refuse
    __hash__ = _refuse
    __repr__ = _refuse
    __str__ = _refuse
    __format__ = _refuse
    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __getnewargs__ = _refuse
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


_FALLIBLE = frozenset({operator.truediv, operator.floordiv, operator.mod, operator.pow})


def _is_defined(operation: Callable[..., Any], result: Tensor, right: Any) -> bool:
    """Return whether the operation has a result in Python too, where torch's would be infinite or no number.

    Python raises ZeroDivisionError for 1 / 0, OverflowError for 10.0**999, and (-1.0) ** 0.5 is complex.
    """
    if operation is not operator.pow:
        return bool(right.all()) if isinstance(right, torch.Tensor) else bool(right)
    # The sum is finite only if all are, and is had in half the time.
    return math.isfinite(float(result.sum())) or bool(result.isfinite().all())
