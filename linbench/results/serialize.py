"""Records for programs: JSON, JSON lines, CSV, rows. Pure functions of records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from linbench.core.environment import environment, version
from linbench.core.outcome.record import finite

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory

SCHEMA = 1
"""Version of the JSON records."""


def as_json(records: Sequence[Record]) -> str:
    """Return the document `{"linbench", "schema", "environment", "problems", "notes", "records"}`.

    `problems` holds the closed form of each, `notes` what stands below the table: a kind, the names of what it is
    about, its values, and the sentence they make. With several seeds there is `statistics` too: one entry for each
    group of runs that differ in their seed. With several optimizers and problems there is `profiles`: their
    performance profiles and scores.
    """
    from linbench.results.notes.collect import collect_notes
    from linbench.results.notes.words import sentence
    from linbench.results.statistics.json_profiles import profiles_of  # here, since records by themselves need none
    from linbench.results.statistics.json_statistics import statistics_of
    from linbench.results.table.rows import rows_of

    head = {
        "linbench": version(),
        "schema": SCHEMA,
        "environment": environment(),
        "problems": _problems(records),
        "notes": [finite({**note.to_dict(), "text": sentence(note)}) for note in collect_notes(rows_of(records))],
    }
    if statistics := statistics_of(records):
        head["statistics"] = statistics
    if profiles := profiles_of(records):
        head["profiles"] = profiles
    # A record a line: the whole document indented would be several times as long, and as slow to write.
    lines = ",\n    ".join(map(_line, records))
    opening = json.dumps(head, indent=2, allow_nan=False, ensure_ascii=False).removesuffix("\n}")
    return f'{opening},\n  "records": [\n    {lines}\n  ]\n}}'


def as_jsonl(records: Iterable[Record]) -> str:
    """Return the records as JSON, one per line."""
    return "\n".join(map(_line, records))


def as_csv(records: Iterable[Record]) -> str:
    """Return a header line and one row per record; nested values are JSON, missing ones empty."""
    rows = as_rows(records)
    buffer = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})
    return buffer.getvalue().rstrip("\n")


def as_rows(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return flat dictionaries, ready for pandas or polars: nested objects become `parent.child` columns."""
    return [_flatten(record.to_dict()) for record in records]


def cell(value: Any) -> Any:
    """Return a value as a cell of a CSV file: nested ones and truth values are JSON, missing ones empty."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list | bool) else value


def theory_as_dict(theory: Theory) -> dict[str, Any]:
    """Return a problem's closed form under its JSON names; numbers that float64 cannot hold are None."""
    content = {
        "optimum_cost": theory.optimum_cost,
        "zero_cost": theory.zero_cost,
        "W": theory.weight,
        "b": theory.bias,
        "spectrum": theory.spectrum,
        "rank": theory.rank,
        "condition_number": theory.condition_number,
        "largest_stable_lr": theory.largest_stable_lr,
        "best_fixed_lr": theory.best_fixed_lr,
    }
    return {name: finite(value) for name, value in content.items()}


def _problems(records: Iterable[Record]) -> dict[str, Any]:
    theories = {record.problem: record.theory for record in records if record.theory is not None}
    return {name: theory_as_dict(theory) for name, theory in theories.items()}


_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


def _line(record: Record) -> str:
    try:
        return _encode(record.as_dict())
    except ValueError:  # a number that is not finite
        return _encode(record.to_dict())


def _flatten(content: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in content.items():
        if name == "step_time_us":  # None without timing; the columns are there all the same
            value = value or {"median": None, "iqr": None}
        if isinstance(value, dict) and name != "params":
            row.update({f"{name}.{key}": item for key, item in value.items()})
        else:
            row[name] = value
    return row
