"""Connections to the file of a store, and its faults in one line."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from linbench.core.errors import StoreError
from linbench.store.file_system import network_file_system
from linbench.store.schema import APPLICATION_ID, TABLES, VERSION

BUSY_SECONDS = 15.0
"""The longest wait for another command that is writing; each holds the store for milliseconds at a time."""

_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a file that is in WAL mode."""

_REASONS = {
    "SQLITE_NOTADB": "it is not an SQLite file",
    "SQLITE_CORRUPT": "it is damaged; docs/store.md says how to get out what is whole",
    "SQLITE_CANTOPEN": "it cannot be opened for writing",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": f"another command has kept it locked for {BUSY_SECONDS:g} s",
    "SQLITE_LOCKED": f"another command has kept it locked for {BUSY_SECONDS:g} s",
    "SQLITE_IOERR": "the disk cannot be written or read",
}


def reason(error: BaseException) -> str:
    """Return the reason of an error of SQLite or the system in a user's words."""
    name = str(getattr(error, "sqlite_errorname", ""))
    for known, meaning in _REASONS.items():
        if name.startswith(known):
            return meaning
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into StoreErrors that name the store."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the store {path} cannot be used: {reason(error)}") from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the store at a path, and make it if it is not there. Raises StoreError.

    It is in WAL mode, so that reading never waits; on a network file system, where that is not safe, in DELETE mode.
    One of an earlier version becomes one of this version, which an older linbench refuses.
    """
    network = _check_location(path)
    with explain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            if _is_empty(connection):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            else:
                _check_identity(connection, path)
            _set_journal(connection, "delete" if network else "wal")
            connection.execute(f"PRAGMA synchronous = {'FULL' if network else 'NORMAL'}")
            with transaction(connection):
                if _is_empty(connection):
                    _create(connection)
                elif value(connection, "PRAGMA user_version") < VERSION:
                    connection.execute(f"PRAGMA user_version = {VERSION}")
            _check_identity(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the store at a path, which is left as it is. Raises StoreError, also where there is none."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}: linbench compare makes one, and --store names another")
    _check_location(path)
    with explain_errors(path):
        connection = sqlite3.connect(_uri(path), timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        try:
            connection.execute("PRAGMA query_only = ON")
            if not _is_empty(connection):
                _check_identity(connection, path)
            else:
                raise StoreError(f"the store {path} is empty")
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything inside, or nothing; the lock is taken at once, so nothing inside can find it taken."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def value(connection: sqlite3.Connection, query: str) -> Any:
    """Return the one value of a query."""
    return connection.execute(query).fetchone()[0]


def _check_location(path: Path) -> str | None:
    """Return the network file system that the path lies on; None on a local one.

    Raises StoreError for a folder, and for a store in WAL mode on a network file system.
    """
    if path.is_dir():
        raise StoreError(f"the store {path} cannot be used: it is a folder")
    network = network_file_system(path)
    if network is not None:
        with contextlib.suppress(OSError), path.open("rb") as file:
            if file.read(20)[18:] == _WAL:
                raise StoreError(
                    f"the store {path} cannot be used where it lies: it is in WAL mode, which {network} breaks; "
                    "copy it to a local disk"
                )
    return network


def _uri(path: Path) -> str:
    # A read-only folder has to be declared: SQLite would otherwise make files beside a store in WAL mode.
    name = quote(str(path.absolute()))
    if os.access(path.parent, os.W_OK):
        return f"file:{name}?mode={'rw' if os.access(path, os.W_OK) else 'ro'}"
    whole = not Path(f"{path}-wal").exists()
    return f"file:{name}?{'immutable=1' if whole else 'mode=ro'}"


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not value(connection, "SELECT count(*) FROM sqlite_master")


def _check_identity(connection: sqlite3.Connection, path: Path) -> None:
    if value(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(f"the store {path} cannot be used: it is an SQLite file of something else")
    version = value(connection, "PRAGMA user_version")
    if version > VERSION:
        raise StoreError(
            f"the store {path} was written by a newer linbench (its version is {version}, this linbench knows "
            f"{VERSION}): upgrade linbench, or name another with --store"
        )


def _create(connection: sqlite3.Connection) -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    # SQLite does not wait for others here, whatever its timeout is.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError as error:
            if not str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
