"""The table: pure functions of records, written with tabulate."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TypeVar

from tabulate import tabulate_formats

from linbench.core.errors import unknown_name
from linbench.core.outcome.note import Note, NoteKind
from linbench.core.outcome.record import Record, Status
from linbench.results.notes.collect import collect_notes
from linbench.results.notes.words import sentence
from linbench.results.table import numbers
from linbench.results.table.layout import DOCUMENT_STYLES, Column, TableText, lay_out
from linbench.results.table.rows import Row, rows_of
from linbench.results.table.seeds import seed_statistics
from linbench.results.table.sweep import SweepRow, fold

WIDTH = 100
"""The default width of a table, in characters."""

LARGE_SWEEP = 30
"""The most rows of a table that is not folded to one row per optimizer × model."""

T = TypeVar("T", Row, SweepRow)


def render(records: Sequence[Record], style: str = "simple", show_all: bool = False, width: int = WIDTH) -> str:
    """Return the table with its notes.

    style: a tabulate format. show_all: every row, even of a sweep of more than `LARGE_SWEEP`. width: in characters;
    a format for terminals is broken, and at last left without W and b, to keep to it.
    Raises UsageError for a format that tabulate does not know.
    """
    if style not in tabulate_formats:
        raise unknown_name("format", style, tabulate_formats)
    rows = rows_of(records)
    if not rows:
        return "no runs"
    folded = len(rows) > LARGE_SWEEP and not show_all
    table = _sweep_table(rows, style, width) if folded else _row_table(rows, style, width)
    if style in DOCUMENT_STYLES:
        return table.text
    notes = collect_notes(rows)
    if table.lacks_parameters:
        no_bias = {} if any(record.bias for record in records) else {"intercept": False}
        notes.append(Note(NoteKind.LEFT_OUT, values={"width": width, **no_bias}))
    parts = [table.text, _fill(list(map(sentence, notes)), width)]
    seeds = None if folded else seed_statistics(records, style, width)
    if seeds is not None:
        parts += [seeds.table, _fill([seeds.meaning, *seeds.readings], width)]
    return "\n\n".join(filter(None, parts))


def _fill(lines: Sequence[str], width: int) -> str:
    return "\n".join(textwrap.fill(line, width, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def _row_table(rows: Sequence[Row], style: str, width: int) -> TableText:
    columns: list[Column[Row]] = [
        *_identity_columns(rows),
        Column("status", lambda row: row.status, "left"),
        Column("epochs", lambda row: numbers.spread(_epochs(row), numbers.integer)),
        Column("cost", lambda row: _spread(row, "final_cost", 6)),
        Column("gap", lambda row: _spread(row, "gap", 2)),
        *_parameter_columns(rows),
        *_time_columns(rows),
    ]
    return lay_out(rows, columns, style, width)


def _sweep_table(rows: Sequence[Row], style: str, width: int) -> TableText:
    sweeps = fold(rows)
    columns: list[Column[SweepRow]] = [
        *_identity_columns(sweeps),
        Column("converged", lambda sweep: f"{sweep.count(Status.CONVERGED)}/{sweep.runs}"),
        Column("diverged", lambda sweep: str(sweep.count(Status.DIVERGED))),
        Column("best", lambda sweep: sweep.best_params, "left"),
        Column("epochs", lambda sweep: numbers.integer(sweep.best.epochs_to_target)),
        Column("gap", lambda sweep: numbers.significant(sweep.best.gap, 2)),
        Column("median\nepochs", lambda sweep: numbers.integer(sweep.median_epochs)),
        Column("median\ngap", lambda sweep: numbers.significant(sweep.median_gap, 2)),
        Column("lr within\n2x of best", _lr_range),
    ]
    return lay_out(sweeps, columns, style, width)


def _identity_columns(rows: Sequence[T]) -> list[Column[T]]:
    """Return the columns that tell rows apart; one in which all are alike says nothing and is left out."""
    columns: list[Column[T]] = [
        Column("problem", lambda row: _record(row).problem, "left"),
        Column("optimizer", lambda row: row.label, "left"),
        Column("model", lambda row: _record(row).model, "left"),
        Column("device", lambda row: _record(row).device, "left"),
    ]
    always = ("optimizer", "model")
    return [column for column in columns if column.header in always or len(set(map(column.write, rows))) > 1]


def _record(row: Row | SweepRow) -> Record:
    return row.first if isinstance(row, Row) else row.best.first


def _parameter_columns(rows: Sequence[Row]) -> list[Column[Row]]:
    """Return columns for W, b and the prediction where they are single numbers; of several predictions one each.

    Without b where no problem has an intercept.
    """
    columns: list[Column[Row]] = []
    if any(_scalar_form(row.first) for row in rows):
        columns.append(
            Column("W", lambda row: _median_of(row, lambda r: r.weight[0][0] if r.weight and _scalar_form(r) else None))
        )
    if any(_scalar_form(row.first) and row.first.bias for row in rows):
        columns.append(
            Column("b", lambda row: _median_of(row, lambda r: r.bias[0] if r.bias and _scalar_form(r) else None))
        )
    width = max((len(row.first.prediction) for row in rows if row.first.prediction), default=0)
    columns += [_prediction_column(i, "predicted" if width == 1 else f"predicted {i + 1}") for i in range(width)]
    return columns


def _prediction_column(target: int, header: str) -> Column[Row]:
    return Column(header, lambda row: _median_of(row, lambda r: r.prediction[target] if r.prediction else None))


def _time_columns(rows: Sequence[Row]) -> list[Column[Row]]:
    if all(row.first.step_time is None for row in rows):
        return []
    return [
        Column("µs/step", lambda row: numbers.step_time(row.first.step_time)),
        Column("time", lambda row: numbers.seconds(numbers.median(_times(row)))),
    ]


def _scalar_form(record: Record) -> bool:
    return record.weight is not None and len(record.weight) == 1 and len(record.weight[0]) == 1


def _median_of(row: Row, value: Callable[[Record], float | None]) -> str:
    values = list(map(value, row.records))
    return numbers.NOTHING if None in values else numbers.significant(numbers.median(values), 5)


def _epochs(row: Row) -> list[float | None]:
    return [r.epochs_to_target if r.status is Status.CONVERGED else None for r in row.records]


def _times(row: Row) -> list[float | None]:
    return [r.time_to_target if r.status is Status.CONVERGED else None for r in row.records]


def _spread(row: Row, name: str, digits: int) -> str:
    if len(row.records) > 1:
        digits = min(digits, 4)
    return numbers.spread(row.values(name), lambda value: numbers.significant(value, digits))


def _lr_range(sweep: SweepRow) -> str:
    reach = sweep.lr_within_2x
    return numbers.NOTHING if reach is None else f"{numbers.compact(reach[0])}–{numbers.compact(reach[1])}"
