"""Export of a run for other programs, a record at a time, so that a run may be larger than memory."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from linbench.core.errors import UsageError
from linbench.results.serialize import SCHEMA, as_jsonl, as_rows, cell, theory_as_dict

if TYPE_CHECKING:
    from linbench.store.run_list import Run
    from linbench.store.store import Store

Format = Literal["json", "jsonl", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_INTEGERS = frozenset(
    "seed epochs batch_size epochs_run epochs_to_target evaluations best_epoch evaluations_to_target rules".split()
)
_NUMBERS = frozenset(
    "target initial_cost final_cost best_cost optimum_cost gap relative_gap step_time_us.median step_time_us.iqr "
    "time_to_target_s ridge_relative_gap tail_gap.low tail_gap.median tail_gap.high rounding.gradient_in_roundings "
    "rounding.gradient_in_spacings".split()
)
_TRUTH_VALUES = frozenset({"lr_is_default"})
_ROWS_AT_ONCE = 10_000


def export_lines(store: Store, run: Run, format_: Format) -> Iterator[str]:
    """Return the lines of a run as JSON (the document of `linbench compare --format json`), JSON lines or CSV."""
    writers: dict[str, Callable[[Store, Run], Iterator[str]]] = {"json": _json, "jsonl": _jsonl, "csv": _csv}
    return writers[format_](store, run)


def export_parquet(store: Store, run: Run, path: Path) -> None:
    """Write a Parquet file with the columns of the CSV, nested values as JSON text, trajectories as lists.

    Raises UsageError where pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("parquet needs pyarrow: pip install 'linbench[parquet]'") from None
    schema = pyarrow.schema([(name, _arrow_type(pyarrow, name)) for name in _columns(store, run)])
    rows = (as_rows([record])[0] for record in store.records(run))
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while chunk := list(itertools.islice(rows, _ROWS_AT_ONCE)):
            cells = [{name: _parquet_cell(name, row.get(name)) for name in schema.names} for row in chunk]
            writer.write_table(pyarrow.Table.from_pylist(cells, schema=schema))


def _json(store: Store, run: Run) -> Iterator[str]:
    head = {
        "linbench": run.linbench,
        "schema": SCHEMA,
        "environment": dict(run.environment),
        "problems": {name: theory_as_dict(theory) for name, theory in store.theories(run).items()},
    }
    yield json.dumps(head, indent=2, allow_nan=False, ensure_ascii=False).removesuffix("\n}") + ","
    yield '  "records": ['
    line = None
    for record in store.records(run):
        if line is not None:
            yield f"{line},"
        line = f"    {as_jsonl([record])}"
    if line is not None:
        yield line
    yield "  ]"
    yield "}"


def _jsonl(store: Store, run: Run) -> Iterator[str]:
    return (as_jsonl([record]) for record in store.records(run))


def _csv(store: Store, run: Run) -> Iterator[str]:
    columns = _columns(store, run)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="")

    def line_of(row: Mapping[str, Any]) -> str:
        writer.writerow(row)
        line = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return line

    yield line_of(dict(zip(columns, columns, strict=True)))
    for record in store.records(run):
        yield line_of({name: cell(value) for name, value in as_rows([record])[0].items()})


def _columns(store: Store, run: Run) -> list[str]:
    # Each record is asked: what only some have, such as the tail of a run on mini-batches, has columns of its own.
    return list(dict.fromkeys(name for record in store.records(run) for name in as_rows([record])[0]))


def _arrow_type(pyarrow: Any, column: str) -> Any:
    if column == "trajectory.epoch":
        return pyarrow.list_(pyarrow.int32())
    if column == "trajectory.cost":
        return pyarrow.list_(pyarrow.float64())
    if column in _INTEGERS:
        return pyarrow.int64()
    if column in _TRUTH_VALUES:
        return pyarrow.bool_()
    return pyarrow.float64() if column in _NUMBERS else pyarrow.string()


def _parquet_cell(column: str, value: Any) -> Any:
    nested = isinstance(value, dict | list) and not column.startswith("trajectory.")
    return json.dumps(value, ensure_ascii=False) if nested else value
