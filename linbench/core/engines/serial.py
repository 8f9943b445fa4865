"""The loop of every tutorial: cost, zero_grad, backward, step. The truth that other engines are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from linbench.core.engines.batches import batches
from linbench.core.engines.cost_recorder import CostRecorder
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.engines.series import Series
from linbench.core.engines.trial import run_context, run_trial, sampled_cost
from linbench.core.errors import Unsuitable
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.outcome.measurement import Measurement, failed_record, records, skipped_record

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case


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
    recorder = CostRecorder(trainer, case.settings, observer, (Series(), Series()) if exact else None)
    batch_size = case.settings.batch_size
    if not trainer.driver.contract.plain or (batch_size is not None and batch_size < len(setup.X)):
        evaluations = _general_loop(trainer, recorder, batches(case, setup))
    else:
        evaluations = _full_batch_loop(trainer, recorder)
    with trainer.driver.evaluating():
        return recorder.measurement(evaluations)


def _full_batch_loop(trainer: Trainer, recorder: CostRecorder) -> int:
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


def _general_loop(
    trainer: Trainer, recorder: CostRecorder, batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]
) -> int:
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
