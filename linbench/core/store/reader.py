"""Reading runs and their records."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.core.errors import StoreError
from linbench.core.store.asked import Asked
from linbench.core.store.codec import read_record, read_theory

if TYPE_CHECKING:
    from linbench.core.record import Record
    from linbench.core.theory import Theory

_RUN = re.compile(r"(?P<id>\d+)|last(-(?P<back>\d+))?")
_AT_ONCE = 1_000

IMPORTED = "imported"
"""The outcome of a run whose records came from a file."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that trained. started, ended: UTC. outcome: done, interrupted, failed, imported; None: it was killed.

    planned: cases. records: how many are stored, `errors` of them errors, `reused` of them from earlier runs.
    asked: what its records hold.
    """

    id: int
    started: str
    ended: str | None
    outcome: str | None
    command: Sequence[str]
    linbench: str
    torch: str
    environment: Mapping[str, Any]
    asked: Asked
    problems: Sequence[str]
    optimizers: Sequence[str]
    planned: int
    records: int
    reused: int
    errors: int


_COLUMNS = ", ".join(Run.__slots__)
_RECORD = "record, special, trajectory, theory, traceback"


def runs(connection: sqlite3.Connection, limit: int = -1) -> Iterator[Run]:
    """The runs, newest first; no records are counted for it. limit: at most so many, −1 for all."""
    for row in connection.execute(f"SELECT {_COLUMNS} FROM runs ORDER BY id DESC LIMIT ?", (limit,)):
        yield _run(row)


def find_run(connection: sqlite3.Connection, text: str) -> Run:
    """The run of that number, or `last`, `last-1`; raises StoreError where there is none."""
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
        raise StoreError(f"there is no run {text}: {_known(connection)}")
    return _run(row)


def records(connection: sqlite3.Connection, run: int) -> Iterator[Record]:
    """The records of a run in the order of its plan, read as they are asked for."""
    theories = Theories(connection)
    cursor = connection.execute(f"SELECT {_RECORD} FROM records WHERE run = ? ORDER BY position", (run,))
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            yield _record(row, theories)


def has_trajectories(connection: sqlite3.Connection, run: int) -> bool:
    """Whether any record of a run has one."""
    query = "SELECT EXISTS (SELECT 1 FROM records WHERE run = ? AND trajectory IS NOT NULL)"
    return bool(connection.execute(query, (run,)).fetchone()[0])


def theories(connection: sqlite3.Connection, run: int) -> dict[str, Theory]:
    """The closed form of each problem of a run; of the last record, where seeds differ, as in the JSON document."""
    known, found = Theories(connection), {}
    query = "SELECT problem, theory FROM records WHERE run = ? AND theory IS NOT NULL GROUP BY problem, theory"
    for problem, number in connection.execute(f"{query} ORDER BY max(position)", (run,)):
        theory = known.get(number)
        if theory is not None:
            found[problem] = theory
    return found


def newest(
    connection: sqlite3.Connection, keys: Sequence[bytes], statuses: Sequence[str], theories: Theories
) -> Iterator[tuple[bytes, int, Record]]:
    """Key, run and record of everything that is stored under some keys with such a status, the newest first."""
    query = (
        f"SELECT key, run, {_RECORD} FROM records WHERE key IN ({', '.join('?' * len(keys))}) "
        f"AND status IN ({', '.join('?' * len(statuses))}) ORDER BY run DESC"
    )
    for key, run, *row in connection.execute(query, [*keys, *statuses]):
        yield key, run, _record(tuple(row), theories)


class Theories:
    """The theories of a store, each read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, Theory] = {}

    def get(self, number: int | None) -> Theory | None:
        """The theory of that number."""
        if number is None:
            return None
        if number not in self._known:
            row = self._connection.execute("SELECT content FROM theories WHERE id = ?", (number,)).fetchone()
            if row is None:
                return None
            self._known[number] = read_theory(row[0])
        return self._known[number]


def _record(row: tuple[Any, ...], theories: Theories) -> Record:
    text, special, trajectory, theory, traceback = row
    return read_record(text, special, trajectory, theories.get(theory), traceback)


def _run(row: tuple[Any, ...]) -> Run:
    content = dict(zip(Run.__slots__, row, strict=True))
    try:
        for name in ("command", "environment", "asked", "problems", "optimizers"):
            content[name] = json.loads(content[name])
        content["asked"] = Asked.from_json(content["asked"])
        return Run(**content)
    except (ValueError, TypeError) as error:
        raise StoreError(f"run {content['id']} of the store is damaged: {error}") from error


def _known(connection: sqlite3.Connection) -> str:
    first, last, count = connection.execute("SELECT min(id), max(id), count(*) FROM runs").fetchone()
    if not count:
        return "the store holds none yet"
    return f"the only one is {first}" if count == 1 else f"there are {count}, from {first} to {last}"
