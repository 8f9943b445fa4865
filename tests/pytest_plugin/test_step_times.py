"""Step times in `linbench_gate`: compared with stored ones, and kept by pytest-benchmark; the numbers are made up."""

import json
import re

import pytest

from linbench.gate.timing.baseline_times import BaselineTimes, read_times, write_times
from linbench.gate.timing.decision import StepTimes
from linbench.gate.timing.fingerprint import machine
from linbench.gate.timing.fresh_processes import Answer

RATIOS = (10.0, 10.1, 10.2, 10.3, 10.4)
CONTROL = (40.0, 40.1, 40.2, 40.3, 40.4)
SGD, ADAM = (f"study-hours · manual · {name}:lr=0.01 · float64 · full batch" for name in ("sgd", "adam"))


@pytest.fixture
def here(monkeypatch):
    """The times of fresh processes: `ratios` of every optimizer; `jobs` are those that were measured."""

    class Here:
        ratios, jobs = RATIOS, []

    def answers(sides, job, tell):
        Here.jobs.append(job.optimizers)
        for ratio, control, _ in zip(Here.ratios, CONTROL, sides, strict=True):
            yield Answer(dict.fromkeys(job.optimizers, ratio), control)

    monkeypatch.setattr("linbench.gate.timing.measure.answers", answers)
    return Here


@pytest.fixture
def timed(project, here):
    """A project whose one test is as committed."""
    project.tests(sgd='linbench_gate("sgd")')
    project.update()
    return project


@pytest.fixture
def store(timed):
    """Store the usual times, as those of this machine or of one that differs from it."""

    def write(**others):
        steps = dict.fromkeys([SGD, ADAM], StepTimes(RATIOS, CONTROL))
        return write_times(timed.baseline.parent / "timing", BaselineTimes({**machine(), **others}, steps))

    return write


def slower():
    return tuple(1.5 * ratio for ratio in RATIOS)


def summary(result):
    """The lines of linbench's section at the end."""
    text = result.stdout.str()
    found = re.search(r"^=+ linbench =+\n((?:.+\n)*?)(?=\n|=|-)", text, re.MULTILINE)
    return found[1].splitlines() if found else []


def test_unless_asked_for_nothing_is_measured(timed, store, here):
    store()
    here.ratios = slower()
    result = timed.run()
    result.assert_outcomes(passed=1)
    assert (here.jobs, summary(result)) == ([], [])


def test_the_same_time_passes(timed, store, here):
    path = store()
    result = timed.run("--linbench-timing=gate")
    result.assert_outcomes(passed=1)
    assert here.jobs == [("sgd:lr=0.01",)]
    assert summary(result) == [f"test_sgd.py::test_sgd: step times of 1 optimizer against those in {path}: 1 fine"]


def test_a_slower_step_fails_the_test(timed, store, here, failure):
    store()
    here.ratios = slower()
    first, finding, last = failure(timed.run("--linbench-timing=gate")).splitlines()
    assert first == "linbench gate: 1 case: 1 as committed"
    assert finding.startswith(
        "sgd:lr=0.01: time of a step was 10.2 steps of gradient descent, is 15.3 (1.50 ×): measured twice"
    )
    assert last == "to acknowledge what changed: pytest --linbench-update --linbench-timing=gate"


def test_as_advice_it_is_told_and_passes(timed, store, here):
    store()
    here.ratios = slower()
    result = timed.run("--linbench-timing=advisory")
    result.assert_outcomes(passed=1)
    first, finding = summary(result)
    assert first.endswith(": 1 slower; advice only")
    assert "sgd:lr=0.01: time of a step was 10.2 steps of gradient descent, is 15.3 (1.50 ×)" in finding


def test_what_says_nothing_is_told_and_passes(timed, store, here):
    store()
    here.ratios = (8.0, 9.0, 10.0, 14.0, 18.0)
    result = timed.run("--linbench-timing=gate")
    result.assert_outcomes(passed=1)
    first, finding = summary(result)
    assert first.endswith(": 1 inconclusive")
    assert finding.endswith("too noisy to show a slowdown by 25%")


def test_the_times_of_another_machine_are_advice_only(timed, store, here):
    store(cpu="another")
    here.ratios = slower()
    result = timed.run("--linbench-timing=gate")
    result.assert_outcomes(passed=1)
    assert "; advice only; they are of another machine: cpu another, here " in summary(result)[0]


def test_without_stored_times_only_a_gate_fails(timed, failure):
    said = f"there are no step times in {timed.baseline.parent / 'timing'}: store some with "
    result = timed.run("--linbench-timing=advisory")
    result.assert_outcomes(passed=1)
    (line,) = summary(result)
    assert line.startswith(f"test_sgd.py::test_sgd: step times: {said}")
    text = failure(timed.run("--linbench-timing=gate"))
    assert said in text
    assert text.endswith("pytest --linbench-update --linbench-timing=gate")


def test_an_update_stores_the_times_of_this_machine(timed, here, store):
    path = store()
    before = read_times(path)
    here.ratios = slower()
    timed.update("--linbench-timing=gate", "--linbench-reason", "more work a step")
    after = read_times(path)
    assert after.steps == {SGD: StepTimes(slower(), CONTROL), ADAM: before.steps[ADAM]}
    assert after.reasons == {SGD: "more work a step", ADAM: ""}
    timed.run("--linbench-timing=gate").assert_outcomes(passed=1)


def test_pytest_benchmark_keeps_a_row_with_the_raw_values(timed, store):
    store()
    result = timed.run("--linbench-timing=gate", "--benchmark-json=rows.json")
    result.assert_outcomes(passed=1)
    (row,) = json.loads((timed.path / "rows.json").read_text())["benchmarks"]
    assert (row["fullname"], row["stats"]["rounds"]) == ("test_sgd.py::test_sgd", 200)
    (one,) = row["extra_info"]["linbench"]["optimizers"]
    assert (one["optimizer"], one["was"], one["is"]) == ("sgd:lr=0.01", list(RATIOS), list(RATIOS))


def test_storage_and_comparison_of_pytest_benchmark_keep_working(timed, store):
    store()
    timed.run("--linbench-timing=gate", "--benchmark-save=before").assert_outcomes(passed=1)
    result = timed.run("--linbench-timing=gate", "--benchmark-compare")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines_random(["test_sgd (NOW)*", "test_sgd (0001_before)*"])  # the faster comes first


def test_a_test_has_one_row_that_of_its_first_call(timed, store):
    path = store()
    timed.tests(sgd='linbench_gate("sgd")\n    linbench_gate("adam")')
    timed.update()
    result = timed.run("--linbench-timing=gate", "--benchmark-json=rows.json")
    result.assert_outcomes(passed=1)
    assert summary(result) == [f"test_sgd.py::test_sgd: step times of 1 optimizer against those in {path}: 1 fine"]
    (row,) = json.loads((timed.path / "rows.json").read_text())["benchmarks"]
    assert [one["optimizer"] for one in row["extra_info"]["linbench"]["optimizers"]] == ["sgd:lr=0.01"]


def test_a_row_that_cannot_be_fails_no_test(timed, store):
    """The author's test has had its row already; the gate's own processes measure all the same."""
    store()
    (timed.path / "test_sgd.py").write_text(
        "def test_sgd(benchmark, linbench_gate):\n    benchmark.pedantic(int)\n    linbench_gate('sgd')\n"
    )
    result = timed.run("--linbench-timing=gate")
    result.assert_outcomes(passed=1)
    first, second = summary(result)
    assert first.endswith(": 1 fine")
    assert "pytest-benchmark has no row of it: FixtureAlreadyUsed: " in second


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--benchmark-disable"], "pytest-benchmark is disabled"),
        (["--benchmark-skip"], "pytest-benchmark is disabled"),
        (["-p", "no:benchmark"], "pytest-benchmark is not installed, or switched off"),
    ],
)
def test_without_pytest_benchmark_only_convergence_gates(timed, store, here, arguments, reason):
    store()
    here.ratios = slower()
    timed.plugin()
    timed.tests(mine='linbench_gate("mine", plugins="mine.py")')
    timed.update()
    timed.plugin(factor=1.01)
    result = timed.run("--linbench-timing=gate", *arguments)
    result.assert_outcomes(passed=1, failed=1)
    assert here.jobs == []
    assert summary(result) == [f"2 tests: step times are not measured: {reason}"]


def test_benchmarks_that_are_enabled_after_all_are_measured(timed, store, here):
    store()
    timed.run("--linbench-timing=gate", "--benchmark-disable", "--benchmark-enable").assert_outcomes(passed=1)
    assert here.jobs == [("sgd:lr=0.01",)]
