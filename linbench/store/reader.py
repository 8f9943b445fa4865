"""Records and theories of runs, read from an open store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.store.codec import read_record, read_theory

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory

_AT_ONCE = 1_000

_RECORD = "record, special, trajectory, theory, traceback"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of the store. key: the digest of its case. run: the number of its run."""

    key: bytes
    run: int
    record: Record


def records(connection: sqlite3.Connection, run: int) -> Iterator[Record]:
    """Yield the records of a run in the order of its plan, read one by one."""
    theories = TheoryCache(connection)
    cursor = connection.execute(f"SELECT {_RECORD} FROM records WHERE run = ? ORDER BY position", (run,))
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            yield _record(row, theories)


def theories(connection: sqlite3.Connection, run: int) -> dict[str, Theory]:
    """Return the closed form of each problem of a run; where seeds differ, that of the last record, as in JSON."""
    known, found = TheoryCache(connection), {}
    query = "SELECT problem, theory FROM records WHERE run = ? AND theory IS NOT NULL GROUP BY problem, theory"
    for problem, number in connection.execute(f"{query} ORDER BY max(position)", (run,)):
        theory = known.get(number)
        if theory is not None:
            found[problem] = theory
    return found


def newest(
    connection: sqlite3.Connection, keys: Sequence[bytes], statuses: Sequence[str], theories: TheoryCache
) -> Iterator[StoredRecord]:
    """Yield the records with one of the keys and one of the statuses, the newest first."""
    query = (
        f"SELECT key, run, {_RECORD} FROM records WHERE key IN ({', '.join('?' * len(keys))}) "
        f"AND status IN ({', '.join('?' * len(statuses))}) ORDER BY run DESC"
    )
    for key, run, *row in connection.execute(query, [*keys, *statuses]):
        yield StoredRecord(key, run, _record(tuple(row), theories))


class TheoryCache:
    """The theories of a store, each read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, Theory] = {}

    def get(self, number: int | None) -> Theory | None:
        """Return the theory of that number; None where there is none."""
        if number is None:
            return None
        if number not in self._known:
            row = self._connection.execute("SELECT content FROM theories WHERE id = ?", (number,)).fetchone()
            if row is None:
                return None
            self._known[number] = read_theory(row[0])
        return self._known[number]


def _record(row: tuple[Any, ...], theories: TheoryCache) -> Record:
    text, special, trajectory, theory, traceback = row
    return read_record(text, special, trajectory, theories.get(theory), traceback)
