"""Third-party code runs in here: whatever global state it changes is as before for the next case."""

from __future__ import annotations

import contextlib
import random
import sys
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def isolated(seed: int, device: torch.device, threads: int) -> Iterator[None]:
    """Seed all generators, use `threads`, and put back generators, grad mode, default dtype and threads after.

    The generators are torch's, Python's, and numpy's where something has imported it.
    What is printed to stdout goes to stderr: stdout is for results.
    """
    default_dtype, threads_before = torch.get_default_dtype(), torch.get_num_threads()
    python_random = random.getstate()
    accelerators = [device] if device.type not in ("cpu", "mps") else []
    device_type = device.type if accelerators else "cuda"
    with (
        _numpy_seeded(seed),
        torch.random.fork_rng(accelerators, device_type=device_type),
        torch.enable_grad(),
        contextlib.redirect_stdout(sys.stderr),
    ):
        try:
            torch.manual_seed(seed)
            random.seed(seed)
            torch.set_num_threads(threads)
            yield
        finally:
            torch.set_default_dtype(default_dtype)
            torch.set_num_threads(threads_before)
            random.setstate(python_random)


@contextlib.contextmanager
def _numpy_seeded(seed: int) -> Iterator[None]:
    numpy = sys.modules.get("numpy")  # not a dependency: only there if a plugin, or torch, brought it
    if numpy is None:
        yield
        return
    state = numpy.random.get_state()
    numpy.random.seed(seed % 2**32)
    try:
        yield
    finally:
        numpy.random.set_state(state)


def threads_for(work: int) -> int:
    """Threads for `work` multiply-adds a step: one below a million, where waking a second costs more than it gives."""
    return torch.get_num_threads() if work >= 1_000_000 else 1
