"""What belongs to the whole process."""

from __future__ import annotations

import contextlib
import io
import random
import sys
from typing import TYPE_CHECKING

import torch

from linbench.conformance.claim import require
from linbench.conformance.training import Regression, advance, start
from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

THREADS = 3
"""A number that no optimizer would set by chance."""


def leaves_global_state_alone(subject: Subject) -> str | None:
    """No setting of the process changes, nothing is printed, no generator is seeded: a user's other code lives there.

    Drawing from a generator is no fault; a remark says so.
    """
    before, after, printed = _stepped(subject, seed=0)
    changed = [name for name in _settings() if after[name] != before[name]]
    require(not changed, f"it changes {', '.join(changed)}")
    require(not printed, f"it prints to stdout: {printed.strip().partition(chr(10))[0]!r}")
    _, other, _ = _stepped(subject, seed=1)
    generators = [name for name in before if name not in _settings()]
    seeded = [name for name in generators if after[name] == other[name]]
    require(not seeded, f"it seeds {', '.join(seeded)}")
    drawn = [name for name in generators if after[name] != before[name]]
    return f"it draws from {', '.join(drawn)}" if drawn else None


def _stepped(subject: Subject, seed: int) -> tuple[dict[str, object], dict[str, object], str]:
    """Global state before and after a few steps, and what they printed."""
    printed = io.StringIO()
    with isolate(seed, torch.device("cpu"), THREADS), contextlib.redirect_stdout(printed):
        before = {**_settings(), **_generators()}
        model = Regression()
        advance(start(subject, model), model)
        after = {**_settings(), **_generators()}
    return before, after, printed.getvalue()


def _settings() -> dict[str, object]:
    return {
        "torch's default dtype": torch.get_default_dtype(),
        "torch's grad mode": torch.is_grad_enabled(),
        "torch's number of threads": torch.get_num_threads(),
    }


def _generators() -> dict[str, object]:
    states: dict[str, object] = {
        "torch's generator": bytes(torch.get_rng_state().tolist()),
        "Python's generator": random.getstate(),
    }
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        _, key, position, *_ = numpy.random.get_state()
        states["numpy's generator"] = (key.tolist(), position)
    return states
