"""The recorder of one run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from linbench.core.criteria import LOOK_EVERY
from linbench.core.engines.series import AT_ONCE, Series
from linbench.core.outcome.judgement import Lookout
from linbench.core.outcome.measurement import Measurement

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.serial import Trainer
    from linbench.core.observer import Observer
    from linbench.core.request.settings import Settings

_UPDATES_TO_OBSERVER = 50


class CostRecorder:
    """Keeps what training shows, on its device; nothing is synchronised before the end.

    trail: W and b of every epoch, only where costs cannot resolve the target.
    due: the next epoch at which somebody wants to look. over: the run may stop, and it was asked to.
    """

    def __init__(
        self, trainer: Trainer, settings: Settings, observer: Observer, trail: tuple[Series, Series] | None
    ) -> None:
        self.trainer, self.epochs, self.observer, self.trail = trainer, settings.epochs, observer, trail
        self.costs = Series()
        self.over = False
        self._tick = min(max(1, self.epochs // _UPDATES_TO_OBSERVER), AT_ONCE)  # however long, it pauses to tidy up
        self._told = 0
        self._lookout = Lookout(settings.target * trainer.setup.solution.theory.scale, settings.epochs)
        self._stop_at_target = settings.stop_at_target
        self._looked = 0
        self._keep_parameters()
        self.due = self._next_due(0)

    def measure(self) -> None:
        """Record the cost over all rows at the current parameters."""
        with torch.no_grad():
            self.costs.append(self.trainer.cost(self.trainer.setup.X, self.trainer.setup.y))

    def pause(self, epoch: int) -> int:
        """Look up from training after `epoch`; returns when to do so next."""
        self._keep_parameters()
        log_every = self.observer.log_every
        if log_every and epoch % log_every == 0:
            weight, bias = self.parameters() or (None, None)
            self.observer.epoch(
                epoch,
                None if weight is None else weight.tolist(),
                None if bias is None else bias.tolist(),
                self.costs.last().item(),
            )
        if epoch % self._tick == 0 or epoch == self.epochs:
            self.observer.advanced(epoch - self._told)
            self._told = epoch
        if self._stop_at_target and epoch % LOOK_EVERY == 0:
            self.over = self._may_stop()
        for series in (self.costs, *(self.trail or ())):
            series.tidy()
        self.due = self._next_due(epoch)
        return self.due

    def parameters(self) -> tuple[Tensor, Tensor] | None:
        """W (d, m) and b (m,) now."""
        form = self.trainer.setup.form
        return None if form is None else form.read(dict(self.trainer.model.named_parameters()))

    def measurement(self, evaluations: int) -> Measurement:
        """Everything, with the final cost and parameters."""
        setup = self.trainer.setup
        self.measure()
        with torch.no_grad():
            predictions = None if setup.features is None else self.trainer.model(setup.features)
            outputs = self.trainer.model(setup.X)[None] if setup.form is None else None
        final = self.parameters()
        weights, biases = (series.rows()[:, None] for series in self.trail) if self.trail else (None, None)
        return Measurement(
            costs=self.costs.rows()[:, None],
            evaluations=[evaluations],
            weight=None if final is None else final[0][None],
            bias=None if final is None else final[1][None],
            outputs=outputs,
            weights=weights,
            biases=biases,
            predictions=predictions,
            epochs_run=[len(self.costs) - 1],
        )

    def _may_stop(self) -> bool:
        solution, start, end = self.trainer.setup.solution, self._looked, len(self.costs)
        costs = self.costs.rows(start)[:, None].to("cpu", torch.float64)
        gaps = costs - solution.theory.optimum_cost
        if self.trail is not None:  # which has the epoch that was just trained too
            gaps = solution.gap(*(series.rows(start)[: end - start, None] for series in self.trail))
        self._looked = end
        return bool(self._lookout.may_stop(costs, gaps))

    def _keep_parameters(self) -> None:
        if self.trail is not None:
            for series, values in zip(self.trail, self.parameters() or (torch.empty(0), torch.empty(0)), strict=True):
                series.append(values)

    def _next_due(self, epoch: int) -> int:
        if self.trail is not None:
            return epoch + 1
        log_every = self.observer.log_every or math.inf
        tick, log = (every * (epoch // every + 1) for every in (self._tick, log_every))
        look = LOOK_EVERY * (epoch // LOOK_EVERY + 1) if self._stop_at_target else math.inf
        return int(min(tick, log, look, max(self.epochs, epoch + 1)))
