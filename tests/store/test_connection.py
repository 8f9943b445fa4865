"""A file that cannot be used is one line that says why; a good one opens whatever was done to it before."""

import contextlib
import os
import sqlite3

import pytest

from linbench import StoreError
from linbench.store.connection import open_for_reading, open_for_writing
from linbench.store.schema import APPLICATION_ID, VERSION


def raised(action):
    with pytest.raises(StoreError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


def both(path):
    return {raised(lambda: open_for_writing(path)), raised(lambda: open_for_reading(path))}


def test_a_new_store_is_in_wal_mode_and_says_whose_it_is(path):
    connection = open_for_writing(path)
    facts = ["journal_mode", "synchronous", "application_id", "user_version", "auto_vacuum"]
    values = [connection.execute(f"PRAGMA {fact}").fetchone()[0] for fact in facts]
    connection.close()
    assert values == ["wal", 1, APPLICATION_ID, VERSION, 2]


def test_missing_folders_are_made(tmp_path):
    open_for_writing(tmp_path / "a" / "b" / "runs.sqlite").close()
    assert (tmp_path / "a" / "b" / "runs.sqlite").is_file()


def test_an_empty_file_becomes_a_store(path, write, keyed, store):
    path.touch()
    write([keyed()])
    assert store.run().records == 1


def test_reading_makes_no_store(path):
    assert raised(lambda: open_for_reading(path)).startswith(f"there is no store at {path}: linbench compare makes one")
    assert not path.exists()


def test_a_file_that_is_not_sqlite_is_refused_and_left_as_it_is(path):
    path.write_text("optimizer,cost\nsgd,46.875\n" * 100)
    assert both(path) == {f"the store {path} cannot be used: it is not an SQLite file"}
    assert path.read_text().startswith("optimizer,cost\n")


def test_a_database_of_something_else_is_refused_and_left_as_it_is(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()
    assert both(path) == {f"the store {path} cannot be used: it is an SQLite file of something else"}
    assert path.read_bytes() == before


def test_a_store_of_a_newer_linbench_is_refused_and_left_as_it_is(path, write, keyed):
    write([keyed()])
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    assert both(path) == {
        f"the store {path} was written by a newer linbench (its version is {VERSION + 1}, this linbench knows "
        f"{VERSION}): upgrade linbench, or name another with --store"
    }


def test_a_store_of_version_1_is_read_as_it_is_and_becomes_one_of_today_when_it_is_written(path, write, keyed, store):
    def version():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute("PRAGMA user_version").fetchone()[0]

    write([keyed()])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    assert len(list(store.records(store.run()))) == 1
    assert version() == 1
    write([keyed()])
    assert (version(), len(store.runs())) == (VERSION, 2)


def test_a_damaged_file_is_one_line(path, write, keyed, store):
    write([keyed() for _ in range(300)])
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    message = raised(lambda: list(store.records(store.run())))
    assert message.startswith(f"the store {path} cannot be used: it is damaged")


def test_a_truncated_file_is_one_line(path, write, keyed, store):
    write([keyed() for _ in range(300)])
    os.truncate(path, path.stat().st_size // 3)
    assert raised(lambda: list(store.records(store.run()))).startswith(f"the store {path} cannot be used")


def test_a_folder_is_no_store(tmp_path):
    assert both(tmp_path) == {f"the store {tmp_path} cannot be used: it is a folder"}


def test_a_path_below_a_file_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be used" in raised(lambda: open_for_writing(tmp_path / "file" / "runs.sqlite"))
