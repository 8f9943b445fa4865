"""The record of one case, as plain data; nothing here needs torch."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory

UNCHANGED = "the cost never changed: the parameters did not move, or too little for it to show"
"""The warning of a record whose cost was the same at every epoch."""


class Status(StrEnum):
    """The ways in which a case ends."""

    CONVERGED = "converged"
    """The target was reached."""
    BUDGET = "budget"
    """The epochs were used up first."""
    STALLED = "stalled"
    """It stopped moving above the target."""
    DIVERGED = "diverged"
    """The cost became non-finite, or ended far above where it began."""
    ERROR = "error"
    """Something raised."""
    SKIPPED = "skipped"
    """It could not run here; the reason says why."""


TRAINED = frozenset({Status.CONVERGED, Status.BUDGET, Status.STALLED, Status.DIVERGED})
"""The statuses of cases that were trained to the end."""


class Ending(StrEnum):
    """How the cost of a run moved at its end."""

    STILL = "still"
    """Over the last half neither its highs nor its lows moved by more than rounding."""
    DESCENDING = "descending"
    """The best cost lies in the last tenth."""
    RISING = "rising"
    """Over the last half both its highs and its lows rose from tenth to tenth."""
    SWINGING = "swinging"
    """It moved in some other way."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The gap over the last half of a run: its 10%, 50% and 90% quantiles."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Rounding:
    """The exact gradient at the end of a run, beside rounding in the run's dtype.

    gradient_in_roundings: its largest component in units of what computing it may be off by, eps·|A|ᵀ(|A||θ| + |y|) ×
    2/(n·m). gradient_in_spacings: its largest component in units of the spacing of numbers at the parameter.
    """

    gradient_in_roundings: float
    gradient_in_spacings: float


@dataclass(frozen=True, slots=True)
class StepTime:
    """Time of one training step in microseconds: the median over blocks, and their interquartile range."""

    median: float
    iqr: float


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The cost over the epochs: `cost[i]` is the cost after `epoch[i]` updates (epochs, with mini-batches)."""

    epoch: Sequence[int]
    cost: Sequence[float]

    def thinned(self, points: int, crossing: int | None = None) -> Trajectory:
        """Return at most `points` of them (at least 3), log-spaced; first, last and the `crossing` are always kept."""
        count = len(self.epoch)
        always = {0, count - 1} | ({crossing} if crossing is not None else set())
        wanted = max(points, 3)
        if wanted >= count:
            return self
        spare = wanted - len(always)
        spaced = (min(count - 1, round(count ** (i / spare)) - 1) for i in range(1, spare + 1))
        kept = sorted(always.union(spaced))
        return Trajectory([self.epoch[i] for i in kept], [self.cost[i] for i in kept])


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one case. Numbers that do not exist are None; numbers that are not finite stay so here.

    epochs_to_target: the first epoch at which the relative gap was at most the target.
    evaluations: evaluations of cost and gradient that the optimizer asked for.
    weight, bias: the final parameters, (d, m) nested and (m,); None where the model is not linear in that form. The
    bias is empty where the problem has no intercept.
    gap: final cost − optimum cost, from the parameters in float64. relative_gap: that over `theory.scale`.
    prediction: (m,), for the features given with `predict`.
    step_time: microseconds. trajectory: only where it was asked for.
    lr_is_default: nobody asked for its lr. best_epoch: the first one of the best cost. ending: how the cost moved.
    evaluations_to_target: evaluations of cost and gradient before `epochs_to_target`, where they were counted.
    tail: the gap over the last half, with mini-batches. rounding: of a run that stalled. ridge_relative_gap: the
    relative gap of the cost with the penalty that weight decay stands for, where it stands for one.
    initial_gap_parts: the gap at the start by eigenvector, aligned with `theory.spectrum`.
    rules: number of the rules by which it came about (`criteria.RULES`).
    theory, traceback: for reports and `--debug`; not part of the JSON record.
    """

    key: str
    problem: str
    model: str
    optimizer: str
    params: Mapping[str, Any]
    device: str
    dtype: str
    seed: int
    epochs: int
    batch_size: int | None
    target: float
    engine: str
    status: Status
    reason: str | None = None
    epochs_run: int = 0
    epochs_to_target: int | None = None
    evaluations: int = 0
    initial_cost: float | None = None
    final_cost: float | None = None
    best_cost: float | None = None
    optimum_cost: float | None = None
    gap: float | None = None
    relative_gap: float | None = None
    weight: Sequence[Sequence[float]] | None = None
    bias: Sequence[float] | None = None
    prediction: Sequence[float] | None = None
    warnings: tuple[str, ...] = ()
    step_time: StepTime | None = None
    trajectory: Trajectory | None = None
    lr_is_default: bool = False
    best_epoch: int | None = None
    ending: Ending | None = None
    evaluations_to_target: int | None = None
    tail: Tail | None = None
    rounding: Rounding | None = None
    ridge_relative_gap: float | None = None
    initial_gap_parts: Sequence[float] | None = None
    rules: int = 1
    theory: Theory | None = field(default=None, repr=False, compare=False)
    traceback: str | None = field(default=None, repr=False, compare=False)

    @property
    def time_to_target(self) -> float | None:
        """Seconds: epochs to target × median step time (× steps per epoch, with mini-batches)."""
        if self.epochs_to_target is None or self.step_time is None:
            return None
        return self.epochs_to_target * self.steps_per_epoch * self.step_time.median * 1e-6

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one pass over the data."""
        if self.batch_size is None or self.theory is None:
            return 1
        return -(-self.theory.n_rows // self.batch_size)

    def __reduce__(self) -> tuple[type[Record], tuple[Any, ...]]:
        """Pickle the values in their order."""
        # Processes send records by the thousand, and dataclasses' own way takes several times as long.
        return Record, _values(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON record: every key always there (`trajectory` only with one), non-finite numbers None."""
        content = self.as_dict()
        return {key: value if type(value) in _FINITE else finite(value) for key, value in content.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON record with non-finite numbers as they are."""
        content = {
            "key": self.key,
            "problem": self.problem,
            "model": self.model,
            "optimizer": self.optimizer,
            "params": dict(self.params),
            "device": self.device,
            "dtype": self.dtype,
            "seed": self.seed,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "target": self.target,
            "engine": self.engine,
            "status": self.status.value,
            "reason": self.reason,
            "epochs_run": self.epochs_run,
            "epochs_to_target": self.epochs_to_target,
            "evaluations": self.evaluations,
            "initial_cost": self.initial_cost,
            "final_cost": self.final_cost,
            "best_cost": self.best_cost,
            "optimum_cost": self.optimum_cost,
            "gap": self.gap,
            "relative_gap": self.relative_gap,
            "parameters": {"W": self.weight, "b": self.bias},
            "prediction": self.prediction,
            "warnings": list(self.warnings),
            "step_time_us": {"median": self.step_time.median, "iqr": self.step_time.iqr} if self.step_time else None,
            "time_to_target_s": self.time_to_target,
            "lr_is_default": self.lr_is_default,
            "best_epoch": self.best_epoch,
            "ending": None if self.ending is None else self.ending.value,
            "evaluations_to_target": self.evaluations_to_target,
            "tail_gap": None if self.tail is None else _fields(self.tail),
            "rounding": None if self.rounding is None else _fields(self.rounding),
            "ridge_relative_gap": self.ridge_relative_gap,
            "initial_gap_parts": None if self.initial_gap_parts is None else list(self.initial_gap_parts),
            "rules": self.rules,
        }
        if self.trajectory is not None:
            content["trajectory"] = {"epoch": list(self.trajectory.epoch), "cost": list(self.trajectory.cost)}
        return content


def _fields(one: Tail | Rounding) -> dict[str, float]:
    return {name: getattr(one, name) for name in one.__slots__}


_values = operator.attrgetter(*Record.__slots__)

_FINITE = frozenset({type(None), bool, int, str})
"""The types whose values are finite: most of a record, and a sweep has a million of them."""


def finite(value: Any) -> Any:
    """Return the same nested value with None for every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
