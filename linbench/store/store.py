"""A store as one object, for reading and changing it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linbench.store.connection import explain_errors, open_for_reading, open_for_writing
from linbench.store.run_list import find_run, runs

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory
    from linbench.store.run_list import Run


@dataclass(frozen=True, slots=True)
class Store:
    """Runs and their records in the SQLite file at `path`.

    Every method opens the file and closes it again, and raises StoreError where it cannot be used.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def runs(self) -> list[Run]:
        """Return the runs, newest first."""
        with self._open_for_reading() as connection:
            return list(runs(connection))

    def run(self, text: str | int = "last") -> Run:
        """Return the run of that number, or `last`, `last-1`, …"""
        with self._open_for_reading() as connection:
            return find_run(connection, str(text))

    def records(self, run: Run) -> Iterator[Record]:
        """Yield the records of a run in the order of its plan, read one by one."""
        from linbench.store import reader  # here and below, since lists of runs need none of it

        with self._open_for_reading() as connection:
            yield from reader.records(connection, run.id)

    def theories(self, run: Run) -> dict[str, Theory]:
        """Return the closed form of each problem of a run, as far as its records have one."""
        from linbench.store import reader

        with self._open_for_reading() as connection:
            return reader.theories(connection, run.id)

    def delete(self, runs: Sequence[Run]) -> None:
        """Delete runs with their records."""
        from linbench.store import removal

        with self._open_for_writing() as connection:
            removal.remove(connection, runs)

    def prune(self, keep: int | None = None, older_than_days: float | None = None) -> list[Run]:
        """Delete all runs but the newest `keep`, or those that are older than so many days; return them."""
        from linbench.store import removal

        with self._open_for_reading() as connection:
            chosen = removal.runs_to_prune(connection, keep, older_than_days)
        if chosen:
            self.delete(chosen)
        return chosen

    @contextlib.contextmanager
    def _open_for_reading(self) -> Iterator[sqlite3.Connection]:
        with explain_errors(self.path), contextlib.closing(open_for_reading(self.path)) as connection:
            yield connection

    @contextlib.contextmanager
    def _open_for_writing(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            open_for_reading(self.path)  # says that there is none
        with explain_errors(self.path), contextlib.closing(open_for_writing(self.path)) as connection:
            yield connection
