"""A store in a folder of the test's own, runs to fill it with, and real processes that write to it."""

import hashlib
import itertools
import json

import pytest

from linbench import Store
from linbench.store.contents import RecordContents
from linbench.store.writer import NewRun, Writer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite"


@pytest.fixture
def store(path):
    return Store(path)


@pytest.fixture
def new_run():
    """A NewRun with every field filled in."""

    def make(**fields):
        ordinary = {
            "command": json.dumps(["linbench", "compare"]),
            "linbench": "0.1.0",
            "torch": "2.13.0",
            "environment": json.dumps({"linbench": "0.1.0", "torch": "2.13.0", "cpu": "a processor", "threads": 2}),
            "asked": RecordContents().to_json(),
            "problems": json.dumps(["study-hours"]),
            "optimizers": json.dumps(["sgd"]),
            "planned": 3,
        }
        return NewRun(**{**ordinary, **fields})

    return make


@pytest.fixture(scope="session")
def keyed(make_record):
    """Records with real keys: the SHA-256 of a number, a new one for each."""
    numbers = itertools.count()

    def make(**fields):
        return make_record(**{"key": hashlib.sha256(str(next(numbers)).encode()).hexdigest(), **fields})

    return make


@pytest.fixture
def write(path, new_run):
    """Write records as one run, in the order given; returns the run's number."""

    def written(records, outcome="done", **fields):
        records = list(records)
        places = {record.key: place for place, record in enumerate(records)}
        writer = Writer(path, new_run(**fields), lambda record: places[record.key])
        for record in records:
            writer.add(record)
        writer.close(outcome)
        assert writer.failure is None
        return writer.run

    return written
