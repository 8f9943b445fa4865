"""Run third-party code so that whatever global state it changes is as before for the next case."""

from __future__ import annotations

import contextlib
import random
import sys
from typing import TYPE_CHECKING

import torch

from linbench.core.isolation.process_state import restore_process_state

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def isolate(seed: int, device: torch.device, threads: int) -> Iterator[None]:
    """Seed all generators, use `threads`, and put back afterwards whatever `process_state` knows of.

    The generators are torch's, Python's, and numpy's where something has imported it.
    What is printed to stdout goes to stderr: stdout is for results.
    """
    # Left to itself, `fork_rng` forks the generators of every GPU, and warns of it where there are several.
    accelerators = [device] if device.type not in ("cpu", "mps") else []
    device_type = device.type if accelerators else "cuda"
    with (
        restore_process_state(environment=True),
        torch.random.fork_rng(accelerators, device_type=device_type),
        torch.enable_grad(),
        contextlib.redirect_stdout(sys.stderr),
    ):
        numpy = sys.modules.get("numpy")  # core does without it: only there if a plugin, or torch, has imported it
        if numpy is not None:
            numpy.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        random.seed(seed)
        torch.set_num_threads(threads)
        yield


def threads_for(work: int) -> int:
    """Return how many threads to use for `work` multiply-adds a step."""
    # Below a million, waking a second thread costs more than it gives.
    return torch.get_num_threads() if work >= 1_000_000 else 1
