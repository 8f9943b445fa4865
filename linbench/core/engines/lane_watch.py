"""Many runs as one: lane scalars, and the watch that keeps unmodified optimizers from mixing lanes.

A *laned* tensor carries K lanes on its first axis, one per run. The optimizer is meant to see one run: shapes are
answered without the lane axis, a hyperparameter that differs between lanes is a `LaneScalar`, and every torch call
that touches a laned tensor must treat each element by itself. Whatever else it does is `NotSeparable`, at that step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.not_separable import NotSeparable

if TYPE_CHECKING:
    from torch import Tensor


# Reading these off a laned tensor tells nothing about a lane, or hands on the laned tensor itself.
_GETTERS = (
    "grad data requires_grad is_leaf grad_fn dtype device layout is_sparse is_cpu is_cuda is_mps is_xpu is_meta "
    "is_quantized is_nested is_mkldnn _version retains_grad"
).split()
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

# Where a lane scalar multiplies another argument: the name of the operation → that argument's position.
_FACTORS = {
    **dict.fromkeys(("add", "add_", "sub", "sub_", "subtract", "subtract_"), ("alpha", 1)),
    **dict.fromkeys(("addcmul", "addcmul_", "addcdiv", "addcdiv_"), ("value", 1)),
}

# A step count kept on the device (`capturable`) meets a lane scalar: the tensor's method → the lane scalar's.
_REFLECTED = {
    **{f"__{name}__": f"__r{name}__" for name in ("add", "sub", "mul", "truediv", "pow")},
    **{f"__r{name}__": f"__{name}__" for name in ("add", "sub", "mul", "truediv", "pow")},
    "add": "__add__",
    **{"div": "__rtruediv__", "__div__": "__rtruediv__", "__rdiv__": "__truediv__", "mul": "__mul__"},
    **{"sub": "__rsub__", "rsub": "__sub__", "pow": "__rpow__"},
}

# Not tagged pointwise by torch, but they too keep every element in its place.
_KEEPS_ELEMENTS = frozenset(
    "clone copy_ zero_ fill_ zeros_like ones_like full_like empty_like detach detach_ alias _to_copy lift_fresh "
    "masked_fill masked_fill_".split()
)


class LaneWatch(TorchFunctionMode):
    """Around everything an optimizer does with laned tensors: rewrites lane scalars, refuses what may mix lanes.

    lanes: K; it must be unlike every other size in play, since a tensor is taken for laned by its first axis.
    shapes: what a laned parameter's shape, without the lane axis, is for one run; None where runs differ in it.
    """

    def __init__(self, lanes: int, shapes: Mapping[tuple[int, ...], torch.Size] | None) -> None:
        super().__init__()
        self.lanes, self.shapes = lanes, shapes
        self._verdicts: dict[Any, bool] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _PLAIN:
            return func(*args, **kwargs or {})
        kwargs = kwargs or {}
        ndim, scalars = self._survey(args, kwargs)
        if not ndim and not scalars:
            return func(*args, **kwargs)
        if func in _SHAPES:
            return _SHAPES[func](self._shape_of_one_run(args[0]), *args[1:], **kwargs)
        if func in _SETTERS:
            return self._set(func, *args)
        if scalars:
            if not ndim and _name_of(func) in _REFLECTED and args[0].ndim == 0:
                return getattr(args[1], _REFLECTED[_name_of(func)])(args[0])
            if not ndim:
                raise NotSeparable(
                    f"a hyperparameter that differs between lanes goes into {_name_of(func)}", only="hyperparameters"
                )
            rewritten = self._with_spread(func, list(args), dict(kwargs), ndim)
            if not isinstance(rewritten, tuple):
                return rewritten[0]
            args, kwargs = rewritten
        if func is torch.Tensor.__setitem__:
            return self._masked_assignment(*args)
        return self._checked(func, args, kwargs)

    def _survey(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, bool]:
        """The axes of the laned tensors among the arguments (0 for none), and whether there are lane scalars.

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
            elif type(value) in (list, tuple) and self._holds_lanes(value):
                raise NotSeparable("laned tensors are passed in a list")
        if ndim and others >= ndim:
            raise NotSeparable("a tensor without lanes would be spread over them")
        return ndim, scalars

    def _holds_lanes(self, values: Any) -> bool:
        for value in values:
            if type(value) is LaneScalar:
                return True
            if isinstance(value, torch.Tensor) and value.ndim and value.shape[0] == self.lanes:
                return True
            if type(value) in (list, tuple) and self._holds_lanes(value):
                return True
        return False

    def _with_spread(
        self, func: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], ndim: int
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | list[Any]:
        """Arguments with every lane scalar as a tensor; or, in a list, the result where the call itself changes."""
        name = _name_of(func)
        target = args[0] if args and isinstance(args[0], torch.Tensor) else None
        dtype = _floating(target, args, kwargs)
        keyword, position = _FACTORS.get(name, ("", 0))
        if type(kwargs.get(keyword)) is LaneScalar:
            factor: LaneScalar = kwargs.pop(keyword)
            other = args[position]
            args[position] = other * (factor.spread(ndim, dtype) if isinstance(other, torch.Tensor) else factor)
        if name in ("fill_", "full_like") and target is not None and type(args[1]) is LaneScalar:
            filled = target if name == "fill_" else torch.empty_like(target, **kwargs)
            return [filled.copy_(args[1].spread(ndim, dtype).expand_as(target))]
        args = [value.spread(ndim, dtype) if type(value) is LaneScalar else value for value in args]
        kwargs = {k: value.spread(ndim, dtype) if type(value) is LaneScalar else value for k, value in kwargs.items()}
        return tuple(args), kwargs

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

    def _masked_assignment(self, target: Tensor, index: Any, value: Any) -> None:
        """`target[mask] = number`, element by element; any other assignment moves elements about."""
        single = (
            not isinstance(value, torch.Tensor)
            or value.ndim == 0
            or value.shape == (self.lanes, *[1] * (target.ndim - 1))
        )
        mask = isinstance(index, torch.Tensor) and index.dtype is torch.bool and index.shape == target.shape
        if not (mask and single):
            raise NotSeparable("__setitem__ on a laned tensor")
        target.copy_(torch.where(index, value, target))

    def _checked(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call it if calls of this form keep lanes apart. The first of a form is watched down to torch's operators."""
        form = (func, tuple(map(type, args)), tuple(kwargs))
        verdict = self._verdicts.get(form)
        if verdict:
            return func(*args, **kwargs)
        if verdict is None:
            with _OperatorWatch() as watch:
                result = func(*args, **kwargs)
            self._verdicts[form] = watch.elementwise
            if watch.elementwise:
                return result
        raise NotSeparable(_name_of(func))


class _OperatorWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes whether a call is made of operators, and each of them treats each element by itself.

    A call without any operator (a storage, a pointer, a hook) hands out what nobody can watch.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seen, self._mixed = False, False

    @property
    def elementwise(self) -> bool:
        """The verdict, once the call has returned."""
        return self._seen and not self._mixed

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        random = torch.Tag.nondeterministic_seeded in func.tags
        known = torch.Tag.pointwise in func.tags or func.overloadpacket.__name__ in _KEEPS_ELEMENTS
        self._seen = True
        self._mixed |= random or not known
        return func(*args, **kwargs or {})


def _name_of(func: Any) -> str:
    return str(getattr(func, "__name__", func))


def _floating(target: Tensor | None, args: list[Any], kwargs: Mapping[str, Any]) -> torch.dtype:
    """The type in which a Python float would enter the call: that of the first floating tensor."""
    for value in (target, *args, *kwargs.values()):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return value.dtype
    return torch.get_default_dtype()


# What a shape tells, given that of one run.
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
