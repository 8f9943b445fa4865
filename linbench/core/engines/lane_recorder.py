"""The recorder of lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.core.outcome.judgement import Lookout
from linbench.core.outcome.measurement import Measurement

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_models import LaneModel
    from linbench.core.problem.workbench import Setup
    from linbench.core.request.settings import Settings


class LaneCostRecorder:
    """The costs of every epoch and lane, on the device; the parameters too where costs cannot resolve the target."""

    def __init__(self, model: LaneModel, setup: Setup, settings: Settings, lanes: int) -> None:
        self.model, self.setup, self.settings = model, setup, settings
        self._costs = setup.X.new_empty(settings.epochs + 1, lanes)
        self._row = 0
        exact = not setup.resolves(settings.target) and model.weight_and_bias() is not None
        self._trail: list[tuple[Tensor, Tensor]] | None = [] if exact else None
        self._lookout = Lookout(settings.target * setup.solution.theory.scale, settings.epochs)
        self._looked = 0
        self._stopped = torch.zeros(lanes, dtype=torch.bool)
        self._stops: list[tuple[Tensor, int, _Final]] = []
        self.keep_parameters()

    def row(self) -> Tensor:
        """Where the next epoch's costs go, (K,)."""
        row = self._costs[self._row]
        self._row += 1
        return row

    def keep_parameters(self) -> None:
        """Note W and b as they are now, if they are wanted."""
        if self._trail is not None:
            weight, bias = self.model.weight_and_bias() or (torch.empty(0), torch.empty(0))
            self._trail.append((weight.clone(), bias.clone()))

    def stop_lanes(self, epoch: int) -> bool:
        """Note where the lanes are that may stop after `epoch`; whether no other is left.

        They train on with their batch, but nothing after this is theirs.
        """
        solution, new = self.setup.solution, slice(self._looked, self._row)
        costs = self._costs[new].to("cpu", torch.float64)
        gaps = costs - solution.theory.optimum_cost
        if self._trail is not None:
            gaps = solution.gap(*(torch.stack(values) for values in zip(*self._trail[new], strict=True)))
        self._looked = self._row
        over = self._lookout.may_stop(costs, gaps) & ~self._stopped
        if over.any():
            self._stops.append((over, epoch, self._final()))
            self._stopped |= over
        return bool(self._stopped.all())

    def measurement(self, count: int, epochs: int, steps_per_epoch: int) -> Measurement:
        """Everything about the first `count` lanes; the others only filled the batch up."""
        self.model.measure(self.model.rows(self.setup.X), self.setup.y, self.row())
        final, runs = self._final(), torch.full((len(self._stopped),), epochs)
        for lanes, epoch, earlier in self._stops:
            final = final.with_lanes(lanes, earlier)
            runs[lanes] = epoch
        trail = self._trail
        return Measurement(
            costs=self._costs[: self._row, :count],
            evaluations=(runs[:count] * steps_per_epoch).tolist(),
            weight=None if final.weight is None else final.weight[:count],
            bias=None if final.bias is None else final.bias[:count],
            outputs=None if final.outputs is None else final.outputs[:count],
            weights=None if trail is None else torch.stack([weight[:count] for weight, _ in trail]),
            biases=None if trail is None else torch.stack([bias[:count] for _, bias in trail]),
            predictions=None if final.predictions is None else final.predictions[:count],
            epochs_run=runs[:count].tolist(),
        )

    def _final(self) -> _Final:
        """Copies of what a record tells of the end of its run."""
        setup, model = self.setup, self.model
        weight, bias = model.weight_and_bias() or (None, None)
        return _Final(
            weight=None if weight is None else weight.clone(),
            bias=None if bias is None else bias.clone(),
            outputs=model.outputs(model.rows(setup.X)) if weight is None else None,
            predictions=None if setup.features is None else model.outputs(model.rows(setup.features))[:, 0],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Final:
    """See `Measurement`."""

    weight: Tensor | None
    bias: Tensor | None
    outputs: Tensor | None
    predictions: Tensor | None

    def with_lanes(self, lanes: Tensor, other: _Final) -> _Final:
        """Itself, with some lanes taken from another."""
        for name in self.__slots__:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine[lanes] = others[lanes]
        return self
