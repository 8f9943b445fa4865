"""Find out whether a call of torch works element by element, by watching the operators that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Operators that torch does not tag as pointwise, although they too keep every element in its place.
_KEEPS_ELEMENTS = frozenset(
    {
        "clone",
        "copy_",
        "zero_",
        "fill_",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "detach",
        "detach_",
        "alias",
        "_to_copy",
        "lift_fresh",
        "masked_fill",
        "masked_fill_",
    }
)


@final
class OperatorWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes whether a call is made of operators, and each of them treats each element by itself.

    A call without any operator (a storage, a pointer, a hook) hands out what nobody can watch.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._called, self._mixes = False, False

    @property
    def elementwise(self) -> bool:
        """Whether the call keeps elements apart, once it has returned."""
        return self._called and not self._mixes

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        # Tags: https://docs.pytorch.org/docs/stable/torch.html#operator-tags. A random operator may be tagged pointwise
        # (aten::rrelu), and yet K lanes draw other numbers than one run.
        random = torch.Tag.nondeterministic_seeded in func.tags
        pointwise = torch.Tag.pointwise in func.tags or func.overloadpacket.__name__ in _KEEPS_ELEMENTS
        self._called = True
        self._mixes = self._mixes or random or not pointwise
        return func(*args, **kwargs or {})
