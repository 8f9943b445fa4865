"""The metrics of a case that the gate keeps, and the label that a case has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linbench.core.criteria import RULES
from linbench.core.outcome.record import Status
from linbench.core.problem.singular_values import LARGEST_CONDITION
from linbench.gate.finding import printable

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record, Trajectory
    from linbench.core.problem.closed_form import Theory
    from linbench.core.request.case import Case
    from linbench.core.request.settings import Settings

SCHEMA = 1
"""Version of what is kept of a case, and of the file it is kept in."""


@dataclass(frozen=True, slots=True)
class CaseMetrics:
    """The result of one case. Numbers that are not finite, or do not exist, are None.

    crossing_margin: how close the costs next to the crossing of the target come to it, relative to the cost there.
    weight: (d, m) nested, bias: (m,). versions: of torch and of the plugins that it was made or last confirmed with.
    reason: why it was last changed. schema: the version of what is kept. rules: the number of the rules that it was
    judged by. needs_exact_optimum: the optimum of its problem takes more digits than float64 has. That and `error` are
    of a run, and not kept in a baseline.
    """

    label: str
    status: Status
    dtype: str
    epochs_to_target: int | None = None
    crossing_margin: float | None = None
    initial_cost: float | None = None
    final_cost: float | None = None
    weight: Sequence[Sequence[float]] | None = None
    bias: Sequence[float] | None = None
    error: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    schema: int = SCHEMA
    rules: int = RULES
    needs_exact_optimum: bool = field(default=False, compare=False)

    @property
    def parameters(self) -> list[float] | None:
        """W and b, if there is one, in one list; None where the model is not linear, or one of them is not finite."""
        if self.weight is None or self.bias is None:
            return None
        return [value for row in self.weight for value in row] + list(self.bias)


def label_of(case: Case, *, optimizer: str | None = None) -> str:
    """Return the identity of a case from one version to the next: all that decides its numbers but for code.

    optimizer: stands for the label of the optimizer that the case has.
    """
    parts = (
        case.problem.label,
        case.model.label,
        case.optimizer.label if optimizer is None else optimizer,
        f"seed {case.seed}",
        settings_of(case.settings),
    )
    return printable(" · ".join(parts))


def settings_of(settings: Settings) -> str:
    """Return the end that all labels of a suite share."""
    batch = "full batch" if settings.batch_size is None else f"batch {settings.batch_size}"
    return f"{settings.dtype} · {settings.epochs} epochs · {batch} · target {settings.target!r}"


def metrics_of(record: Record, label: str, versions: Mapping[str, str]) -> CaseMetrics:
    """Return the metrics of a record. Its trajectory decides the crossing margin."""
    return CaseMetrics(
        label=label,
        status=record.status,
        dtype=record.dtype,
        epochs_to_target=record.epochs_to_target,
        crossing_margin=_margin(record),
        initial_cost=_finite(record.initial_cost),
        final_cost=_finite(record.final_cost),
        weight=record.weight if _all_finite(record) else None,
        bias=record.bias if _all_finite(record) else None,
        error=(record.reason or "error") if record.status is Status.ERROR else None,
        versions=versions,
        needs_exact_optimum=record.theory is not None and _needs_exact_optimum(record.theory),
    )


def _needs_exact_optimum(theory: Theory) -> bool:
    """Return whether `least_squares.solve` may have gone beyond float64; curvatures are squares of singular values."""
    return theory.rank < len(theory.spectrum) or theory.condition_number > LARGEST_CONDITION**2


def _margin(record: Record) -> float | None:
    """Return |c − c_t| / c_t of the nearer cost c, at the crossing or an epoch earlier.

    c_t = optimum cost + target gap.
    """
    crossing, trajectory, theory = record.epochs_to_target, record.trajectory, record.theory
    if crossing is None or trajectory is None or theory is None:
        return None
    goal = theory.optimum_cost + record.target * theory.scale
    distances = [abs(cost - goal) / goal for cost in _around(trajectory, crossing) if goal > 0]
    return _finite(min(distances, default=None))


def _around(trajectory: Trajectory, crossing: int) -> list[float]:
    points = zip(trajectory.epoch, trajectory.cost, strict=True)
    return [cost for epoch, cost in points if epoch in (crossing - 1, crossing) and math.isfinite(cost)]


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _all_finite(record: Record) -> bool:
    rows = [*(record.weight or ()), record.bias or ()]
    return all(math.isfinite(value) for row in rows for value in row)
