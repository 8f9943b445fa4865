"""The loop of every tutorial: cost, zero_grad, backward, step. The truth that other engines are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import torch

from linbench.core.engines.batches import is_full_batch, make_batches
from linbench.core.engines.cost_recorder import CostRecorder
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.engines.engine import Engine
from linbench.core.engines.epoch_loop import EpochLoop, FullBatchLoop, GeneralLoop
from linbench.core.engines.trial import make_sampled_cost, run_context, run_trial
from linbench.core.errors import Unsuitable
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.outcome.measurement import Measurement, failed_record, make_records, skipped_record

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case


@final
class SerialEngine(Engine):
    """One case after the other; supports every optimizer."""

    name: ClassVar[str] = "serial"

    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """Return each case by itself."""
        return ([case] for case in cases)

    def run(
        self,
        cases: Sequence[Case],
        workbench: Workbench,
        observer: Observer,
        trajectories: bool | int = False,
    ) -> Iterator[Record]:
        """Yield the record of each case in turn."""
        for case in cases:
            observer.started(case)
            try:
                setup = workbench.setup(case)
                warnings = run_trial(case, setup).warnings or ()
                with isolate(case.seed, setup.torch_device, threads_for(setup.work)):
                    measurement = train(case, setup, observer)
                record = make_records(
                    [case], setup, measurement, engine=self.name, trajectories=trajectories, warnings=warnings
                )[0]
            except Unsuitable as reason:
                record = skipped_record(case, str(reason))
            except (Exception, SystemExit) as error:  # a failure is a record, whatever third-party code raises
                record = failed_record(case, error, self.name)
            yield record


def train(case: Case, setup: Setup, observer: Observer) -> Measurement:
    """Train one case to the end of its epochs, recording the cost at every one of them."""
    trainer = make_trainer(case, setup)
    recorder = CostRecorder(trainer, case.settings, observer)
    evaluations = _make_loop(case, trainer, recorder).run()
    with trainer.driver.evaluation_mode():
        return recorder.measurement(evaluations)


def _make_loop(case: Case, trainer: Trainer, recorder: CostRecorder) -> EpochLoop:
    if trainer.driver.contract.plain and is_full_batch(case, trainer.setup):
        return FullBatchLoop(trainer, recorder)
    return GeneralLoop(trainer, recorder, make_batches(case, trainer.setup))


def make_trainer(case: Case, setup: Setup) -> Trainer:
    """Build a case's model, then its optimizer.

    Raises Unsuitable where the optimizer takes none of the model's parameters, and whatever either raises.
    """
    contract = run_trial(case, setup, audit=False).contract
    model = setup.make_model()
    run = run_context(case, setup, model)
    driver = make_driver(case.optimizer.component, case.optimizer.params, run, contract)
    return Trainer(setup, model, driver, make_sampled_cost(setup, model, case.seed))


@final
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
        """Return mean((model(X) − y)²), a scalar."""
        return torch.mean((self.model(X) - y) ** 2)

    def update(self, X: Tensor, y: Tensor) -> int:
        """Take one optimizer step on these rows; return how often it evaluated cost and gradient."""
        if not self.driver.contract.plain:
            return self.driver.step(lambda: self.cost(X, y), self.sampled_cost)
        cost = self.cost(X, y)
        self.optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return 1
