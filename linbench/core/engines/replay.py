"""The nets below the watch: some lanes are run again by the serial engine, and must come out alike.

A lane that turned NaN is believed only if a serial run does so too, since a lane scalar that was read unseen reads
NaN. And where linbench's own tests do not cover the optimizer, lanes are replayed for what no watch can see: custom
kernels, state kept in Python. The lowest, the highest and one at random are replayed over the whole horizon: an
optimizer may match for hundreds of steps before it goes wrong (`ChangesLate` in tests/core/engines/hostile.py). Some
more, spread over all of them, are replayed over its beginning: an optimizer that takes another branch for some
hyperparameters mostly does so from the first step on.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.separability import SeparabilityCache, fingerprint
from linbench.core.engines.serial import train
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.observer import Observer

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.outcome.measurement import Measurement
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 0.1, torch.float16: 0.02}
"""The largest distance of costs that agree, relative to the larger of the initial cost and the cost itself."""

_TESTED_MODULE = "torch.optim"

_SPREAD = 16
"""Lanes that are replayed over the beginning only, one from each sixteenth: an eighth in a row has at least one."""

_BEGINNING = 32
"""Part of the horizon that the beginning is: together, these lanes cost half as much as one whole run."""

_FEWEST_EPOCHS = 5


@final
@dataclass(frozen=True, slots=True)
class Replays:
    """Checks batches against the serial engine. separability: what earlier checks found out."""

    workbench: Workbench
    separability: SeparabilityCache

    def check(self, cases: Sequence[Case], measurement: Measurement, *, captured: bool = False) -> None:
        """Raise NotSeparable where a replayed lane does not come out as its batch says."""
        blow_up = _first_blow_up(measurement.costs)
        if blow_up is not None and not self._blows_up(cases[blow_up.lane], blow_up.epoch):
            raise NotSeparable("a lane turned NaN and its serial run did not")
        if captured or not is_torch_class(cases[0]):
            self._check_whole_runs(cases, measurement, captured)

    def _blows_up(self, case: Case, epoch: int) -> bool:
        """Return whether the serial run becomes non-finite by about that epoch too; it is trained no further."""
        epochs = min(case.settings.epochs, epoch + 2 + epoch // 10)
        return not bool(torch.isfinite(self._serial_costs(case, epochs)).all())

    def _check_whole_runs(self, cases: Sequence[Case], measurement: Measurement, captured: bool) -> None:
        key = fingerprint(cases, self.workbench, captured=captured)
        separable = self.separability.get(key)
        if separable is None:
            separable = all(
                agree(measurement.costs[:, replay.lane], self._serial_costs(cases[replay.lane], replay.epochs))
                for replay in _choose_replays(cases)
            )
            self.separability.put(key, separable)
        if not separable:
            raise NotSeparable("a replayed lane came out otherwise than in its batch")

    def _serial_costs(self, case: Case, epochs: int) -> Tensor:
        case = replace(case, settings=replace(case.settings, epochs=epochs))
        setup = self.workbench.setup(case)
        with isolate(case.seed, setup.torch_device, threads_for(setup.work)):
            return train(case, setup, Observer()).costs[:, 0]


def is_torch_class(case: Case) -> bool:
    """Return whether linbench's own tests hold this optimizer's batches to its serial runs."""
    return getattr(case.optimizer.component.resolve(), "__module__", "").startswith(_TESTED_MODULE)


def agree(costs: Tensor, others: Tensor) -> bool:
    """Return whether two cost trajectories (E + 1,) agree within `TOLERANCE`, up to where they blow up."""
    tolerance = TOLERANCE[costs.dtype]
    both = min(len(costs), len(others))  # a run that may stop at its target stops before its batch does
    a, b = (values[:both].to("cpu", torch.float64) for values in (costs, others))
    limit = tolerance * torch.maximum(b[0].abs(), b.abs())
    # What grows without bound amplifies rounding: beyond this, only whether it blows up can be compared.
    known = torch.isfinite(a) & torch.isfinite(b) & (b.abs() < 1e6 * b[0].abs().clamp(min=1e-30))
    same_end = bool(torch.isfinite(a[-1])) == bool(torch.isfinite(b[-1]))
    return same_end and bool(((a - b).abs() <= limit)[known].all())


@dataclass(frozen=True, slots=True)
class _BlowUp:
    """A lane whose cost became non-finite, and the epoch."""

    lane: int
    epoch: int


def _first_blow_up(costs: Tensor) -> _BlowUp | None:
    """Return the lane that is the first to be non-finite; None where all stay finite."""
    bad = ~torch.isfinite(costs)
    epochs = torch.where(bad.any(0), bad.to(torch.uint8).argmax(0), len(costs))
    lane = int(epochs.argmin())
    return _BlowUp(lane, int(epochs[lane])) if epochs[lane] < len(costs) else None


@dataclass(frozen=True, slots=True)
class _Replay:
    """A lane, and how many epochs of it are run again."""

    lane: int
    epochs: int


def _choose_replays(cases: Sequence[Case]) -> list[_Replay]:
    """Return the lanes to run again, whole runs first. Which are chosen at random the cases themselves decide."""
    order = sorted(range(len(cases)), key=lambda lane: _numbers(cases[lane].optimizer.params))
    generator, epochs = random.Random(cases[0].key), cases[0].settings.epochs
    whole = dict.fromkeys([order[0], order[-1], generator.choice(order)])
    bounds = [len(order) * part // _SPREAD for part in range(_SPREAD + 1)]
    spread = [generator.choice(order[start:end]) for start, end in itertools.pairwise(bounds) if start < end]
    beginning = min(epochs, max(_FEWEST_EPOCHS, epochs // _BEGINNING))
    return [
        *(_Replay(lane, epochs) for lane in whole),
        *(_Replay(lane, beginning) for lane in spread if lane not in whole),
    ]


def _numbers(value: object) -> tuple[float, ...]:
    """Return the numbers among a set of hyperparameters, those in tuples (`betas`) too."""
    if isinstance(value, Mapping):
        return _numbers(tuple(value.values()))
    if isinstance(value, tuple):
        return tuple(number for part in value for number in _numbers(part))
    return (float(value),) if isinstance(value, int | float) and not isinstance(value, bool) else ()
