"""A store in a folder of the test's own, runs to fill it with, and real processes that write to it."""

import hashlib
import itertools
import json

import pytest
from hypothesis import strategies as st

from linbench import Status, StepTime, Store, Trajectory
from linbench.core.outcome.record import Ending, Rounding, Tail
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


@pytest.fixture(scope="session")
def record_fields():
    """All fields of a record but its theory, each with any value that it may have."""
    numbers = st.floats()
    optional = st.none() | numbers
    counts = st.integers(0, 2**31 - 1)
    text = st.text(max_size=20)
    return st.fixed_dictionaries(
        {
            "key": st.binary(min_size=32, max_size=32).map(bytes.hex),
            **dict.fromkeys(("problem", "model", "optimizer", "device", "dtype", "engine"), text),
            "params": st.dictionaries(text, st.none() | st.booleans() | st.integers() | numbers | text, max_size=3),
            **dict.fromkeys(("seed", "epochs", "epochs_run", "evaluations"), counts),
            **dict.fromkeys(
                ("batch_size", "epochs_to_target", "best_epoch", "evaluations_to_target"), st.none() | counts
            ),
            "target": st.floats(1e-300, 1.0),
            "status": st.sampled_from(Status),
            "reason": st.none() | text,
            **dict.fromkeys(
                ("initial_cost", "final_cost", "best_cost", "optimum_cost", "gap", "relative_gap"), optional
            ),
            "weight": st.none() | st.lists(st.lists(numbers, min_size=1, max_size=2), min_size=1, max_size=3),
            **dict.fromkeys(("bias", "prediction", "initial_gap_parts"), st.none() | st.lists(numbers, max_size=3)),
            "warnings": st.lists(text, max_size=2).map(tuple),
            "step_time": st.none() | st.builds(StepTime, numbers, numbers),
            "trajectory": st.none()
            | st.lists(st.tuples(counts, numbers), max_size=5).map(
                lambda points: Trajectory([epoch for epoch, _ in points], [cost for _, cost in points])
            ),
            "lr_is_default": st.booleans(),
            "ending": st.none() | st.sampled_from(Ending),
            "tail": st.none() | st.builds(Tail, numbers, numbers, numbers),
            "rounding": st.none() | st.builds(Rounding, numbers, numbers),
            "ridge_relative_gap": optional,
            "rules": st.integers(1, 10),
            "traceback": st.none() | text,
        }
    )
