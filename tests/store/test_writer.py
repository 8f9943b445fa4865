"""Records reach the store in batches as they come; a failure stops the writing and nothing else."""

import threading
import time

import pytest

from linbench import Status, StoreError
from linbench.store import connection
from linbench.store import writer as writer_module
from linbench.store.writer import BATCH, Writer


@pytest.fixture
def open_writer(path, new_run):
    """A Writer that is closed at the end; records have the position 0."""
    opened = []

    def make(**fields):
        opened.append(Writer(path, new_run(**fields), lambda record: 0))
        return opened[-1]

    yield make
    for one in opened:
        one.close("done")


def test_a_full_batch_is_committed_at_once(open_writer, store, keyed):
    writer = open_writer()
    for _ in range(BATCH):
        writer.add(keyed())
    assert store.run().records == len(list(store.records(store.run()))) == BATCH


def test_a_record_does_not_wait_longer_than_half_a_second(open_writer, store, keyed):
    writer = open_writer()
    writer.add(keyed())
    assert store.run().records == 0
    deadline = time.monotonic() + 10
    while not store.run().records and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert store.run().records == 1


def test_closing_commits_the_rest_and_says_how_the_run_ended(open_writer, store, keyed):
    writer = open_writer()
    writer.add(keyed())
    assert store.run().outcome is None
    writer.close("interrupted")
    run = store.run()
    assert (run.records, run.outcome, run.ended is not None) == (1, "interrupted", True)


def test_counts_of_a_run_are_kept_in_its_row(open_writer, store, keyed):
    writer = open_writer(planned=9)
    writer.add(keyed(status=Status.ERROR, reason="ValueError"))
    writer.add(keyed(), reused=True)
    writer.add(keyed())
    writer.close("done")
    run = store.run()
    assert (run.planned, run.records, run.errors, run.reused) == (9, 3, 1, 1)


def test_a_record_that_comes_twice_is_kept_once(open_writer, store, keyed):
    writer, record = open_writer(), keyed()
    for _ in range(2):
        writer.add(record)
        writer.flush()
    writer.close("done")
    assert store.run().records == 1


def test_an_interrupt_in_the_middle_of_a_commit_loses_nothing(open_writer, store, keyed, monkeypatch):
    writer, rows = open_writer(), writer_module.record_row

    def interrupted(*arguments):
        monkeypatch.setattr(writer_module, "record_row", rows)
        raise KeyboardInterrupt

    for _ in range(3):
        writer.add(keyed())
    monkeypatch.setattr(writer_module, "record_row", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    writer.close("interrupted")
    assert store.run().records == 3


def test_records_come_back_in_the_order_of_the_plan(path, new_run, store, keyed):
    places = {seed: 9 - seed for seed in range(10)}
    writer = Writer(path, new_run(), lambda record: places[record.seed])
    for seed in (3, 1, 4, 5, 9, 2, 6, 8, 7, 0):
        writer.add(keyed(seed=seed))
    writer.close("done")
    assert [record.seed for record in store.records(store.run())] == list(range(9, -1, -1))


def test_a_store_that_is_full_fails_without_raising(open_writer, store, keyed):
    writer = open_writer()
    for _ in range(BATCH):
        writer.add(keyed())
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(5 * BATCH):
        writer.add(keyed())
    writer.close("done")
    assert writer.failure == "the disk is full"
    assert BATCH <= writer.written < 6 * BATCH
    run = store.run()
    assert run.records == len(list(store.records(run))) == writer.written


def test_a_record_that_cannot_be_written_is_a_failure_and_no_exception(open_writer, store, keyed):
    writer = open_writer()
    writer.add(keyed())
    writer.flush()
    writer.add(keyed(params={"lr": object()}))
    writer.close("done")
    assert writer.failure == "Object of type object is not JSON serializable"
    assert store.run().records == writer.written == 1


def test_a_store_that_another_command_keeps_locked_is_given_up_with_a_line(path, new_run, open_writer, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    writer = open_writer()
    writer._connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another command has kept it locked"):
        Writer(path, new_run(), lambda record: 0)
    writer._connection.execute("ROLLBACK")
