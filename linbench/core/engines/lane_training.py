"""The training of cases as lanes of one run."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.criteria import LOOK_EVERY
from linbench.core.engines.batches import lane_batches
from linbench.core.engines.capture import Capture, CapturedEpochs
from linbench.core.engines.lane_epochs import FullBatch, MiniBatches
from linbench.core.engines.lane_models import LaneModel, lane_model
from linbench.core.engines.lane_recorder import LaneCostRecorder
from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.lane_watch import LaneWatch
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.replay import is_torch_class
from linbench.core.isolation.isolate import isolate, threads_for

if TYPE_CHECKING:
    from torch import Tensor

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
    count = len(cases)
    lanes = _distinct_size(count, setup)
    filled = [*range(count), *[count - 1] * (lanes - count)]
    with isolate(cases[0].seed, setup.torch_device, threads_for(setup.work * lanes)):
        model = lane_model([setups[i] for i in filled], [cases[i].seed for i in filled], fused=is_torch_class(cases[0]))
        rows = model.rows(setup.X)
        watch = LaneWatch(lanes, model.shapes)
        state = _random_state()
        with watch:
            params = _lane_params([cases[i].optimizer.params for i in filled], setup)
            if capture is not None:
                params["capturable"] = True
            optimizer = _build(cases[0], model, params)
        recorder = LaneCostRecorder(model, setup, settings, lanes)
        step = _step_of(optimizer, watch, plain=is_torch_class(cases[0]))
        batches = lane_batches(cases, filled, setup, rows)
        if batches is not None:
            epoch = MiniBatches(model, step, rows, setup.y, batches).run
        elif capture is not None:
            epoch = CapturedEpochs(model, step, rows, setup.y, capture).run
        else:
            epoch = FullBatch(model, step, rows, setup.y).run
        epochs = _train(epoch, recorder, count, observer)
        if _random_state() != state:
            raise NotSeparable("it draws random numbers")
        return recorder.measurement(count, epochs, -(-len(rows) // (settings.batch_size or len(rows))))


def _train(run_epoch: Callable[[Tensor], None], recorder: LaneCostRecorder, count: int, observer: Observer) -> int:
    """The loop; returns the epochs that it took."""
    epochs, stop = recorder.settings.epochs, recorder.settings.stop_at_target
    tick, told = max(1, epochs // 50), 0
    for epoch in range(1, epochs + 1):
        run_epoch(recorder.row())
        recorder.keep_parameters()
        if epoch - told >= tick or epoch == epochs:
            observer.advanced((epoch - told) * count)
            told = epoch
        if stop and epoch % LOOK_EVERY == 0 and recorder.stop_lanes(epoch):
            break
    return epoch


def _step_of(optimizer: Any, watch: LaneWatch, *, plain: bool) -> Callable[[], None]:
    """One step under the watch; without the label for the profiler that torch wraps its own in, a tenth of its time."""
    # Only for torch's own classes: with a factory's optimizer there may be hooks that the wrapped step would call.
    bare = getattr(type(optimizer).step, "__wrapped__", None) if plain else None

    def step() -> None:
        with watch:
            if bare is None:
                optimizer.step()
            else:
                bare(optimizer)

    return step


def _lane_params(params: Sequence[Mapping[str, object]], setup: Setup) -> dict[str, object]:
    """One set of hyperparameters for all lanes: those that differ as lane scalars."""
    first = params[0]
    return {name: _lane_value([one[name] for one in params], setup) for name in first}


def _lane_value(values: Sequence[Any], setup: Setup) -> object:
    first = values[0]
    if all(value is first or value == first for value in values):
        return first
    if isinstance(first, tuple):
        return tuple(_lane_value([value[i] for value in values], setup) for i in range(len(first)))
    return LaneScalar(torch.tensor(values, dtype=torch.float64, device=setup.torch_device))


def _build(case: Case, model: LaneModel, params: dict[str, object]) -> Any:
    """The optimizer over the laned parameters, one tensor at a time where it would take several at once."""
    target = case.optimizer.component.resolve()
    try:
        names = inspect.signature(target).parameters
    except (ValueError, TypeError):
        names = {}  # type: ignore[assignment]
    if "foreach" in names and not params.get("fused"):
        params = {**params, "foreach": False}
    return target(list(model.parameters), **params)


def _distinct_size(count: int, setup: Setup) -> int:
    """At least `count`, and unlike every size that a tensor of the problem may have."""
    n, d, m = len(setup.X), setup.X.shape[1], setup.y.shape[1]
    lanes = max(count, FEWEST_LANES)
    while lanes in (n, d, m, d + 1, d * m, (d + 1) * m):
        lanes += 1
    return lanes


def _random_state() -> tuple[object, ...]:
    return random.getstate(), torch.get_rng_state().tolist()
