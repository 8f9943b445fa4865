"""Collecting the notes of a comparison: on its problems, on its runs, and on the table itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linbench.core.criteria import EPS, noise_floor
from linbench.core.outcome.note import Note, NoteKind
from linbench.core.outcome.record import TRAINED, Record, Status
from linbench.results.notes.naming import Naming
from linbench.results.notes.words import sentence
from linbench.theory.rates import method_of

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory
    from linbench.results.table.rows import Row

MOST_DESCRIBED_RUNS = 12
"""The most rows whose converged and stalled runs are described one by one."""

ABOVE_ROUNDING = 1e5
"""The multiple of the noise floor from which on a gap has the digits that a rate shows."""

NOISY = 0.1
"""An interquartile range above this share of the median is called noise (as torch.utils.benchmark does)."""

ONE_BY_ONE = frozenset(
    {
        NoteKind.CONVERGED,
        NoteKind.STALLED,
        NoteKind.NEVER_MOVED,
        NoteKind.NOISE_FLOOR,
        NoteKind.ROUNDED_STEPS,
    }
)
"""Kinds that the status tells too: of a large table they are left out."""


def collect_notes(rows: Sequence[Row]) -> list[Note]:
    """Return the notes on a comparison, the most general first."""
    records = [record for row in rows for record in row.records]
    notes = list(_problem_notes(records))
    notes += filter(None, [_target_note(records), _default_rates_note(rows)])
    notes += _run_notes(rows)
    notes += filter(None, [_same_runs_note(rows), _timing_note(rows)])
    notes += _reason_notes(rows)
    return notes


def _problem_notes(records: Iterable[Record]) -> Iterator[Note]:
    """Yield the exact answer of each problem; over seeds whose data differ, as ranges."""
    found: dict[str, dict[Theory, None]] = {}
    for record in records:
        if record.theory is not None:
            found.setdefault(record.problem, {})[record.theory] = None
    for name, theories in found.items():
        yield from _theory_notes(name, [theory for theory in theories if theory.rank])


def _theory_notes(name: str, theories: Sequence[Theory]) -> Iterator[Note]:
    if not theories:
        return
    first = theories[0]
    values: dict[str, Any] = {
        "optimum_cost": _range(theory.optimum_cost for theory in theories),
        "condition_number": _range(theory.condition_number for theory in theories),
        "largest_stable_lr": _range(theory.largest_stable_lr for theory in theories),
        "data_sets": len(theories),
    }
    if len(theories) == first.n_features == first.n_targets == 1:
        values["W"] = first.weight[0][0]
        values |= {"b": first.bias[0]} if first.intercept else {"intercept": False}
    yield Note(NoteKind.OPTIMUM, (name,), values)
    if any(theory.rank < len(theory.spectrum) for theory in theories):
        ranks = _extent([theory.rank for theory in theories])
        yield Note(NoteKind.NOT_UNIQUE, (name,), {"rank": ranks, "columns": len(first.spectrum)})
    if any(theory.scale <= 0 for theory in theories):
        yield Note(NoteKind.OPTIMUM_AT_ZERO, (name,))


def _range(values: Iterable[float]) -> list[float]:
    found = list(values)
    return [min(found), max(found)]


def _target_note(records: Sequence[Record]) -> Note | None:
    targets = sorted({record.target for record in records if record.theory is not None})
    return Note(NoteKind.TARGET, values={"targets": targets}) if targets else None


def _default_rates_note(rows: Sequence[Row]) -> Note | None:
    """Return a note where rates differ for no other reason than that nobody set them."""
    rates: dict[float, dict[str, None]] = {}
    for row in rows:
        record = row.first
        if record.lr_is_default and isinstance(record.params.get("lr"), int | float):
            rates.setdefault(record.params["lr"], {})[record.optimizer] = None
    if len(rates) < 2:
        return None
    return Note(NoteKind.DEFAULT_RATES, values={"rates": {name: lr for lr, names in rates.items() for name in names}})


def _run_notes(rows: Sequence[Row]) -> Iterator[Note]:
    """Yield what became of the runs, alike ones together; of a row over seeds only what is said of some of them."""
    from linbench.theory.description import describe_run

    naming, large = Naming(rows), len(rows) > MOST_DESCRIBED_RUNS
    found: dict[tuple[object, ...], list[_Described]] = {}
    for row in rows:
        for record in row.records:
            note = describe_run(record, predict=not large)
            if note is None or (note.kind in ONE_BY_ONE and (large or len(row.records) > 1)):
                continue
            if note.kind in ONE_BY_ONE:
                note = replace(note, values={**note.values, **_rates(record)})
                key: tuple[object, ...] = (sentence(note),)
            else:
                key = (note.kind, record.epochs)
            found.setdefault(key, []).append(_Described(row, note))
    for members in found.values():
        yield _join(members, naming)


@dataclass(frozen=True, slots=True)
class _Described:
    """A run's note, and the row that the run is of."""

    row: Row
    note: Note


def _join(members: Sequence[_Described], naming: Naming) -> Note:
    """Return one note on several runs.

    Of a kind that is told run by run, a value that differs is a list in the order of `runs`; of any other kind it is
    the lowest and the highest.
    """
    kind = members[0].note.kind
    values = [member.note.values for member in members]
    names = naming.names([member.row for member in members])
    if kind not in ONE_BY_ONE:
        return Note(kind, names, {name: _extent([one[name] for one in values]) for name in values[0]})
    merged: dict[str, Any] = {}
    for name in values[0]:
        each = [one.get(name) for one in values]
        merged[name] = each[0] if all(one == each[0] for one in each) else each
    if any(isinstance(value, list) for value in merged.values()):
        merged["runs"] = [naming.name(member.row) for member in members]
    return Note(kind, names, merged)


def _extent(values: Sequence[Any]) -> Any:
    distinct = [value for value in dict.fromkeys(values) if value is not None]
    if len(distinct) <= 1:
        return distinct[0] if distinct else None
    if all(isinstance(value, int | float) for value in distinct):
        return [min(distinct), max(distinct)]
    return distinct


def _rates(record: Record) -> dict[str, Any]:
    """Return the measured rate of a run and the predicted one; empty for a run without recorded costs."""
    from linbench.theory.measured_rate import measured_rate

    theory, trajectory = record.theory, record.trajectory
    if theory is None or trajectory is None or record.optimum_cost is None:
        return {}
    gaps = [cost - record.optimum_cost for cost in trajectory.cost]
    measured = measured_rate(trajectory.epoch, gaps, ABOVE_ROUNDING * noise_floor(theory, EPS[record.dtype]))
    if measured is None:
        return {}
    method = method_of(record)
    return {"measured_rate": measured, "predicted_rate": None if method is None else method.rate(theory.curvatures)}


def _same_runs_note(rows: Sequence[Row]) -> Note | None:
    several = [row for row in rows if len(row.records) > 1 and all(r.status in TRAINED for r in row.records)]
    same = [row for row in several if len({(r.theory, r.initial_cost, r.final_cost, r.gap) for r in row.records}) == 1]
    same = [row for row in same if row.first.final_cost is not None and math.isfinite(row.first.final_cost)]
    if not same:
        return None
    where = dict.fromkeys((row.first.problem, row.first.model) for row in same)
    problems = {row.first.problem for row in rows}
    names = [model if len(problems) == 1 else f"{model} on {problem}" for problem, model in where]
    return Note(NoteKind.SAME_RUNS, tuple(dict.fromkeys(names)))


def _timing_note(rows: Sequence[Row]) -> Note | None:
    times = [row.first.step_time for row in rows]
    if any(time is not None and time.iqr >= NOISY * time.median for time in times):
        return Note(NoteKind.NOISY_TIMES)
    return None


def _reason_notes(rows: Sequence[Row]) -> Iterator[Note]:
    """Yield the reasons of failed and skipped cases, and the warnings of all; each text once."""
    naming = Naming(rows)
    found: dict[tuple[NoteKind, str], dict[str, None]] = {}
    for row in rows:
        for record in row.records:
            name = naming.name(row, always_model=True)
            if record.status in (Status.ERROR, Status.SKIPPED):
                kind = NoteKind.ERROR if record.status is Status.ERROR else NoteKind.SKIPPED
                found.setdefault((kind, record.reason or ""), {})[name] = None
            for warning in record.warnings:
                found.setdefault((NoteKind.WARNING, warning), {})[name] = None
    for (kind, reason), names in found.items():
        yield Note(kind, tuple(names), {"reason": reason})
