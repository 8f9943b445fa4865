"""A comparison is the same whatever its caller has set: default dtype and device, autocast, grad mode and the rest.

Each of these changed numbers, or made every case an error, when it was left in force.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import torch

from linbench.core.isolation.process_state import restore_process_state


@contextlib.contextmanager
def neutral_context() -> Iterator[None]:
    """Run with torch and numpy as a fresh process has them, and put back the caller's settings afterwards."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(restore_process_state())
        stack.enter_context(_without_function_modes())
        stack.enter_context(_without_dispatch_modes())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autograd.set_detect_anomaly(False))
        for device in ("cpu", "cuda"):
            stack.enter_context(_without_autocast(device))
        stack.enter_context(_without_saved_tensor_hooks())
        stack.enter_context(_with_denormals())
        numpy: Any = sys.modules.get("numpy")  # where nothing has imported it, nothing has set it
        if numpy is not None:
            stack.enter_context(numpy.errstate(all="warn", under="ignore"))
        torch.set_default_dtype(torch.float32)
        torch.set_float32_matmul_precision("highest")
        torch.use_deterministic_algorithms(False)
        yield


@contextlib.contextmanager
def _without_function_modes() -> Iterator[None]:
    """Take `with torch.device(…)` and the like off their stack, on which the default device is one too."""
    overrides: Any = torch.overrides
    modes = [overrides._pop_mode() for _ in range(overrides._len_torch_function_stack())]
    try:
        yield
    finally:
        for mode in reversed(modes):
            overrides._push_mode(mode)


@contextlib.contextmanager
def _without_dispatch_modes() -> Iterator[None]:
    """Take modes like FakeTensorMode off their stack, if there are any: what does so takes a second to import."""
    if not torch._C._len_torch_dispatch_stack():
        yield
        return
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes():
        yield


@contextlib.contextmanager
def _without_autocast(device: str) -> Iterator[None]:
    before = torch.is_autocast_enabled(device)
    torch.set_autocast_enabled(device, False)
    try:
        yield
    finally:
        torch.set_autocast_enabled(device, before)


@contextlib.contextmanager
def _without_saved_tensor_hooks() -> Iterator[None]:
    """Put hooks that do nothing above the caller's, of which only the topmost are called; only if there are any."""
    top = torch._C._autograd._top_saved_tensors_default_hooks
    if top(True) is None:
        yield
        return
    with torch.autograd.graph.saved_tensors_hooks(_same, _same):
        yield


def _same(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


@contextlib.contextmanager
def _with_denormals() -> Iterator[None]:
    """Compute with denormal numbers; torch has no function that says whether it does, so one is computed."""
    flushes = bool((torch.tensor(2.0**-1060, dtype=torch.float64) * 0.5).item() == 0)
    torch.set_flush_denormal(False)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushes)
