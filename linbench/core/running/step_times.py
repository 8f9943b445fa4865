"""Time per training step, measured apart from training: interleaved, warm, one thread, synchronised.

Convergence is deterministic; time is not. So candidates take turns in short blocks within one process, in an order
drawn anew each round, and the median and interquartile range over the rounds are kept.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.engines.serial import make_trainer
from linbench.core.isolation.garbage import defer_collection
from linbench.core.isolation.isolate import isolate
from linbench.core.isolation.process_state import restore_process_state
from linbench.core.outcome.record import Record, StepTime
from linbench.core.problem.structure import shape_of
from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case

SECONDS = 0.4
"""How long all candidates together are measured, warm-up not counted."""

BLOCK_SECONDS = 0.002
ROUNDS = range(7, 51)
WARM_UP_STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Something to be timed. step: one training step. synchronize: wait for the device."""

    step: Callable[[], object]
    synchronize: Callable[[], None]


def timing_key(item: Case | Record) -> Hashable:
    """What cases that share a step time have in common: all but the seed, the lr and the size of other numbers.

    A float counts as zero or not, since that is what optimizers branch on (`if momentum != 0`); a whole number may
    be a count, such as LBFGS's max_iter, and stands for itself.
    """
    if isinstance(item, Record):
        problem, model, device = item.problem, item.model, item.device
        optimizer, params, batch_size = item.optimizer, item.params, item.batch_size
    else:
        problem, model, device = item.problem.label, item.model.label, item.device.label
        optimizer, batch_size = item.optimizer.component.name, item.settings.batch_size
        params = jsonable(item.optimizer.params)  # as its record will have them
    shapes = tuple((name, shape_of(value)) for name, value in params.items() if name != "lr")
    return problem, model, device, optimizer, shapes, batch_size


Announce = Callable[[Hashable], object]
"""Is told whose turn it is, before any of its code runs."""


def step_times(
    cases: Mapping[Hashable, Case], workbench: Workbench, announce: Announce = bool
) -> dict[Hashable, StepTime]:
    """The step time of each case that can be stepped; a case whose step raises has none."""
    with contextlib.ExitStack() as stack:
        candidates: dict[Hashable, Candidate] = {}
        for key, case in cases.items():
            announce(key)
            try:
                setup = workbench.setup(case)
                stack.enter_context(isolate(case.seed, setup.torch_device, threads=1))
                with restore_process_state():
                    candidate = _candidate(case, setup)
                    for _ in range(WARM_UP_STEPS):
                        candidate.step()
                candidates[key] = candidate
            except KeyboardInterrupt:
                raise
            except BaseException:  # third-party code; its record will say what it raised
                continue
        return measure(candidates, announce=announce)


def measure(
    candidates: Mapping[Hashable, Candidate], seconds: float = SECONDS, announce: Announce = bool
) -> dict[Hashable, StepTime]:
    """Median and interquartile range of each candidate's step, in microseconds; none for one whose step raises."""
    if not candidates:
        return {}
    steps = {key: _steps_per_block(key, candidate, announce) for key, candidate in candidates.items()}
    affordable = int(seconds / (BLOCK_SECONDS * len(candidates)))
    rounds = min(max(affordable, ROUNDS.start), ROUNDS.stop - 1)
    blocks: dict[Hashable, list[float]] = {key: [] for key in candidates}
    order, shuffle = list(candidates), random.Random(0).shuffle
    with defer_collection():
        for _ in range(rounds):
            shuffle(order)
            for key in order:
                announce(key)
                with restore_process_state():
                    blocks[key].append(_block(candidates[key], steps[key]))
    return {key: _summary(times) for key, times in blocks.items() if not any(map(math.isnan, times))}


def _candidate(case: Case, setup: Setup) -> Candidate:
    trainer = make_trainer(case, setup)
    size = case.settings.batch_size
    X, y = setup.X[:size], setup.y[:size]
    return Candidate(lambda: trainer.update(X, y), setup.device.synchronize)


def _steps_per_block(key: Hashable, candidate: Candidate, announce: Announce) -> int:
    announce(key)
    with restore_process_state():
        one = min(_block(candidate, 3) for _ in range(3))
    return 1 if math.isnan(one) else max(1, round(BLOCK_SECONDS / one))


def _block(candidate: Candidate, steps: int) -> float:
    """Seconds per step over one block; NaN where a step raises, as one made for a fixed number of steps does."""
    step = candidate.step
    try:
        candidate.synchronize()
        start = time.perf_counter()
        for _ in itertools.repeat(None, steps):
            step()
        candidate.synchronize()
    except KeyboardInterrupt:
        raise
    except BaseException:  # third-party code: asyncio.CancelledError or a panic in Rust are no Exceptions
        return math.nan
    return (time.perf_counter() - start) / steps


def _summary(times: Sequence[float]) -> StepTime:
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    return StepTime(median * 1e6, (high - low) * 1e6)
