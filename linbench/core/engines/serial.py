"""The loop of every tutorial: cost, zero_grad, backward, step. The truth that other engines are held to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from linbench.core.criteria import LOOK_EVERY
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.engines.series import AT_ONCE, Series
from linbench.core.engines.trial import run_context, run_trial, sampled_cost
from linbench.core.errors import Unsuitable
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.outcome.judgement import Lookout
from linbench.core.outcome.measurement import Measurement, failed_record, records, skipped_record

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case
    from linbench.core.request.settings import Settings

_UPDATES_TO_OBSERVER = 50


class SerialEngine:
    """One case after the other; supports every optimizer."""

    name: ClassVar[str] = "serial"

    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """Each case by itself."""
        return ([case] for case in cases)

    def run(
        self,
        cases: Sequence[Case],
        workbench: Workbench,
        observer: Observer,
        trajectories: bool | int = False,
    ) -> Iterator[Record]:
        """The record of each case in turn."""
        for case in cases:
            observer.started(case)
            try:
                setup = workbench.setup(case)
                noticed = run_trial(case, setup).warnings or ()
                with isolate(case.seed, setup.torch_device, threads_for(setup.work)):
                    measured = train(case, setup, observer)
                record = records(
                    [case], setup, measured, engine=self.name, trajectories=trajectories, warnings=noticed
                )[0]
            except Unsuitable as reason:
                record = skipped_record(case, str(reason))
            except (Exception, SystemExit) as error:  # a failure is a record, whatever third-party code raises
                record = failed_record(case, error, self.name)
            yield record


@dataclass(frozen=True, slots=True, eq=False)
class Trainer:
    """A model and its optimizer on a setup's data, ready to be stepped."""

    setup: Setup
    model: nn.Module
    driver: Driver
    sampled_cost: Callable[[], Tensor]

    @property
    def optimizer(self) -> Any:
        """The optimizer itself."""
        return self.driver.optimizer

    def cost(self, X: Tensor, y: Tensor) -> Tensor:
        """mean((model(X) − y)²), a scalar."""
        return torch.mean((self.model(X) - y) ** 2)

    def update(self, X: Tensor, y: Tensor) -> int:
        """One optimizer step on these rows; returns how often it evaluated cost and gradient."""
        if not self.driver.contract.plain:
            return self.driver.step(lambda: self.cost(X, y), self.sampled_cost)
        cost = self.cost(X, y)
        self.optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return 1


def make_trainer(case: Case, setup: Setup) -> Trainer:
    """Build a case's model, then its optimizer.

    Raises Unsuitable where the optimizer takes none of the model's parameters, and whatever either raises.
    """
    contract = run_trial(case, setup, audit=False).contract
    model = setup.make_model()
    run = run_context(case, setup, model)
    driver = make_driver(case.optimizer.component, case.optimizer.params, run, contract)
    return Trainer(setup, model, driver, sampled_cost(setup, model, case.seed))


def train(case: Case, setup: Setup, observer: Observer) -> Measurement:
    """Train one case to the end of its epochs, recording the cost at every one of them."""
    trainer = make_trainer(case, setup)
    exact = setup.form is not None and not setup.resolves(case.settings.target)
    recorder = _Recorder(trainer, case.settings, observer, (Series(), Series()) if exact else None)
    batch_size = case.settings.batch_size
    if not trainer.driver.contract.plain or (batch_size is not None and batch_size < len(setup.X)):
        evaluations = _general_loop(trainer, recorder, _batches(case, setup))
    else:
        evaluations = _full_batch_loop(trainer, recorder)
    with trainer.driver.evaluating():
        return recorder.measurement(evaluations)


def _full_batch_loop(trainer: Trainer, recorder: _Recorder) -> int:
    """The tutorial's loop; the cost that each update was computed from is the cost of the epoch before it."""
    model, optimizer, X, y = trainer.model, trainer.optimizer, trainer.setup.X, trainer.setup.y
    record, epochs, due = recorder.costs.append, recorder.epochs, recorder.due
    mean = torch.mean  # looked up once: what the harness adds to a step must stay within its noise
    for epoch in range(1, epochs + 1):
        cost = mean((model(X) - y) ** 2)
        optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        record(cost.detach())
        if epoch == due:
            due = recorder.pause(epoch)
            if recorder.over:
                break
    return epoch


def _general_loop(trainer: Trainer, recorder: _Recorder, batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]) -> int:
    """Mini-batches, closures, modes: the cost of an epoch is measured apart, over all rows."""
    evaluations, evaluating = 0, trainer.driver.evaluating
    for epoch in range(1, recorder.epochs + 1):
        with evaluating():
            recorder.measure()
        for X, y in batches():
            evaluations += trainer.update(X, y)
        if epoch == recorder.due:
            with evaluating():
                recorder.pause(epoch)
            if recorder.over:
                break
    return evaluations


def _batches(case: Case, setup: Setup) -> Callable[[], Iterator[tuple[Tensor, Tensor]]]:
    """One pass over the data in a new order each time it is called; the order depends on the seed alone."""
    size = case.settings.batch_size
    if size is None or size >= len(setup.X):
        return lambda: iter([(setup.X, setup.y)])
    orders = batch_order(case.seed, len(setup.X))

    def one_pass() -> Iterator[tuple[Tensor, Tensor]]:
        order = next(orders)
        for rows in order.to(setup.X.device).split(size):  # type: ignore[no-untyped-call]
            yield setup.X[rows], setup.y[rows]

    return one_pass


def batch_order(seed: int, n_rows: int) -> Iterator[Tensor]:
    """The order of the rows in each epoch, (n,); drawn on the CPU, so alike on every device and in every engine."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randperm(n_rows, generator=generator)


class _Recorder:
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
