"""Stored step times: whole, raw, strict, and only for machines that are alike."""

import json

import pytest

from linbench.gate.files import BaselineError
from linbench.gate.timing.baseline_times import BaselineTimes, as_text, find_times, place, read_times, write_times
from linbench.gate.timing.decision import StepTimes
from linbench.gate.timing.fingerprint import differences, fingerprint, machine

HERE = {"cpu": "A 1", "cores": 2, "os": "Linux 6.1", "torch": "2.13.0", "threads": 1}
TIMES = StepTimes((10.25, 10.5, 1 / 3), (40.0, 41.0, 39.5), {"torch": "2.13.0"})


@pytest.fixture
def baseline_times():
    return BaselineTimes(HERE, {"p · m · b": TIMES, "p · m · a": TIMES}, {"p · m · b": "why", "p · m · a": ""})


def test_what_is_written_is_read_back_bit_for_bit(baseline_times, tmp_path):
    path = write_times(tmp_path / "timing", baseline_times)
    assert path == place(tmp_path / "timing", HERE)
    assert read_times(path) == baseline_times


def test_the_file_is_sorted_with_a_line_for_each_metric_and_no_date(baseline_times):
    lines = as_text(baseline_times).splitlines()
    assert [line.strip() for line in lines if "· a" in line or "· b" in line] == ['"p · m · a": {', '"p · m · b": {']
    assert '      "ratios": [10.25, 10.5, 0.3333333333333333],' in lines
    assert as_text(baseline_times) == as_text(
        BaselineTimes(HERE, dict(reversed(baseline_times.steps.items())), baseline_times.reasons)
    )


def test_the_times_of_another_machine_are_found_and_said_to_be_so(baseline_times, tmp_path):
    write_times(tmp_path, baseline_times)
    far = BaselineTimes(dict.fromkeys(HERE, "?"), baseline_times.steps, baseline_times.reasons)
    write_times(tmp_path, far)
    assert find_times(tmp_path, HERE) == baseline_times
    other = {**HERE, "torch": "2.14.0"}
    assert find_times(tmp_path, other) == baseline_times
    assert differences(HERE, other) == "torch 2.13.0, here 2.14.0"


def test_without_any_it_is_said_how_to_make_them(tmp_path):
    with pytest.raises(BaselineError, match="--update --timing gate"):
        find_times(tmp_path, HERE)


def test_optimizers_without_times_are_unmeasured(baseline_times):
    found = baseline_times.of({"adam": "p · m · a", "sgd": "p · m · s"})
    assert found.optimizers == {"adam": TIMES}
    assert list(found.unmeasured) == ["sgd"]


def test_machines_are_told_apart_by_everything_that_decides_times():
    here = machine()
    assert set(here) == {"cpu", "cores", "isa", "os", "python", "torch", "threads"}
    prints = {fingerprint({**here, name: "another"}) for name in here} | {fingerprint(here)}
    assert len(prints) == len(here) + 1
    assert fingerprint(dict(reversed(here.items()))) == fingerprint(here)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema=99), "newer than this linbench"),
        (lambda d: d.update(schema=0), "it must hold schema 1"),
        (lambda d: d.pop("steps"), "it must hold schema 1"),
        (lambda d: d.update(extra=1), "it must hold schema 1"),
        (lambda d: d.update(machine=[]), "machine must be"),
        (lambda d: d.update(steps=[]), "steps must be"),
        (lambda d: d["steps"].update({"p · m · a": 3}), "is no object"),
        (lambda d: d["steps"].update({"a\nb": {}}), "a step is called"),
        (lambda d: d["steps"]["p · m · a"].update(ratios=[]), "ratios must be a list of 1 to 100 positive numbers"),
        (lambda d: d["steps"]["p · m · a"].update(ratios=[1.0, -1.0]), "ratios must be"),
        (lambda d: d["steps"]["p · m · a"].update(ratios=[1.0] * 101), "ratios must be"),
        (lambda d: d["steps"]["p · m · a"].update(control=["1"]), "control must be"),
        (lambda d: d["steps"]["p · m · a"].pop("versions"), "versions is missing"),
        (lambda d: d["steps"]["p · m · a"].update(more=1), "'more' is no metric"),
        (lambda d: d["machine"].update(cpu="B 2"), "its name is not the fingerprint of its machine"),
    ],
)
def test_a_hand_edited_file_is_refused_in_one_line_and_left_alone(baseline_times, tmp_path, change, said):
    path = write_times(tmp_path, baseline_times)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    before = path.read_bytes()
    with pytest.raises(BaselineError, match=said) as refused:
        read_times(path)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"schema": 1, "schema": 1}', "[1]", '{"schema": 1e999}'])
def test_what_is_no_such_file_is_refused_in_one_line(baseline_times, tmp_path, text):
    path = place(tmp_path, HERE)
    path.write_text(text)
    with pytest.raises(BaselineError, match="is no baseline of step times") as refused:
        read_times(path)
    assert "\n" not in str(refused.value)
