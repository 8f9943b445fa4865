"""The watch that keeps unmodified optimizers from mixing lanes.

A *laned* tensor carries K lanes on its first axis, one per run. The optimizer is meant to see one run: shapes are
answered without the lane axis, a hyperparameter that differs between lanes is a `LaneScalar`, and every torch call
that touches a laned tensor must treat each element by itself. Whatever else it does is `NotSeparable`, at that step.

`torch.func.vmap` would map a function over lanes too, but optimizers are no functions: they write into parameters, and
keep their state in a dictionary by parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, final

import torch
from torch.overrides import TorchFunctionMode

from linbench.core.engines.lane_reads import READ
from linbench.core.engines.lane_scalar import SCALAR_METHODS, LaneScalar
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.operator_watch import OperatorWatch

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_reads import LaneReads


# Reading these off a laned tensor tells nothing about a lane, or hands on the laned tensor itself.
_GETTERS = (
    "grad",
    "data",
    "requires_grad",
    "is_leaf",
    "grad_fn",
    "dtype",
    "device",
    "layout",
    "is_sparse",
    "is_cpu",
    "is_cuda",
    "is_mps",
    "is_xpu",
    "is_meta",
    "is_quantized",
    "is_nested",
    "is_mkldnn",
    "_version",
    "retains_grad",
)
_PLAIN: frozenset[Callable[..., Any]] = frozenset(
    [
        *(getattr(torch.Tensor, name).__get__ for name in _GETTERS if hasattr(torch.Tensor, name)),
        torch.Tensor.requires_grad_,
        torch.Tensor.is_complex,
        torch.Tensor.is_floating_point,
        torch.Tensor.element_size,
        torch.Tensor.dtype.__get__,  # type: ignore[attr-defined]
        torch.is_complex,
        torch.is_floating_point,
        torch._C._set_grad_enabled,
        torch.is_grad_enabled,
    ]
)

# Calls that ask for a shape, and their answers, given the shape that one run has.
_SHAPES: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.Tensor.dim: len,
    torch.Tensor.ndimension: len,
    torch.Tensor.ndim.__get__: lambda shape, *_: len(shape),  # type: ignore[attr-defined]
    torch.Tensor.shape.__get__: lambda shape, *_: shape,  # type: ignore[attr-defined]
    torch.Tensor.size: lambda shape, dim=None: shape if dim is None else shape[dim],
    torch.Tensor.numel: lambda shape: shape.numel(),
    torch.Tensor.nelement: lambda shape: shape.numel(),
    torch.numel: lambda shape: shape.numel(),
    torch.Tensor.__len__: lambda shape: shape[0],
}
_SETTERS = frozenset({torch.Tensor.grad.__set__, torch.Tensor.data.__set__})  # type: ignore[attr-defined,union-attr]

# Operations with a keyword that multiplies one of their arguments: the keyword, and that argument's position.
_FACTORS = {
    "add": ("alpha", 1),
    "add_": ("alpha", 1),
    "sub": ("alpha", 1),
    "sub_": ("alpha", 1),
    "subtract": ("alpha", 1),
    "subtract_": ("alpha", 1),
    "addcmul": ("value", 1),
    "addcmul_": ("value", 1),
    "addcdiv": ("value", 1),
    "addcdiv_": ("value", 1),
}


@final
class LaneWatch(TorchFunctionMode):
    """Stands around everything an optimizer does with laned tensors: rewrites lane scalars, refuses what may mix lanes.

    lanes: K; it must be unlike every other size in play, since a tensor is taken for laned by its first axis.
    shapes: what a laned parameter's shape, without the lane axis, is for one run; None where runs differ in it.
    reads: sees lane scalars that are read between the calls of torch.
    """

    def __init__(self, lanes: int, shapes: Mapping[tuple[int, ...], torch.Size] | None, reads: LaneReads) -> None:
        super().__init__()
        self.lanes, self.shapes, self.reads = lanes, shapes, reads
        self._elementwise: dict[Any, bool] = {}

    def __enter__(self) -> Self:
        super().__enter__()  # type: ignore[no-untyped-call]
        self.reads.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        self.reads.end(error)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _PLAIN:
            return func(*args, **kwargs or {})
        kwargs = kwargs or {}
        try:
            ndim, scalars = self._survey(args, kwargs)
            if ndim or scalars:
                self.reads.check()
                if scalars:
                    result = self._call_with_scalars(func, args, kwargs, ndim)
                else:
                    result = self._call_with_lanes(func, args, kwargs)
                self.reads.resume()
                return result
        except Exception as why:
            self.reads.keep(why, _name_of(func))
            raise
        return func(*args, **kwargs)

    def _call_with_scalars(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], ndim: int
    ) -> Any:
        if not ndim:
            return self._call_without_lanes(func, args)
        if _name_of(func) in ("fill_", "full_like") and type(args[1]) is LaneScalar:
            return self._fill(func, *args, **kwargs)
        return self._call_with_lanes(func, *self._broadcast_scalars(func, args, kwargs, ndim))

    def _call_with_lanes(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if func in _SHAPES:
            return _SHAPES[func](self._shape_of_one_run(args[0]), *args[1:], **kwargs)
        if func in _SETTERS:
            return self._set(func, *args)
        if func is torch.Tensor.backward and self.reads.watching:  # it runs Python code, in hooks, that nobody watches
            raise NotSeparable("backward", only="hyperparameters")
        if func is torch.Tensor.__setitem__:
            return self._masked_assignment(*args)
        return self._call_if_elementwise(func, args, kwargs)

    def _survey(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, bool]:
        """Return the axes of the laned tensors among the arguments (0 for none), and whether there are lane scalars.

        Raises NotSeparable where broadcasting would not keep lanes apart.
        """
        ndim, others, scalars, lanes = 0, 0, False, self.lanes
        for value in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(value, torch.Tensor):
                shape = value.shape
                if len(shape) and shape[0] == lanes:
                    if ndim and ndim != len(shape):
                        raise NotSeparable("tensors of different lane shapes are combined")
                    ndim = len(shape)
                elif len(shape) > others:
                    others = len(shape)
            elif type(value) is LaneScalar:
                scalars = True
            elif value is not None:
                self._check_plain(value)
        if ndim and others >= ndim:
            raise NotSeparable("a tensor without lanes would be spread over them")
        return ndim, scalars

    def _check_plain(self, value: object) -> None:
        """Raise NotSeparable for an argument that hides lanes."""
        if type(value) in (list, tuple):
            if self._holds_lanes(value):
                raise NotSeparable("laned tensors are passed in a list")
        elif isinstance(value, float) and value != value and self.reads.watching:
            # Maybe a copy of what a lane scalar holds, which kernels may compute with and disturb no flag.
            raise NotSeparable(READ, only="hyperparameters")

    def _holds_lanes(self, values: Any) -> bool:
        for value in values:
            if type(value) is LaneScalar:
                return True
            if isinstance(value, torch.Tensor) and value.ndim and value.shape[0] == self.lanes:
                return True
            if type(value) in (list, tuple) and self._holds_lanes(value):
                return True
        return False

    def _shape_of_one_run(self, tensor: Tensor) -> torch.Size:
        if self.shapes is None:
            raise NotSeparable("it asks for the shape of a parameter, in which runs differ", only="models")
        shape = self.shapes.get(tuple(tensor.shape[1:]))
        if shape is None:
            raise NotSeparable("it asks for the shape of a tensor that is no parameter's")
        return shape

    def _set(self, func: Callable[..., Any], target: Tensor, value: Any) -> Any:
        if value is not None and value.shape != target.shape:
            raise NotSeparable("a parameter is given another shape")
        return func(target, value)

    def _call_without_lanes(self, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Combine a lane scalar with a tensor of one number. Raises NotSeparable for any other call without lanes."""
        name = _name_of(func)
        if name in SCALAR_METHODS and args[0].ndim == 0:
            return getattr(args[1], SCALAR_METHODS[name])(args[0])
        raise NotSeparable(f"a hyperparameter that differs between lanes goes into {name}", only="hyperparameters")

    def _fill(self, func: Callable[..., Any], target: Tensor, value: LaneScalar, **options: Any) -> Tensor:
        """Fill a laned tensor, or one like it, with each lane's number: torch takes only one number for all."""
        numbers = value.broadcast(target.ndim, _floating_dtype([target, *options.values()]))
        filled = target if _name_of(func) == "fill_" else torch.empty_like(target, **options)
        return filled.copy_(numbers.expand_as(target))

    def _broadcast_scalars(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], ndim: int
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with every lane scalar as a tensor (K, 1, …).

        A factor (`alpha=`, `value=`) must be a number for torch, so it is multiplied into its argument beforehand.
        """
        dtype = _floating_dtype([*args, *kwargs.values()])

        def broadcast(value: Any) -> Any:
            return value.broadcast(ndim, dtype) if type(value) is LaneScalar else value

        positional, named = list(args), dict(kwargs)
        keyword, position = _FACTORS.get(_name_of(func), ("", 0))
        if type(named.get(keyword)) is LaneScalar:
            factor, other = named.pop(keyword), positional[position]
            positional[position] = other * (broadcast(factor) if isinstance(other, torch.Tensor) else factor)
        return tuple(map(broadcast, positional)), {name: broadcast(value) for name, value in named.items()}

    def _masked_assignment(self, target: Tensor, index: Any, value: Any) -> None:
        """Assign `target[mask] = number`, element by element; any other assignment moves elements about."""
        single = (
            not isinstance(value, torch.Tensor)
            or value.ndim == 0
            or value.shape == (self.lanes, *[1] * (target.ndim - 1))
        )
        mask = isinstance(index, torch.Tensor) and index.dtype is torch.bool and index.shape == target.shape
        if not (mask and single):
            raise NotSeparable("__setitem__ on a laned tensor")
        target.copy_(torch.where(index, value, target))

    def _call_if_elementwise(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Make the call if calls of this form keep lanes apart. Raises NotSeparable otherwise.

        Only the first call of a form is watched down to torch's operators.
        """
        # Two operators on 1,000 lanes take 3 µs, under a dispatch mode 17: too much for every step.
        form = (func, tuple(map(type, args)), tuple(kwargs))
        elementwise = self._elementwise.get(form)
        if elementwise:
            return func(*args, **kwargs)
        if elementwise is None:
            with OperatorWatch() as watch:
                result = func(*args, **kwargs)
            self._elementwise[form] = watch.elementwise
            if watch.elementwise:
                return result
        raise NotSeparable(_name_of(func))


def _name_of(func: Any) -> str:
    return str(getattr(func, "__name__", func))


def _floating_dtype(values: list[Any]) -> torch.dtype:
    """Return the type in which a Python float would enter a call: that of the first floating tensor."""
    for value in values:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return value.dtype
    return torch.get_default_dtype()
