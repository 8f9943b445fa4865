"""Note what third-party code may change in the process, and put it back; torch and numpy only if they are loaded.

Put back are the streams, the working directory, the warnings filters, Python's generator, recursion limit and garbage
collection, what Ctrl-C does, and torch's and numpy's generators and modes. Left are imports, `sys.path` and, outside of
runs, the environment, by which a library is set up for good.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Undo = Callable[[], object]
"""Puts back one part of the state."""

_TORCH_DEFAULTS: Mapping[str, Any] = {"grad": True, "deterministic": (False, False), "precision": "highest"}


@contextlib.contextmanager
def restore_process_state(*, environment: bool = False) -> Iterator[None]:
    """Put back afterwards whatever changes inside. environment: the environment variables too."""
    had_torch = _find_loaded("torch")
    undo = [*_save_python(), *_save_torch(), *_save_numpy()]
    if environment:
        undo.append(_save_environment())
    try:
        yield
    finally:
        if not had_torch and _find_loaded("torch"):
            _reset_torch()
        for put_back in undo:
            put_back()


def _find_loaded(name: str) -> Any:
    """Return the module, if its import is complete."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return None if spec is None or getattr(spec, "_initializing", False) else module


def _save_python() -> Iterator[Undo]:
    streams, generator, limit = (sys.stdin, sys.stdout, sys.stderr), random.getstate(), sys.getrecursionlimit()
    filters, collects = list(warnings.filters), gc.isenabled()

    def put_back() -> None:
        sys.stdin, sys.stdout, sys.stderr = streams
        random.setstate(generator)
        sys.setrecursionlimit(limit)
        # As `catch_warnings` does, but only where they differ: each change makes Python show known warnings again.
        if warnings.filters != filters:
            warnings.filters[:] = filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]
        (gc.enable if collects else gc.disable)()

    yield put_back
    yield _save_working_directory()
    yield _save_interrupt_handler()


def _save_working_directory() -> Undo:
    try:
        folder = os.getcwd()  # noqa: PTH109  nothing is done with it
    except OSError:  # it was removed
        return lambda: None

    def put_back() -> None:
        with contextlib.suppress(OSError):
            os.chdir(folder)

    return put_back


def _save_interrupt_handler() -> Undo:
    if threading.current_thread() is not threading.main_thread():  # no other thread may set a handler
        return lambda: None
    handler = signal.getsignal(signal.SIGINT)

    def put_back() -> None:
        if handler is not None and signal.getsignal(signal.SIGINT) is not handler:
            signal.signal(signal.SIGINT, handler)

    return put_back


def _save_environment() -> Undo:
    before = dict(os.environ)

    def put_back() -> None:
        if os.environ != before:
            os.environ.clear()
            os.environ.update(before)

    return put_back


def _save_torch() -> Iterator[Undo]:
    torch = _find_loaded("torch")
    if torch is None:
        return
    dtype, threads, device = torch.get_default_dtype(), torch.get_num_threads(), _default_device(torch)
    generator, modes = torch.get_rng_state(), _torch_modes(torch)

    def put_back() -> None:
        if _default_device(torch) != device:
            torch.set_default_device(device)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        torch.set_rng_state(generator)
        _set_torch_modes(torch, modes)

    yield put_back


def _reset_torch() -> None:
    """Set torch to its state after import, but for its number of threads, which nobody knows any more."""
    torch = sys.modules["torch"]
    if _default_device(torch) is not None:
        torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    _set_torch_modes(torch, _TORCH_DEFAULTS)


def _torch_modes(torch: Any) -> dict[str, Any]:
    return {
        "grad": torch.is_grad_enabled(),
        "deterministic": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        "precision": torch.get_float32_matmul_precision(),
    }


def _set_torch_modes(torch: Any, modes: Mapping[str, Any]) -> None:
    if modes == _torch_modes(torch):
        return
    deterministic, warn_only = modes["deterministic"]
    torch.set_grad_enabled(modes["grad"])
    torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
    torch.set_float32_matmul_precision(modes["precision"])


def _default_device(torch: Any) -> Any:
    """Return the device that was set as the default, None for none."""
    # `torch.get_default_device` says "cpu" for none too, and to set "cpu" instead would cost something in every call
    # (https://docs.pytorch.org/docs/stable/generated/torch.set_default_device.html).
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return None if context is None else context.device


def _save_numpy() -> Iterator[Undo]:
    numpy = _find_loaded("numpy")
    if numpy is None:
        return
    generator, errors = numpy.random.get_state(), numpy.geterr()

    def put_back() -> None:
        numpy.random.set_state(generator)
        numpy.seterr(**errors)

    yield put_back
