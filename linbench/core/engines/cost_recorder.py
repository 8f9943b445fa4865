"""The recorder of one run in the serial engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import torch

from linbench.core.criteria import LOOK_EVERY
from linbench.core.engines.series import AT_ONCE, ParameterSeries, TensorSeries
from linbench.core.outcome.judgement import StoppingRule
from linbench.core.outcome.measurement import Measurement, standard_of

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.serial import Trainer
    from linbench.core.observer import Observer
    from linbench.core.request.settings import Settings

_REPORTS = 50  # to the observer, of each run; more of a long one


@final
class CostRecorder:
    """Keeps what training shows, on its device; nothing is synchronised before the end.

    costs: one for each epoch. due: the next epoch at which to call `pause`. over: the run may stop, and was asked to.
    """

    def __init__(self, trainer: Trainer, settings: Settings, observer: Observer) -> None:
        setup = trainer.setup
        self.epochs = settings.epochs
        self.costs = TensorSeries()
        self.over = False
        self._trainer, self._observer, self._stop_at_target = trainer, observer, settings.stop_at_target
        # Only where costs cannot resolve the target: W and b of every epoch take d + 1 times the memory.
        exact = setup.form is not None and not setup.resolves(settings.target)
        self._parameters_by_epoch = ParameterSeries() if exact else None
        # However long the run, it pauses often enough for the series to be tidied.
        self._report_every = min(max(1, self.epochs // _REPORTS), AT_ONCE)
        self._reported = 0
        self._stopping_rule = StoppingRule(standard_of(setup, settings))
        self._judged = 0
        self._start = self._copy_parameters()
        self._keep_parameters()
        self.due = self._next_due(0)

    def measure(self) -> None:
        """Record the cost over all rows at the current parameters."""
        with torch.no_grad():
            self.costs.append(self._trainer.cost(self._trainer.setup.X, self._trainer.setup.y))

    def pause(self, epoch: int) -> int:
        """Do what is due between epochs, after `epoch` of them; return the epoch at which it is due next."""
        self._keep_parameters()
        log_every = self._observer.log_every
        if log_every and epoch % log_every == 0:
            weight, bias = self.parameters() or (None, None)
            intercept = self._trainer.setup.problem.intercept
            self._observer.epoch(
                epoch,
                None if weight is None else weight.tolist(),
                None if bias is None else bias.tolist() if intercept else [],
                self.costs.last().item(),
            )
        if epoch % self._report_every == 0 or epoch == self.epochs:
            self._observer.advanced(epoch - self._reported)
            self._reported = epoch
        if self._stop_at_target and epoch % LOOK_EVERY == 0:
            self.over = self._may_stop()
        self.costs.tidy()
        if self._parameters_by_epoch is not None:
            self._parameters_by_epoch.tidy()
        self.due = self._next_due(epoch)
        return self.due

    def parameters(self) -> tuple[Tensor, Tensor] | None:
        """Return W (d, m) and b (m,) as they are now, zeros for a model without b; None for one that is not XW + b."""
        form = self._trainer.setup.form
        return None if form is None else form.read(dict(self._trainer.model.named_parameters()))

    def _copy_parameters(self) -> tuple[Tensor, Tensor] | None:
        parameters = self.parameters()
        return None if parameters is None else (parameters[0].clone(), parameters[1].clone())

    def measurement(self, evaluations: Sequence[int]) -> Measurement:
        """Return everything, with the final cost and parameters.

        evaluations: of cost and gradient, how often there had been one after each epoch.
        """
        setup, model = self._trainer.setup, self._trainer.model
        self.measure()
        with torch.no_grad():
            predictions = None if setup.features is None else model(setup.features)
            outputs = model(setup.X)[None] if setup.form is None else None
        weight, bias = self.parameters() or (None, None)
        by_epoch = self._parameters_by_epoch
        weights, biases = (None, None) if by_epoch is None else by_epoch.rows()
        return Measurement(
            costs=self.costs.rows()[:, None],
            evaluations=[evaluations[-1] if evaluations else 0],
            evaluations_by_epoch=[evaluations],
            initial_weight=None if self._start is None else self._start[0][None],
            initial_bias=None if self._start is None else self._start[1][None],
            weight=None if weight is None else weight[None],
            bias=None if bias is None else bias[None],
            outputs=outputs,
            weights=None if weights is None else weights[:, None],
            biases=None if biases is None else biases[:, None],
            predictions=predictions,
            epochs_run=[len(self.costs) - 1],
        )

    def _keep_parameters(self) -> None:
        if self._parameters_by_epoch is not None:
            parameters = self.parameters()
            if parameters is not None:
                self._parameters_by_epoch.append(*parameters)

    def _may_stop(self) -> bool:
        solution, start, end = self._trainer.setup.solution, self._judged, len(self.costs)
        costs = self.costs.rows(start)[:, None].to("cpu", torch.float64)
        gaps = costs - solution.theory.optimum_cost
        if self._parameters_by_epoch is not None:  # those of the epoch that was just trained have no cost yet
            weights, biases = self._parameters_by_epoch.rows(start)
            gaps = solution.gap(weights[: end - start, None], biases[: end - start, None])
        self._judged = end
        return bool(self._stopping_rule.may_stop(costs, gaps))

    def _next_due(self, epoch: int) -> int:
        if self._parameters_by_epoch is not None:
            return epoch + 1
        log_every = self._observer.log_every or math.inf
        report, log = (every * (epoch // every + 1) for every in (self._report_every, log_every))
        look = LOOK_EVERY * (epoch // LOOK_EVERY + 1) if self._stop_at_target else math.inf
        return int(min(report, log, look, max(self.epochs, epoch + 1)))
