"""The list of runs, read without their records, which take more code, and longer to import."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linbench.core.errors import StoreError
from linbench.store.contents import RecordContents

_RUN = re.compile(r"(?P<id>\d+)|last(-(?P<back>\d+))?")

IMPORTED = "imported"
"""The outcome of a run whose records came from a file."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that trained.

    started, ended: UTC. outcome: done, interrupted, failed, imported; None while it runs, or when it was killed.
    planned: the number of its cases. records: the number of its stored records, `errors` of them errors, `reused` of
    them from earlier runs. asked: the contents of its records.
    """

    id: int
    started: str
    ended: str | None
    outcome: str | None
    command: Sequence[str]
    linbench: str
    torch: str
    environment: Mapping[str, Any]
    asked: RecordContents
    problems: Sequence[str]
    optimizers: Sequence[str]
    planned: int
    records: int
    reused: int
    errors: int


_COLUMNS = ", ".join(Run.__slots__)


def runs(connection: sqlite3.Connection, limit: int = -1) -> Iterator[Run]:
    """Yield the runs, newest first, without counting records. limit: at most so many, −1 for all."""
    for row in connection.execute(f"SELECT {_COLUMNS} FROM runs ORDER BY id DESC LIMIT ?", (limit,)):
        yield _run(row)


def find_run(connection: sqlite3.Connection, text: str) -> Run:
    """Return the run of that number, or `last`, `last-1`, …; raises StoreError where there is none."""
    match = _RUN.fullmatch(text.strip())
    if match is None:
        raise StoreError(f"{text!r} is no run: give its number, or last, last-1, …")
    if match["id"] is not None:
        query, number = "WHERE id = ?", int(match["id"])
    else:
        query, number = "ORDER BY id DESC LIMIT 1 OFFSET ?", int(match["back"] or 0)
    row = None
    if number < 2**63:
        row = connection.execute(f"SELECT {_COLUMNS} FROM runs {query}", (number,)).fetchone()
    if row is None:
        raise StoreError(f"there is no run {text}: {_describe_runs(connection)}")
    return _run(row)


def _run(row: tuple[Any, ...]) -> Run:
    content = dict(zip(Run.__slots__, row, strict=True))
    try:
        for name in ("command", "environment", "asked", "problems", "optimizers"):
            content[name] = json.loads(content[name])
        content["asked"] = RecordContents.from_json(content["asked"])
        return Run(**content)
    except (ValueError, TypeError) as error:
        raise StoreError(f"run {content['id']} of the store is damaged: {error}") from error


def _describe_runs(connection: sqlite3.Connection) -> str:
    first, last, count = connection.execute("SELECT min(id), max(id), count(*) FROM runs").fetchone()
    if not count:
        return "the store holds none yet"
    return f"the only one is {first}" if count == 1 else f"there are {count}, from {first} to {last}"
