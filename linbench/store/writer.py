"""The writer of one run's records, as they come, many to a transaction."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from linbench.core.outcome.record import Status
from linbench.store.codec import record_row, theory_row
from linbench.store.connection import explain_errors, open_for_writing, reason, transaction
from linbench.store.schema import FIND_THEORY, INSERT_RECORD, INSERT_THEORY

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory

BATCH = 100
"""The most records per transaction."""

SECONDS = 0.5
"""The longest wait of a record for its transaction."""

_MOST_THEORIES = 1_000

Position = Callable[["Record"], int]


@dataclass(frozen=True, slots=True)
class NewRun:
    """The row of a run that begins. command, problems, optimizers: JSON lists. environment, asked: JSON objects."""

    command: str
    linbench: str
    torch: str
    environment: str
    asked: str
    problems: str
    optimizers: str
    planned: int
    started: str = field(default_factory=lambda: now())


class Writer:
    """The only writer of one run, in the process that trains.

    A record is safe once it is committed: at most `BATCH` records or `SECONDS` later than it was added, and at `close`.
    Once something fails nothing more is written, `failure` says why, and no exception disturbs the training.
    """

    def __init__(self, path: Path, run: NewRun, position: Position) -> None:
        """Open the store and enter the run. Raises StoreError where that fails."""
        self.failure: str | None = None
        self.written = 0
        self._position = position
        self._pending: list[tuple[Record, bool]] = []
        self._theories: dict[int, tuple[Theory, int]] = {}
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._connection = open_for_writing(path)
        try:
            with explain_errors(path), transaction(self._connection):
                self.run = _enter(self._connection, run)
        except BaseException:
            self._connection.close()
            raise

    def add(self, record: Record, *, reused: bool = False) -> None:
        """Write a record, soon. reused: whether it comes from an earlier run."""
        if self.failure is not None:
            return
        with self._lock:
            self._pending.append((record, reused))
            if len(self._pending) >= BATCH:
                self.flush()
            elif self._timer is None:
                self._timer = threading.Timer(SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Commit the pending records."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._pending and self.failure is None:
                self._try(self._write_pending)

    def close(self, outcome: str) -> None:
        """Commit the pending records and the outcome of the run; nothing can be added afterwards."""
        with self._lock:
            self.flush()
            if self.failure is None:
                self._try(lambda: self._end(outcome))
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
            self.failure = reason(error)
            self._pending.clear()

    def _write_pending(self) -> None:
        batch = list(self._pending)
        with transaction(self._connection):
            rows = [
                record_row(record, self.run, self._position(record), self._theory(record.theory)) for record, _ in batch
            ]
            # Where an interrupt came before the end of this method, rows come again, and are ignored.
            written = self._connection.executemany(INSERT_RECORD, rows).rowcount
            errors = sum(record.status is Status.ERROR for record, _ in batch)
            reused = sum(reused for _, reused in batch)
            if written:
                self._connection.execute(
                    "UPDATE runs SET records = records + ?, errors = errors + ?, reused = reused + ? WHERE id = ?",
                    (written, errors, reused, self.run),
                )
        self.written += written
        del self._pending[: len(batch)]

    def _theory(self, theory: Theory | None) -> int | None:
        if theory is None:
            return None
        known = self._theories.get(id(theory))
        if known is None:
            if len(self._theories) >= _MOST_THEORIES:
                self._theories.clear()
            digest, content = theory_row(theory)
            self._connection.execute(INSERT_THEORY, (self.run, digest, content))
            # The theory itself is in the entry: another one could get its id otherwise.
            known = theory, self._connection.execute(FIND_THEORY, (self.run, digest)).fetchone()[0]
            self._theories[id(theory)] = known
        return known[1]

    def _end(self, outcome: str) -> None:
        with transaction(self._connection):
            self._connection.execute("UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (now(), outcome, self.run))


def now() -> str:
    """Return the time in UTC to the second, as 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _enter(connection: sqlite3.Connection, run: NewRun) -> int:
    names = NewRun.__slots__
    query = f"INSERT INTO runs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    number = connection.execute(query, [getattr(run, name) for name in names]).lastrowid
    assert number is not None
    return number
