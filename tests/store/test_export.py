"""An export has the columns of all records, also of those that hold what others lack."""

import csv

import pytest

from linbench import Status, StepTime, Trajectory
from linbench.core.outcome.record import Ending, Rounding, Tail
from linbench.results.serialize import as_csv
from linbench.store.export import export_lines, export_parquet

EXTRAS = [
    {"tail": Tail(1.0, 2.0, 3.0), "batch_size": 2},
    {"status": Status.STALLED, "rounding": Rounding(0.5, 0.25), "ending": Ending.STILL},
    {"trajectory": Trajectory([0, 1], [2.0, 1.0])},
    {"step_time": StepTime(150.0, 5.0), "initial_gap_parts": [0.25, 0.75]},
]


@pytest.fixture(params=[[{}, *EXTRAS], [*EXTRAS, {}], [{}], []], ids=["plain first", "plain last", "plain", "none"])
def records(request, keyed):
    """Records of which one has what another lacks, in an order."""
    return [keyed(seed=seed, **fields) for seed, fields in enumerate(request.param)]


def test_a_csv_has_a_column_for_whatever_any_record_holds(store, write, records):
    write(records)
    lines = list(export_lines(store, store.run(), "csv"))
    assert "\n".join(lines) == as_csv(records)
    assert len(list(csv.DictReader(lines))) == len(records)


def test_a_parquet_file_has_the_types_of_its_columns(store, write, records, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write(records)
    export_parquet(store, store.run(), tmp_path / "run.parquet")
    table = parquet.read_table(tmp_path / "run.parquet")
    assert table.num_rows == len(records)
    for row, record in zip(table.to_pylist(), records, strict=True):
        assert (row["rules"], row["lr_is_default"]) == (record.rules, record.lr_is_default)
        assert row.get("tail_gap.high") == (record.tail and record.tail.high)
