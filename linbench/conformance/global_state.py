"""Checks of the state that belongs to the whole process."""

from __future__ import annotations

import contextlib
import io
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.conformance.requirement import require
from linbench.conformance.training import Regression, advance, start
from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

THREADS = 3
"""A number that no optimizer would set by chance."""


def leaves_global_state_alone(subject: Subject) -> str | None:
    """Check that no setting changes, nothing is printed, and no generator is seeded: other code lives there too.

    Drawing from a generator is no fault; a remark says so.
    """
    run = _observe(subject, seed=0)
    changed = [name for name in _settings() if run.after[name] != run.before[name]]
    require(not changed, f"it changes {', '.join(changed)}")
    require(not run.printed, f"it prints to stdout: {run.printed.strip().partition(chr(10))[0]!r}")
    other = _observe(subject, seed=1)
    generators = [name for name in run.before if name not in _settings()]
    seeded = [name for name in generators if run.after[name] == other.after[name]]
    require(not seeded, f"it seeds {', '.join(seeded)}")
    drawn = [name for name in generators if run.after[name] != run.before[name]]
    return f"it draws from {', '.join(drawn)}" if drawn else None


@dataclass(frozen=True, slots=True)
class _Observation:
    """Global state before and after a few steps, and the text that they printed."""

    before: Mapping[str, object]
    after: Mapping[str, object]
    printed: str


def _observe(subject: Subject, seed: int) -> _Observation:
    printed = io.StringIO()
    with isolate(seed, torch.device("cpu"), THREADS), contextlib.redirect_stdout(printed):
        before = {**_settings(), **_generators()}
        model = Regression()
        advance(start(subject, model), model)
        after = {**_settings(), **_generators()}
    return _Observation(before, after, printed.getvalue())


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
