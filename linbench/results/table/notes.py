"""The notes below the table: the exact answer, and observations that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from linbench.core.outcome.record import Record, Status
from linbench.results.table.numbers import compact, significant
from linbench.results.table.rows import Row
from linbench.theory.rates import method_of

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory
    from linbench.theory.predictions import Predictions

MOST_NAMES = 4
MOST_DESCRIBED_RUNS = 12
NOISY = 0.1
"""An interquartile range above this share of the median is called noise (as torch.utils.benchmark does)."""


def notes(rows: Sequence[Row]) -> list[str]:
    """Return the notes, one line each, the most general first."""
    records = [record for row in rows for record in row.records]
    lines = [line for name, theory in _theories(records).items() for line in _problem_notes(name, theory)]
    lines += filter(None, [_target_note(records)])
    lines += _run_descriptions(rows)
    lines += filter(
        None,
        [
            _instability_note(rows),
            _descent_note(rows),
            _departure_note(rows),
            _same_runs_note(rows),
            _timing_note(rows),
        ],
    )
    lines += _reasons(records)
    return lines


def _theories(records: Iterable[Record]) -> dict[str, Theory]:
    """Return the closed form of each problem; where the data follow the seed, that of the first record."""
    found: dict[str, Theory] = {}
    for record in records:
        if record.theory is not None:
            found.setdefault(record.problem, record.theory)
    return found


def _problem_notes(name: str, theory: Theory) -> Iterator[str]:
    if theory.rank == 0:
        return
    where = ""
    if theory.n_features == theory.n_targets == 1:
        where = f" at W = {compact(theory.weight[0][0])}, b = {compact(theory.bias[0])}"
    yield (
        f"{name}: optimum cost {significant(theory.optimum_cost, 5)}{where}; "
        f"condition number {significant(theory.condition_number, 3)}; "
        f"gradient descent is stable up to lr {significant(theory.largest_stable_lr, 4)}"
    )
    if theory.rank < len(theory.spectrum):
        yield (
            f"{name}: the optimum is not unique (rank {theory.rank} of {len(theory.spectrum)}); "
            "the one of minimum norm is meant"
        )


def _target_note(records: Sequence[Record]) -> str | None:
    record = next((record for record in records if record.theory is not None), None)
    if record is None:
        return None
    return (
        f"epochs and time are those until the relative gap is at most {record.target:g}; gap is cost above the optimum"
    )


def _run_descriptions(rows: Sequence[Row]) -> Iterator[str]:
    """Describe the runs of a small table that arrived or got stuck; the other notes tell of the rest."""
    if len(rows) > MOST_DESCRIBED_RUNS:
        return
    from linbench.theory.description import describe_run

    found: dict[str, dict[str, None]] = {}
    for row in rows:
        record = row.first
        if len(row.records) == 1 and record.status in (Status.CONVERGED, Status.STALLED):
            text = describe_run(record, predictions=_predictions(record))
            if "left it again" not in text:
                found.setdefault(f"{text}{_rate_text(record)}", {})[row.label] = None
    yield from (f"{_label_summary(labels)}: {text}" for text, labels in found.items())


def _predictions(record: Record) -> Predictions | None:
    from linbench.theory.predictions import predict

    try:
        return None if record.theory is None else predict(record.theory, record.target)
    except ValueError:  # a problem that nothing can be predicted for
        return None


def _rate_text(record: Record) -> str:
    """Return the measured rate of a run beside the predicted one; empty for a run without recorded costs."""
    from linbench.core.criteria import EPS, noise_floor
    from linbench.theory.measured_rate import measured_rate

    theory, trajectory = record.theory, record.trajectory
    if theory is None or trajectory is None or record.optimum_cost is None:
        return ""
    gaps = [cost - record.optimum_cost for cost in trajectory.cost]
    measured = measured_rate(trajectory.epoch, gaps, noise_floor(theory, EPS[record.dtype]))
    if measured is None:
        return ""
    method = method_of(record)
    predicted = "" if method is None else f", predicted × {method.rate(theory.curvatures):.5g}"
    return f"; distance to the optimum × {measured:.5g} per epoch{predicted}"


def _instability_note(rows: Sequence[Row]) -> str | None:
    labels: dict[str, float] = {}
    for row in rows:
        method, theory = method_of(row.first), row.first.theory
        if theory is None or method is None or not method.is_gradient_descent:
            continue
        ratio = method.lr / theory.largest_stable_lr
        if ratio > 1:
            labels.setdefault(row.label, ratio)
    if not labels:
        return None
    ratios = sorted(labels.values())
    times = significant(ratios[0], 3) + (f" to {significant(ratios[-1], 3)}" if len(ratios) > 1 else "")
    return f"{_label_summary(labels)}: lr is {times} × the largest stable one, so gradient descent must diverge"


def _descent_note(rows: Sequence[Row]) -> str | None:
    labels = dict.fromkeys(row.label for row in rows if row.count(Status.BUDGET) > len(row.records) / 2)
    if not labels:
        return None
    epochs = rows[0].first.epochs
    return f"still descending after {epochs} epochs: {_label_summary(labels)}; raise --epochs or try another lr"


def _departure_note(rows: Sequence[Row]) -> str | None:
    # Epochs to target are the first ones; a run that does not stay there should not pass for one that does.
    labels = dict.fromkeys(row.label for row in rows if any(map(_leaves_target, row.records)))
    return f"reached the target but did not stay within ten times of it: {_label_summary(labels)}" if labels else None


def _leaves_target(record: Record) -> bool:
    if record.status is not Status.CONVERGED or record.relative_gap is None:
        return False
    return not record.relative_gap <= 10 * record.target


def _same_runs_note(rows: Sequence[Row]) -> str | None:
    several = [row for row in rows if len(row.records) > 1 and row.trained]
    same = [row for row in several if len({(r.initial_cost, r.final_cost) for r in row.records}) == 1]
    if not same:
        return None
    models = _first_names(dict.fromkeys(row.first.model for row in same))
    return f"{models}: every seed gives the same run, since neither start nor data depend on it"


def _timing_note(rows: Sequence[Row]) -> str | None:
    times = [row.first.step_time for row in rows]
    if any(time is not None and time.iqr >= NOISY * time.median for time in times):
        return "step times vary by 10% or more: the machine is busy, compare them with care"
    return None


def _reasons(records: Sequence[Record]) -> Iterator[str]:
    """Yield the reasons of failed and skipped cases, and the warnings of all; each text once."""
    found: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record.status in (Status.ERROR, Status.SKIPPED):
            found.setdefault((record.status.value, record.reason or ""), []).append(_case(record))
        for warning in record.warnings:
            found.setdefault(("warning", warning), []).append(_case(record))
    for (what, reason), cases in found.items():
        yield f"{what}: {_first_names(dict.fromkeys(cases))}: {reason}"


def _case(record: Record) -> str:
    where = f" on {record.device}" if record.device != "cpu" else ""
    return f"{Row([record]).label} {record.model}{where}"


def _label_summary(labels: Iterable[str]) -> str:
    """Return a few specs by themselves, many as a count per optimizer."""
    labels = list(labels)
    if len(labels) <= MOST_NAMES:
        return ", ".join(labels)
    counts = Counter(label.partition(":")[0] for label in labels)
    return ", ".join(f"{count} settings of {name}" if count > 1 else f"1 of {name}" for name, count in counts.items())


def _first_names(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
