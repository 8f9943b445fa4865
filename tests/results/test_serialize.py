"""What programs read: json, jsonl and csv, read back by Python's own modules."""

import csv
import io
import json
from importlib import metadata

import pytest

from linbench import Status, StepTime, Theory, Trajectory
from linbench.results.serialize import as_csv, as_json, as_jsonl, as_rows, theory_as_dict

THEORY = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.25, 16.0), 2, 4, 1, 1)


@pytest.fixture
def records(make_record):
    return [
        make_record(theory=THEORY, step_time=StepTime(100.0, 4.0), warnings=("careful, «this»",)),
        make_record(
            optimizer="adam",
            params={"lr": 0.1, "betas": [0.9, 0.99], "amsgrad": True},
            trajectory=Trajectory([0, 2000], [5681.25, float("inf")]),
            final_cost=float("inf"),
            status=Status.DIVERGED,
        ),
        make_record(status=Status.ERROR, reason='ValueError: "a",\tb', weight=None, bias=None, final_cost=None),
    ]


def test_the_json_document_names_version_schema_environment_problems_notes_and_records(records):
    document = json.loads(as_json(records))
    assert list(document) == ["linbench", "schema", "environment", "problems", "notes", "records"]
    assert document["linbench"] == metadata.version("linbench")
    assert document["schema"] == 1
    assert [set(note) >= {"kind", "about", "text"} for note in document["notes"]] == [True] * len(document["notes"])
    assert document["records"] == [json.loads(json.dumps(record.to_dict())) for record in records]
    assert {"linbench", "python", "torch", "platform", "cpu", "cores", "threads"} <= set(document["environment"])


def test_the_json_document_has_each_problems_closed_form(records):
    assert json.loads(as_json(records))["problems"] == {
        "study-hours": {
            "optimum_cost": 46.875,
            "zero_cost": 5681.25,
            "W": [[12.5]],
            "b": [42.5],
            "spectrum": [0.25, 16.0],
            "rank": 2,
            "condition_number": 64.0,
            "largest_stable_lr": 0.125,
            "best_fixed_lr": 2 / 16.25,
        }
    }


def test_a_closed_form_that_float64_cannot_hold_is_null():
    huge = Theory(((1e200,),), (0.0,), float("nan"), float("inf"), (1.0, float("inf")), 2, 4, 1, 1)
    content = json.loads(json.dumps(theory_as_dict(huge), allow_nan=False))
    assert (content["optimum_cost"], content["zero_cost"], content["spectrum"]) == (None, None, [1.0, None])


def test_json_lines_are_the_records_of_the_document_one_a_line(records):
    lines = as_jsonl(records).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(as_json(records))["records"]


def test_text_that_is_not_ascii_stays_readable(records):
    assert "«this»" in as_json(records)
    assert "«this»" in as_jsonl(records)


def flattened(record):
    """The JSON record with `a: {b: c}` as `a.b: c`, except params."""
    row = {}
    for name, value in record.items():
        if isinstance(value, dict) and name != "params":
            row |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            row[name] = value
    return row


def test_rows_are_the_json_records_made_flat(records):
    rows = as_rows(records)
    timed, *others = rows
    assert timed == flattened(records[0].to_dict())
    for row, record in zip(others, records[1:], strict=True):
        untimed = flattened(record.to_dict())
        assert untimed.pop("step_time_us") is None
        assert row == untimed | {"step_time_us.median": None, "step_time_us.iqr": None}


def read_back(cell):
    """A CSV cell as the JSON value it stands for; text as itself."""
    try:
        return json.loads(cell) if cell else None
    except json.JSONDecodeError:
        return cell


def test_csv_holds_the_rows_cell_by_cell(records):
    rows = as_rows(records)
    text = as_csv(records)
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        for name, cell in cells.items():
            assert read_back(cell) == row.get(name), name
    assert text.splitlines()[0].startswith("key,problem,model,optimizer,params,")
    assert table[2]["reason"] == 'ValueError: "a",\tb'


def test_columns_that_only_some_records_have_are_empty_for_the_others(records):
    table = list(csv.DictReader(io.StringIO(as_csv(records))))
    assert [row["trajectory.epoch"] for row in table] == ["", "[0, 2000]", ""]
    assert [row["trajectory.cost"] for row in table] == ["", "[5681.25, null]", ""]


@pytest.mark.parametrize("write", [as_jsonl, as_csv])
def test_no_records_are_no_lines(write):
    assert write([]) == ""


def test_no_records_are_an_empty_list_in_the_document():
    document = json.loads(as_json([]))
    assert (document["records"], document["problems"]) == ([], {})
