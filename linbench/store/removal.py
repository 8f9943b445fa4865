"""Removal of runs from a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from linbench.store.connection import transaction, value
from linbench.store.run_list import Run, runs

_AT_ONCE = 2_000
"""Records, or pages, per transaction."""


def remove(connection: sqlite3.Connection, chosen: Sequence[Run]) -> None:
    """Delete runs with their records, and give the space back to the system.

    It takes many short transactions, so that commands that train need not wait; stopped half-way, it leaves a run with
    fewer records.
    """
    for run in chosen:
        while _remove_some(connection, run.id):
            pass
        with transaction(connection):
            connection.execute("DELETE FROM theories WHERE run = ?", (run.id,))
            connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
    _give_back(connection)


def runs_to_prune(connection: sqlite3.Connection, keep: int | None, older_than_days: float | None) -> list[Run]:
    """Return the runs that are not among the newest `keep`, and older than so many days; either may be None."""
    found = list(runs(connection))[keep or 0 :]
    if older_than_days is not None:
        limit = (datetime.now(UTC) - timedelta(days=older_than_days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = [run for run in found if run.started < limit]
    return found


def _remove_some(connection: sqlite3.Connection, run: int) -> int:
    some = "SELECT rowid FROM records WHERE run = ? LIMIT ?"
    with transaction(connection):
        gone = connection.execute(f"DELETE FROM records WHERE rowid IN ({some})", (run, _AT_ONCE)).rowcount
        connection.execute("UPDATE runs SET records = records - ? WHERE id = ?", (gone, run))
    return gone


def _give_back(connection: sqlite3.Connection) -> None:
    left = value(connection, "PRAGMA freelist_count")
    while left:
        # A script, since `execute` would stop after the first page.
        connection.executescript(f"PRAGMA incremental_vacuum({_AT_ONCE})")
        before, left = left, value(connection, "PRAGMA freelist_count")
        if left >= before:  # the file was made without incremental vacuum
            return
