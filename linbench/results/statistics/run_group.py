"""Groups of runs that differ in their seed only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.outcome.record import Record, Status

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory


@dataclass(frozen=True, slots=True)
class Setting:
    """The setting that two optimizers must share for their runs to be compared. epochs: the budget of a run."""

    problem: str
    model: str
    device: str
    dtype: str
    batch_size: int | None
    target: float
    epochs: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run from one seed.

    budget: the epochs that it was given. epochs_run: the epochs trained, fewer where runs end early.
    epochs_to_target: the first epoch at the target. evaluations: of cost and gradient, over `epochs_run`.
    steps_per_epoch: updates in one pass over the data. gap: cost of the last parameters − optimum cost.
    """

    seed: int
    status: Status
    budget: int
    epochs_run: int = 0
    epochs_to_target: int | None = None
    evaluations: int = 0
    steps_per_epoch: int = 1
    initial_cost: float | None = None
    final_cost: float | None = None
    gap: float | None = None
    theory: Theory | None = None

    @property
    def ended(self) -> bool:
        """Whether its last parameters have a gap that float64 holds."""
        return self.gap is None or math.isfinite(self.gap)

    @property
    def reached(self) -> bool:
        """Whether the run ended well; one that passed the target and diverged afterwards did not."""
        return math.isfinite(self.time)

    @property
    def time(self) -> float:
        """Epochs to the target; infinite where it was not reached."""
        if self.status is Status.CONVERGED and self.epochs_to_target is not None:
            return self.epochs_to_target
        return math.inf

    @property
    def epochs_spent(self) -> int:
        """Epochs until the target, else the whole budget, also where linbench ended or lost the run before.

        Stopping a run early spares linbench's time and not the optimizer's, so no statistic may depend on it.
        """
        return int(self.time) if self.reached else self.budget

    @property
    def evaluations_spent(self) -> int | None:
        """Evaluations over `epochs_spent`; None where their number varies from step to step, as with L-BFGS."""
        if self.evaluations == self.epochs_run * self.steps_per_epoch:
            return self.epochs_spent * self.steps_per_epoch
        return self.evaluations if self.epochs_spent == self.epochs_run else None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """One optimizer with its parameters in one setting, over all seeds.

    optimizer: the spec. attempts: one for each seed, in the order given, skipped ones too.
    repeated: the number of further records of the same seeds, which are no further evidence.
    """

    setting: Setting
    optimizer: str
    attempts: Sequence[Attempt]
    repeated: int = 0

    @property
    def runs(self) -> list[Attempt]:
        """All attempts that ran, errors included; skipped ones could not run here and tell nothing."""
        return [attempt for attempt in self.attempts if attempt.status is not Status.SKIPPED]

    @property
    def reached(self) -> int:
        """The number of runs that reached the target."""
        return sum(attempt.reached for attempt in self.attempts)

    @property
    def same_for_all_seeds(self) -> bool:
        """Whether several seeds gave one and the same run, which is one observation and not several."""
        runs = self.runs
        if len(runs) < 2 or any(run.initial_cost is None for run in runs):
            return False
        # Costs may agree by the rounding of a short dtype, where gaps do not; by overflow all ends agree, on other data
        # or after batches in another order.
        if len({run.theory for run in runs}) > 1 or any(run.steps_per_epoch > 1 and not run.ended for run in runs):
            return False
        told_by = ("status", "time", "initial_cost", "final_cost", "gap")
        return len({tuple(str(getattr(run, name)) for name in told_by) for run in runs}) == 1

    def count(self, status: Status) -> int:
        """Return the number of attempts with that status."""
        return sum(attempt.status is status for attempt in self.attempts)


def group_runs(records: Iterable[Record]) -> list[RunGroup]:
    """Fold records over seeds, in order of first appearance; of a seed that occurs again the first record counts.

    The records of a group share problem, model, optimizer, parameters, device, dtype, batch size, target and epochs.
    Every record is in exactly one group, those that ended in `error` or were `skipped` too.
    """
    from linbench.results.table.rows import optimizer_label  # here, since the table may want statistics

    found: dict[tuple[Setting, str], list[Record]] = {}
    for record in records:
        found.setdefault((setting_of(record), optimizer_label(record)), []).append(record)
    return [_group(setting, optimizer, members) for (setting, optimizer), members in found.items()]


def by_setting(groups: Iterable[RunGroup]) -> dict[Setting, list[RunGroup]]:
    """Return the groups that may be compared with each other, in order of first appearance."""
    found: dict[Setting, list[RunGroup]] = {}
    for group in groups:
        found.setdefault(group.setting, []).append(group)
    return found


def setting_of(record: Record) -> Setting:
    """Return the setting of a record's run."""
    return Setting(
        problem=record.problem,
        model=record.model,
        device=record.device,
        dtype=record.dtype,
        batch_size=record.batch_size,
        target=record.target,
        epochs=record.epochs,
    )


def _group(setting: Setting, optimizer: str, records: Sequence[Record]) -> RunGroup:
    first: dict[int, Record] = {}
    for record in records:
        first.setdefault(record.seed, record)
    steps = max(record.steps_per_epoch for record in records)  # a failed record does not know it
    attempts = [_attempt(record, steps) for record in first.values()]
    return RunGroup(setting, optimizer, attempts, len(records) - len(first))


def _attempt(record: Record, steps_per_epoch: int) -> Attempt:
    return Attempt(
        seed=record.seed,
        status=record.status,
        budget=record.epochs,
        epochs_run=record.epochs_run,
        epochs_to_target=record.epochs_to_target,
        evaluations=record.evaluations,
        steps_per_epoch=steps_per_epoch,
        initial_cost=record.initial_cost,
        final_cost=record.final_cost,
        gap=record.gap,
        theory=record.theory,
    )
