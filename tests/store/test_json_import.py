"""An imported document is checked throughout, and a bad place is named in one line."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Record, StoreError
from linbench.results.serialize import as_json
from linbench.store.json_import import import_document, read_document


@pytest.fixture
def document(keyed):
    """A good document of two records, as JSON holds it."""
    return json.loads(as_json([keyed(), keyed(seed=1)]))


@pytest.fixture
def read(tmp_path):
    """Write a text or a document to a file, and read it."""

    def from_file(content):
        file = tmp_path / "run.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_document(file)

    return from_file


def test_a_good_document_becomes_a_run(document, read, path, store):
    number = import_document(path, read(document), ["linbench"])
    run = store.run(number)
    assert (run.records, run.planned, run.outcome, run.linbench) == (2, 2, "imported", document["linbench"])
    assert json.loads(as_json(list(store.records(run))))["records"] == document["records"]


LATER = {
    "lr_is_default",
    "best_epoch",
    "ending",
    "evaluations_to_target",
    "tail_gap",
    "rounding",
    "ridge_relative_gap",
    "initial_gap_parts",
    "rules",
}
"""The fields that documents of 0.1.0 lack."""

BAD = [
    ("key", "abc", 'records[1].key must be 64 hexadecimal digits, not "abc"'),
    ("status", "well", "records[1].status must be one of converged, budget, stalled, diverged, error, skipped"),
    ("status", ["budget"], "records[1].status must be one of converged"),
    ("final_cost", "46", 'records[1].final_cost must be a finite number or null, not "46"'),
    ("final_cost", True, "records[1].final_cost must be a finite number or null, not true"),
    ("final_cost", [1] * 90, "records[1].final_cost must be a finite number or null, not [1, 1"),
    ("target", None, "records[1].target must be a finite number, not null"),
    ("seed", -1, "records[1].seed must be a whole number that is not negative, not -1"),
    ("seed", 0.5, "records[1].seed must be a whole number that is not negative, not 0.5"),
    ("seed", 10**30, "records[1].seed must be a whole number that is not negative, not 1000"),
    ("params", [], "records[1].params must be an object, not []"),
    ("warnings", "none", 'records[1].warnings must be a list of text, not "none"'),
    ("parameters", {"W": 1}, "records[1].parameters must be an object with W and b"),
    ("parameters", {"W": [1], "b": None}, "records[1].parameters.W must be a list of lists of numbers, or null"),
    ("step_time_us", {"median": 1}, "records[1].step_time_us must be an object with median and iqr, or null"),
    ("trajectory", {"epoch": [0, 1], "cost": [1.0]}, "records[1].trajectory.cost must be a list of numbers, one for"),
    ("trajectory", {"epoch": [-1], "cost": [1.0]}, "records[1].trajectory.epoch must be a list of epochs"),
    ("trajectory", 5, "records[1].trajectory must be an object, not 5"),
    ("flavour", 5, "records[1] has a field 'flavour' that linbench does not know"),
    ("lr_is_default", 1, "records[1].lr_is_default must be true or false, not 1"),
    ("best_epoch", -1, "records[1].best_epoch must be a whole number that is not negative, or null, not -1"),
    ("ending", "sudden", "records[1].ending must be one of still, descending, rising, swinging, or null"),
    ("ending", [], "records[1].ending must be one of still, descending, rising, swinging, or null"),
    ("evaluations_to_target", 1.5, "records[1].evaluations_to_target must be a whole number that is not negative"),
    ("tail_gap", {"low": 1.0}, "records[1].tail_gap must be an object with low, median, high, or null"),
    ("tail_gap", {"low": 1.0, "median": "2", "high": 3}, "records[1].tail_gap must be an object with low, median"),
    ("rounding", [1.0, 2.0], "records[1].rounding must be an object with gradient_in_roundings and gradient_in_s"),
    ("ridge_relative_gap", "0", 'records[1].ridge_relative_gap must be a finite number or null, not "0"'),
    ("initial_gap_parts", [1.0, "2"], "records[1].initial_gap_parts must be a list of numbers or null"),
    ("rules", 0, "records[1].rules must be a whole number of at least 1, not 0"),
    ("rules", True, "records[1].rules must be a whole number of at least 1, not true"),
    ("rules", None, "records[1].rules must be a whole number of at least 1, not null"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_field_is_named(document, read, name, value, message):
    document["records"][1][name] = value
    with pytest.raises(StoreError) as caught:
        read(document)
    assert str(caught.value).partition("run.json: ")[2].startswith(message)
    assert "\n" not in str(caught.value)


def test_a_document_written_before_a_field_was_there_is_good(document, read, keyed):
    for record in document["records"]:
        for name in LATER:
            del record[name]
    first, second = read(document).records
    assert (first, second) == (keyed(key=first.key), keyed(key=second.key, seed=1))
    assert first.rules == 1


@given(st.data())
def test_every_field_of_a_document_is_read_whatever_it_holds(record_fields, tmp_path_factory, data):
    content = Record(**data.draw(record_fields)).to_dict()
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps({"linbench": "1", "schema": 1, "environment": {}, "records": [content]}))
    (record,) = read_document(file).records
    assert record.to_dict() == content


def test_a_missing_field_is_named(document, read):
    for name in document["records"][0].keys() - LATER:
        content = copy.deepcopy(document)
        del content["records"][0][name]
        with pytest.raises(StoreError, match=rf"run.json: records\[0\] has no '{name}'$"):
            read(content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON: Expecting value"),
        ("{", "is not JSON: Expecting property name"),
        ("[]", "the document must be an object, not []"),
        ("{}", "schema must be 1, not null"),
        ('{"schema": 1}', "linbench must be a version, not null"),
        ('{"schema": 1, "linbench": "1", "environment": 3}', "environment must be an object, not 3"),
        ('{"schema": 1, "linbench": "1", "environment": {}, "records": {}}', "records must be a list, not {}"),
        ('{"schema": 1, "linbench": "1", "environment": {}, "records": [7]}', "records[0] must be an object, not 7"),
        ('{"schema": NaN}', "NaN is not a number that JSON knows"),
        ('{"schema": -Infinity}', "-Infinity is not a number that JSON knows"),
        ('{"schema": 1e999}', "1e999 is not a number that JSON knows"),
        ("[" * 100_000, "is nested too deeply"),
        ('"\ud800"'.encode("utf-8", "surrogatepass").decode("latin-1"), "the document must be an object"),
    ],
)
def test_what_is_no_document_is_one_line(read, text, message):
    with pytest.raises(StoreError) as caught:
        read(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_comes_twice_is_named(document, read):
    document["records"][1]["key"] = document["records"][0]["key"]
    with pytest.raises(StoreError, match=r"records\[1\] has the key of records\[0\]$"):
        read(document)
