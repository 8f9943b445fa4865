"""Many cases as one training run: each parameter gets a leading axis of lanes, one per case.

Cases that share data, device and optimizer class, and differ in seed, model and numbers only, train together. That
is valid only while the optimizer treats every lane by itself, which is checked in every step (`lane_watch`). A batch
that turns out not to be separable is dropped and run another way: without the cases that raise in their first step,
else as batches that share their hyperparameters, where only those were the trouble, else serially.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, final

from linbench.core.contract.construct import takes_parameters_only
from linbench.core.engines.capture import capture_for
from linbench.core.engines.engine import Engine
from linbench.core.engines.failing_cases import split_failing
from linbench.core.engines.lane_models import is_linear
from linbench.core.engines.lane_training import train_lanes
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.replay import Replays, is_torch_class
from linbench.core.engines.separability import SeparabilityCache, user_cache
from linbench.core.engines.serial import SerialEngine
from linbench.core.engines.trial import run_trial
from linbench.core.errors import one_line
from linbench.core.isolation.garbage import defer_collection
from linbench.core.observer import Observer
from linbench.core.outcome.measurement import Measurement, make_records
from linbench.core.problem.structure import shape_of

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case

MEMORY_PER_BATCH = 256 * 2**20
"""Bytes that the recorded trajectory of one batch may take; it decides how many lanes a batch has."""

MOST_LANES = 10_000
"""More lanes than this make a run-step no cheaper: the tensors no longer fit the processor's caches."""

WORTH_A_BATCH = 2_500
"""Lanes below which a step's time hardly depends on their number, so that sharing them out gains nothing."""


@final
@dataclass(frozen=True, slots=True)
class BatchedEngine(Engine):
    """Cases in batches wherever that is valid, the others serially.

    max_lanes: cases per batch at most; None chooses from the sizes. separability: what earlier replays found out.
    """

    max_lanes: int | None = None
    separability: SeparabilityCache = field(default_factory=user_cache)
    name: ClassVar[str] = "batched"

    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """Yield the cases in batches that may train together, in the order in which each begins."""
        groups: dict[Hashable, list[Case]] = {}
        for case in cases:
            groups.setdefault(_batch_key(case, workbench), []).append(case)
        for group in groups.values():
            most = self.max_lanes or default_lanes(group[0], workbench)
            if len(groups) < processes:
                most = min(most, max(WORTH_A_BATCH, -(-len(group) * len(groups) // processes)))
            for start in range(0, len(group), most):
                yield group[start : start + most]

    def run(
        self, cases: Sequence[Case], workbench: Workbench, observer: Observer, trajectories: bool | int = False
    ) -> Iterator[Record]:
        """Yield the records of one batch, which is run another way where it turns out not to be separable."""
        try:
            setups = [workbench.setup(case) for case in cases]
            warnings = self._check_batchable(cases[0], setups[0])
            measurement = self._train(cases, setups, workbench, observer)
        except (Exception, SystemExit) as why:  # NotSeparable, or whatever third-party code raises
            yield from self._run_another_way(why, cases, workbench, observer, trajectories)
        else:
            with defer_collection():
                records = make_records(
                    cases, setups[0], measurement, engine=self.name, trajectories=trajectories, warnings=warnings
                )
            yield from records

    def _check_batchable(self, case: Case, setup: Setup) -> tuple[str, ...]:
        """Return a trial's warnings of the optimizer. Raises NotSeparable where it needs more than lanes can give."""
        trial = run_trial(case, setup, audit=not is_torch_class(case))
        needs = trial.contract.needs()
        if needs:
            raise NotSeparable(f"it needs {', '.join(needs)}")
        if not takes_parameters_only(case.optimizer.component.resolve(), case.optimizer.params):
            raise NotSeparable("it is built from more than parameters")
        return trial.warnings or ()

    def _train(
        self, cases: Sequence[Case], setups: Sequence[Setup], workbench: Workbench, observer: Observer
    ) -> Measurement:
        """Train the batch, its steps captured where that is possible, and check it. Raises NotSeparable."""
        replays, capture = Replays(workbench, self.separability), capture_for(cases[0], setups[0])
        if capture is not None:
            try:
                measurement = train_lanes(cases, setups, Observer(), capture)
                replays.check(cases, measurement, captured=True)
            except Exception:  # whatever a capture cannot hold, or does not hold rightly
                observer.note(f"{cases[0].optimizer.component.name} runs without a CUDA graph")
            else:
                observer.advanced(len(cases) * cases[0].settings.epochs)
                return measurement
        measurement = train_lanes(cases, setups, observer)
        replays.check(cases, measurement)
        return measurement

    def _run_another_way(
        self,
        why: BaseException,
        cases: Sequence[Case],
        workbench: Workbench,
        observer: Observer,
        trajectories: bool | int,
    ) -> Iterator[Record]:
        raised = not isinstance(why, NotSeparable)
        only = why.only if isinstance(why, NotSeparable) else None
        if raised or only == "hyperparameters":
            failing, others = split_failing(cases, workbench)
            if failing:  # what their records say needs no note
                yield from SerialEngine().run(failing, workbench, observer, trajectories)
                yield from self.run(others, workbench, observer, trajectories) if others else ()
                return
        parts = _split_by(only, cases) if only else []
        if 1 < len(parts) < len(cases):
            for part in parts:
                yield from self.run(part, workbench, observer, trajectories)
            return
        reason = one_line(why) if raised else str(why)
        observer.note(f"{cases[0].optimizer.component.name} runs serially: {reason}")
        yield from SerialEngine().run(cases, workbench, observer, trajectories)


def _batch_key(case: Case, workbench: Workbench) -> Hashable:
    """Return what cases of one batch have in common; a case that cannot be set up stands alone."""
    optimizer = case.optimizer.component
    try:
        setup = workbench.setup(case)
    except (Exception, SystemExit):  # its record will say what is wrong
        return case.key
    model = "" if is_linear(setup) else case.model.label
    structure = tuple((name, shape_of(value)) for name, value in case.optimizer.params.items())
    return (
        case.problem.label,
        setup.problem.fingerprint,
        case.device.label,
        case.settings,
        model,
        optimizer.identity,
        structure,
    )


def default_lanes(case: Case, workbench: Workbench) -> int:
    """Return as many lanes as keep a batch's recorded trajectory within `MEMORY_PER_BATCH`."""
    settings = case.settings
    numbers = settings.epochs + 1
    try:
        setup = workbench.setup(case)
    except (Exception, SystemExit):  # its record will say what is wrong
        return 1
    if not setup.resolves(settings.target):
        numbers *= 1 + setup.solution.parameters.numel()
    bytes_per_lane = setup.X.element_size() * (numbers + 4 * setup.y.numel())
    return max(1, min(MOST_LANES, MEMORY_PER_BATCH // bytes_per_lane))


def _split_by(what: str, cases: Sequence[Case]) -> list[list[Case]]:
    """Return the cases in parts that share their "hyperparameters" or their "models"."""
    parts: dict[str, list[Case]] = {}
    for case in cases:
        label = case.model.label if what == "models" else case.optimizer.label
        parts.setdefault(label, []).append(case)
    return list(parts.values())
