"""`linbench compare --format`: the table, the formats for programs, and reporters of plugins."""

import csv
import io
import json
import math

import pytest

TWO = "compare -o sgd:lr=0.05,sgd:lr=10 -m manual --epochs 200 --no-timing --format"

RECORD_KEYS = [
    "key",
    "problem",
    "model",
    "optimizer",
    "params",
    "device",
    "dtype",
    "seed",
    "epochs",
    "batch_size",
    "target",
    "engine",
    "status",
    "reason",
    "epochs_run",
    "epochs_to_target",
    "evaluations",
    "initial_cost",
    "final_cost",
    "best_cost",
    "optimum_cost",
    "gap",
    "relative_gap",
    "parameters",
    "prediction",
    "warnings",
    "step_time_us",
    "time_to_target_s",
    "lr_is_default",
    "best_epoch",
    "ending",
    "evaluations_to_target",
    "tail_gap",
    "rounding",
    "ridge_relative_gap",
    "initial_gap_parts",
    "rules",
]


def strictly(text):
    """JSON as the standard has it: Python's NaN and Infinity are refused."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def document(linbench):
    result = linbench(f"{TWO} json")
    assert (result.exit_code, result.stderr) == (0, "")
    return strictly(result.stdout)


def test_the_table_is_the_default(linbench):
    without = linbench(TWO.removesuffix(" --format"))
    assert without.stdout == linbench(f"{TWO} table").stdout
    header, _, best, worst = without.stdout.splitlines()[:4]
    assert header.split() == ["optimizer", "model", "status", "epochs", "cost", "gap", "W", "b"]
    assert best.split()[:3] == ["sgd:lr=0.05", "manual", "budget"]
    assert worst.split()[:3] == ["sgd:lr=10", "manual", "diverged"]


def test_the_json_document_has_exactly_the_documented_keys(document):
    assert list(document) == ["linbench", "schema", "environment", "problems", "notes", "records"]
    assert document["schema"] == 1
    assert set(document["environment"]) == {"linbench", "python", "torch", "platform", "cpu", "cores", "threads"}
    assert document["linbench"] == document["environment"]["linbench"]
    assert document["problems"]["study-hours"]["optimum_cost"] == pytest.approx(46.875)
    for record in document["records"]:
        assert list(record) == RECORD_KEYS
        assert list(record["parameters"]) == ["W", "b"]


def test_non_finite_numbers_are_null_in_json(document):
    _, diverged = document["records"]
    assert diverged["status"] == "diverged"
    assert (diverged["final_cost"], diverged["gap"], diverged["relative_gap"]) == (None, None, None)
    assert diverged["parameters"] == {"W": [[None]], "b": [None]}


def test_json_with_timing_and_trajectories_has_their_keys_too(linbench):
    result = linbench("compare -o sgd:lr=10 -m manual --epochs 200 --trajectories --format json")
    (record,) = strictly(result.stdout)["records"]
    assert list(record) == [*RECORD_KEYS, "trajectory"]
    assert list(record["step_time_us"]) == ["median", "iqr"]
    assert record["trajectory"]["cost"][0] == 5681.25
    assert record["trajectory"]["cost"][-1] is None


def test_jsonl_is_one_record_of_the_document_per_line(linbench, document):
    assert [strictly(line) for line in linbench(f"{TWO} jsonl").stdout.splitlines()] == document["records"]


def test_csv_is_one_row_per_record_with_nested_values_as_json(linbench, document):
    rows = list(csv.DictReader(io.StringIO(linbench(f"{TWO} csv").stdout)))
    assert len(rows) == 2
    for row, record in zip(rows, document["records"], strict=True):
        assert (row["optimizer"], row["status"], row["key"]) == (record["optimizer"], record["status"], record["key"])
        assert json.loads(row["params"]) == record["params"]
        assert json.loads(row["parameters.W"]) == record["parameters"]["W"]
        assert row["final_cost"] == ("" if record["final_cost"] is None else str(record["final_cost"]))


@pytest.mark.parametrize(
    ("style", "first_line"),
    [("github", "| optimizer"), ("html", "<table>"), ("pipe", "| optimizer"), ("latex", "\\begin{tabular}")],
)
def test_any_table_format_of_tabulate_is_the_table_in_that_style(linbench, style, first_line):
    result = linbench(f"{TWO} {style}")
    assert result.exit_code == 0
    assert result.stdout.startswith(first_line)
    assert result.stdout == linbench(f"{TWO} table:style={style}").stdout == linbench(f"{TWO} table:{style}").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jsn", "unknown format 'jsn': did you mean 'json'?"),
        ("githb", "unknown format 'githb': did you mean 'github'?"),
        ("table:style=githb", "unknown format 'githb': did you mean 'github'?"),
        ("json,csv", "a result has one format, not 2"),
        ("table:style=[github,html]", "a result has one format, not 2"),
        ("json:indent=2", "unknown parameter 'indent' of reporter 'json': known are none"),
        (
            "no_such.reporter",
            "cannot import reporter 'no_such.reporter': ModuleNotFoundError: No module named 'no_such'",
        ),
    ],
)
def test_an_unusable_format_is_refused_before_anything_runs(linbench, monkeypatch, text, message):
    def run(*_, **__):
        raise AssertionError("something ran")

    monkeypatch.setattr("linbench.comparison.compare_plan", run)
    result = linbench(f"{TWO} '{text}'")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"linbench: {message}\n")


REPORTERS = """
def costs(records, digits=1):
    return " ".join(f"{record.initial_cost:.{digits}f}" for record in records)

def raw(records):
    return b"\\x00\\xff"

def broken(records):
    raise KeyError("colour")

def nothing(records):
    return None

@hookimpl
def linbench_reporters():
    names = {"costs": costs, "raw": raw, "broken": broken, "nothing": nothing, "gone": "my_plugin:gone"}
    return [Component("reporter", name, target) for name, target in names.items()]
"""


@pytest.fixture
def reported(linbench, plugin):
    path = plugin(REPORTERS)
    return lambda text: linbench(f"{TWO} {text} --plugin {path}")


def test_a_reporter_of_a_plugin_takes_parameters(reported):
    assert reported("costs").stdout == "5681.2 5681.2\n"
    assert reported("costs:digits=3").stdout == "5681.250 5681.250\n"


def test_bytes_of_a_reporter_are_written_as_they_are(reported):
    assert reported("raw").stdout_bytes == b"\x00\xff"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("broken", "KeyError: 'colour'"), ("nothing", "TypeError: it returned a NoneType, not a str or bytes")],
)
def test_what_was_trained_is_not_lost_with_a_reporter_that_fails(linbench, reported, tmp_path, name, reason):
    path = tmp_path / "report"
    result = reported(f"{name} --output {path}")
    assert result.exit_code == 1
    assert result.stderr == f"linbench: reporter '{name}' failed: {reason}; the table goes to stdout\n"
    assert result.stdout == linbench(f"{TWO} table").stdout
    assert not path.exists()


def test_debug_shows_the_traceback_of_a_reporter(reported):
    assert "in broken\n    raise KeyError" in reported("broken --debug").stderr


def test_a_reporter_that_is_not_there_is_refused_before_anything_runs(reported):
    result = reported("gone")
    assert result.exit_code == 2
    assert result.stderr.startswith("linbench: cannot import reporter 'gone': AttributeError: ")
    assert result.stderr.count("\n") == 1


def test_numbers_in_the_table_and_in_json_agree(linbench, document):
    record = document["records"][0]
    cells = linbench(f"{TWO} plain").stdout.splitlines()[1].split()
    cost, gap, W, b = (float(cell) for cell in cells[-4:])
    assert math.isclose(cost, record["final_cost"], rel_tol=1e-5)
    assert math.isclose(gap, record["gap"], rel_tol=0.05)
    assert math.isclose(W, record["parameters"]["W"][0][0], rel_tol=1e-4)
    assert math.isclose(b, record["parameters"]["b"][0], rel_tol=1e-4)
