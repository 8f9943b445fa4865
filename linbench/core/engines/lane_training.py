"""Train cases as lanes of one run of their optimizer."""

from __future__ import annotations

import inspect
import operator
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.engines.batches import is_full_batch, make_lane_batches
from linbench.core.engines.capture import Capture, CapturedLoop
from linbench.core.engines.lane_epoch_loop import LaneEpochLoop, LaneFullBatchLoop, LaneMiniBatchLoop, LaneTrainer
from linbench.core.engines.lane_models import LaneModel, lane_model
from linbench.core.engines.lane_reads import LaneReads
from linbench.core.engines.lane_recorder import LaneCostRecorder
from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.lane_watch import LaneWatch
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.replay import is_torch_class
from linbench.core.engines.status_flags import StatusFlags, find_status_flags
from linbench.core.isolation.isolate import isolate, threads_for

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.measurement import Measurement
    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case

FEWEST_LANES = 17
"""Smaller batches are filled up, so that the number of lanes is unlike the sizes that small problems have."""


def train_lanes(
    cases: Sequence[Case], setups: Sequence[Setup], observer: Observer, capture: Capture | None = None
) -> Measurement:
    """Train cases as lanes of one run, to the end of their epochs.

    capture: how to capture a step, for full batches and an optimizer that takes `capturable`.

    Raises NotSeparable at the first call that may mix lanes, and whatever the optimizer raises.
    """
    setup, settings = setups[0], cases[0].settings
    filling = _distinct_size(len(cases), setup) - len(cases)
    lanes = [*cases, *[cases[-1]] * filling]
    with isolate(cases[0].seed, setup.torch_device, threads_for(setup.work * len(lanes))):
        model = lane_model(
            [*setups, *[setups[-1]] * filling], [case.seed for case in lanes], fused=is_torch_class(cases[0])
        )
        before = _random_state()
        trainer = _make_trainer(model, lanes, setup, capturable=capture is not None)
        recorder = LaneCostRecorder(model, setup, settings, len(cases))
        epochs = _make_loop(trainer, lanes, setup, capture).train(recorder, observer)
        if _random_state() != before:
            raise NotSeparable("it draws random numbers")
        return recorder.measurement(epochs, -(-len(setup.X) // (settings.batch_size or len(setup.X))))


def _distinct_size(count: int, setup: Setup) -> int:
    """Return a number of lanes, at least `count`, that is unlike every size that a tensor of the problem may have."""
    n, d, m = len(setup.X), setup.X.shape[1], setup.y.shape[1]
    lanes = max(count, FEWEST_LANES)
    while lanes in (n, d, m, d + 1, d * m, (d + 1) * m):
        lanes += 1
    return lanes


def _random_state() -> tuple[object, ...]:
    numpy = sys.modules.get("numpy")  # only where somebody has imported it
    state = None if numpy is None else numpy.random.get_state()
    drawn_by_numpy = None if state is None else (state[1].tobytes(), state[2:])
    return random.getstate(), torch.get_rng_state().tolist(), drawn_by_numpy


def _make_trainer(model: LaneModel, lanes: Sequence[Case], setup: Setup, *, capturable: bool) -> LaneTrainer:
    reads = LaneReads(_flags_for(lanes))
    watch = LaneWatch(len(lanes), model.shapes, reads)
    with watch:
        params = _lane_params([case.optimizer.params for case in lanes], setup, reads)
        if capturable:
            params["capturable"] = True
        optimizer = _build_optimizer(lanes[0], model, params)
    step = _bare_step(optimizer) if is_torch_class(lanes[0]) else operator.methodcaller("step")
    return LaneTrainer(model=model, optimizer=optimizer, step=step, watch=watch, rows=model.rows(setup.X), y=setup.y)


def _flags_for(lanes: Sequence[Case]) -> StatusFlags | None:
    """Return the flags that show reads of lane scalars; None where there are none, or tests have shown their batches.

    Raises NotSeparable where reads would not show.
    """
    if is_torch_class(lanes[0]) or all(case.optimizer.params == lanes[0].optimizer.params for case in lanes):
        return None
    flags = find_status_flags()
    if flags is None:
        raise NotSeparable("this machine has no flags that show reads of hyperparameters", only="hyperparameters")
    return flags


def _lane_params(params: Sequence[Mapping[str, object]], setup: Setup, reads: LaneReads) -> dict[str, object]:
    """Return one set of hyperparameters for all lanes: those that differ as lane scalars."""
    first = params[0]
    return {name: _lane_value([one[name] for one in params], setup, reads) for name in first}


def _lane_value(values: Sequence[Any], setup: Setup, reads: LaneReads) -> object:
    first = values[0]
    if all(value is first or value == first for value in values):
        return first
    if isinstance(first, tuple):
        return tuple(_lane_value([value[i] for value in values], setup, reads) for i in range(len(first)))
    lane_scalar: LaneScalar = LaneScalar(torch.tensor(values, dtype=torch.float64, device=setup.torch_device), reads)
    return lane_scalar


def _build_optimizer(case: Case, model: LaneModel, params: dict[str, object]) -> Any:
    target = case.optimizer.component.resolve()
    try:
        names = inspect.signature(target).parameters
    except (ValueError, TypeError):
        names = {}  # type: ignore[assignment]
    # With `foreach`, torch passes lists of tensors to operators of their own (`torch._foreach_add_`), none of which is
    # tagged as pointwise.
    if "foreach" in names and not params.get("fused"):
        params = {**params, "foreach": False}
    return target(list(model.parameters), **params)


def _bare_step(optimizer: Any) -> Callable[[Any], object]:
    """Return the step of one of torch's own classes without what torch wraps around it.

    The wrapper calls hooks and labels the step for the profiler, which takes a tenth of a step's time. Only for torch's
    own classes: a factory may have added hooks, which the bare step would not call.
    """
    return getattr(type(optimizer).step, "__wrapped__", None) or operator.methodcaller("step")


def _make_loop(trainer: LaneTrainer, lanes: Sequence[Case], setup: Setup, capture: Capture | None) -> LaneEpochLoop:
    if not is_full_batch(lanes[0], setup):
        return LaneMiniBatchLoop(trainer, make_lane_batches(lanes, setup, trainer.rows))
    if capture is not None:
        return CapturedLoop(trainer, capture)
    return LaneFullBatchLoop(trainer)
