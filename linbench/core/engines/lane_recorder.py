"""The recorder of a batch: the costs of all lanes in one tensor, and how each lane that stopped early ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from linbench.core.outcome.judgement import StoppingRule
from linbench.core.outcome.measurement import Measurement

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.lane_models import LaneModel
    from linbench.core.problem.workbench import Setup
    from linbench.core.request.settings import Settings


@final
class LaneCostRecorder:
    """The costs of every epoch and lane, on the device; the parameters too where costs cannot resolve the target.

    count: the lanes that are runs; those behind them only fill the batch up.
    """

    def __init__(self, model: LaneModel, setup: Setup, settings: Settings, count: int) -> None:
        self.model, self.setup, self.settings, self.count = model, setup, settings, count
        lanes = len(model.parameters[0])
        self._costs = setup.X.new_empty(settings.epochs + 1, lanes)
        self._rows = 0
        exact = not setup.resolves(settings.target) and model.weight_and_bias() is not None
        self._parameters_by_epoch: list[tuple[Tensor, Tensor]] | None = [] if exact else None
        self._stopping_rule = StoppingRule(settings.target * setup.solution.theory.scale, settings.epochs)
        self._judged_rows = 0
        self._stopped = torch.zeros(lanes, dtype=torch.bool)
        self._stops: list[_Stop] = []
        self.keep_parameters()

    def next_row(self) -> Tensor:
        """Return the row (K,) that the next epoch's costs go into."""
        row = self._costs[self._rows]
        self._rows += 1
        return row

    def keep_parameters(self) -> None:
        """Keep W and b as they are now, if they are wanted."""
        if self._parameters_by_epoch is not None:
            weight, bias = self.model.weight_and_bias() or (torch.empty(0), torch.empty(0))
            self._parameters_by_epoch.append((weight.clone(), bias.clone()))

    def stop_lanes(self, epoch: int) -> bool:
        """Keep the ends of the lanes that may stop after `epoch`, and return whether all lanes have stopped.

        They train on with their batch, but nothing after this is theirs.
        """
        solution, new = self.setup.solution, slice(self._judged_rows, self._rows)
        costs = self._costs[new].to("cpu", torch.float64)
        gaps = costs - solution.theory.optimum_cost
        if self._parameters_by_epoch is not None:
            gaps = solution.gap(*(torch.stack(values) for values in zip(*self._parameters_by_epoch[new], strict=True)))
        self._judged_rows = self._rows
        lanes = self._stopping_rule.may_stop(costs, gaps) & ~self._stopped
        if lanes.any():
            self._stops.append(_Stop(lanes, epoch, self._copy_end()))
            self._stopped |= lanes
        return bool(self._stopped.all())

    def measurement(self, epochs: int, steps_per_epoch: int) -> Measurement:
        """Return everything about the lanes that are runs, after so many epochs of the batch."""
        self.model.measure(self.model.rows(self.setup.X), self.setup.y, self.next_row())
        end, runs, count = self._copy_end(), torch.full((len(self._stopped),), epochs), self.count
        for stop in self._stops:
            end.overwrite(stop.lanes, stop.end)
            runs[stop.lanes] = stop.epoch
        by_epoch = self._parameters_by_epoch
        return Measurement(
            costs=self._costs[: self._rows, :count],
            evaluations=(runs[:count] * steps_per_epoch).tolist(),
            weight=None if end.weight is None else end.weight[:count],
            bias=None if end.bias is None else end.bias[:count],
            outputs=None if end.outputs is None else end.outputs[:count],
            weights=None if by_epoch is None else torch.stack([weight[:count] for weight, _ in by_epoch]),
            biases=None if by_epoch is None else torch.stack([bias[:count] for _, bias in by_epoch]),
            predictions=None if end.predictions is None else end.predictions[:count],
            epochs_run=runs[:count].tolist(),
        )

    def _copy_end(self) -> _LaneEnds:
        setup, model = self.setup, self.model
        weight, bias = model.weight_and_bias() or (None, None)
        return _LaneEnds(
            weight=None if weight is None else weight.clone(),
            bias=None if bias is None else bias.clone(),
            outputs=model.outputs(model.rows(setup.X)) if weight is None else None,
            predictions=None if setup.features is None else model.outputs(model.rows(setup.features))[:, 0],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _LaneEnds:
    """The ends of K runs, as far as records tell of them; the fields are those of `Measurement`."""

    weight: Tensor | None
    bias: Tensor | None
    outputs: Tensor | None
    predictions: Tensor | None

    def overwrite(self, lanes: Tensor, other: _LaneEnds) -> None:
        """Replace some lanes, (K,) boolean, by those of another."""
        for name in self.__slots__:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine[lanes] = others[lanes]


@dataclass(frozen=True, slots=True, eq=False)
class _Stop:
    """Lanes, (K,) boolean, that may stop after an epoch, and the ends that all lanes would have had there."""

    lanes: Tensor
    epoch: int
    end: _LaneEnds
