"""The check of step times: what is measured when, and what becomes of it; the numbers are made up."""

from dataclasses import replace
from pathlib import Path

import pytest

from linbench.gate.files import BaselineError
from linbench.gate.timing.baseline_times import BaselineTimes, place, read_times, write_times
from linbench.gate.timing.check import RevisionCheck, StoredTimesCheck, decide
from linbench.gate.timing.decision import Decision, SideTimes, StepTimes
from linbench.gate.timing.fingerprint import machine
from linbench.gate.timing.fresh_processes import Answer, Job, Side, ask, side_times, this_side
from linbench.gate.timing.measure import Measurement
from linbench.gate.timing.revision import Sides
from linbench.gate.timing.update import update_times

JOB = Job(("a", "b"), "study-hours", ("manual",), "float64", 0)
BASE = (10.0, 10.1, 10.2, 10.3, 10.4)
NOW, OLD = Side("python", Path("now")), Side("python", Path("old"))
ANSWERS = "linbench.gate.timing.measure.answers"
"""The one place where fresh processes are asked."""


def against(sides, job=JOB):
    """Run the check against a revision, which gates."""
    return RevisionCheck(job=job, gates=True, sides=sides).run()


def side(**factors):
    return SideTimes({name: StepTimes([value * factor for value in BASE], BASE) for name, factor in factors.items()})


def test_only_what_seems_slower_is_measured_again():
    jobs = []

    def measure(job):
        jobs.append(tuple(job.optimizers))
        now = side(**{name: 1.5 if name == "b" else 1.0 for name in job.optimizers})
        return Measurement(now=now, was=side(**dict.fromkeys(job.optimizers, 1.0)))

    comparisons = decide(JOB, measure)
    assert jobs == [("a", "b"), ("b",)]
    assert [one.outcome for one in comparisons] == [Decision.FINE, Decision.SLOWER]


def test_what_is_slower_only_once_is_inconclusive():
    factors = iter([1.5, 1.0])

    def measure(job):
        return Measurement(now=side(a=next(factors)), was=side(a=1.0))

    (comparison,) = decide(JOB.only(["a"]), measure)
    assert comparison.outcome is Decision.INCONCLUSIVE


def answer_of(now, files=None):
    ratio = 12.0 if now else 10.0
    return Answer({"a": ratio, "b": 10.0}, 40.0, files=files or {})


@pytest.fixture
def order(monkeypatch):
    """The sides in the order of their processes; the working tree is 20% slower at `a`."""
    order = []

    def answers(sides, job, tell):
        for number, one in enumerate(sides):
            order.append("now" if one is NOW else "old")
            answer = answer_of(one is NOW)
            yield replace(answer, ratios={name: value + number * 1e-3 for name, value in answer.ratios.items()})

    monkeypatch.setattr(ANSWERS, answers)
    return order


def test_the_sides_take_turns(order):
    report = against(Sides(NOW, OLD, "base"))
    assert order[:10] == ["old", "now", "now", "old", "old", "now", "now", "old", "old", "now"]
    assert len(order) == 20  # `a` once more
    assert [one.outcome for one in report.comparisons] == [Decision.SLOWER, Decision.FINE]
    assert report.findings[0].why.startswith("measured twice")


def test_code_of_the_working_tree_itself_is_refused(monkeypatch, tmp_path):
    files = {"a": str(tmp_path / "src" / "a.py")}
    monkeypatch.setattr(ANSWERS, lambda sides, job, tell: (answer_of(False, files) for _ in sides))
    with pytest.raises(BaselineError, match="both sides would run a from"):
        against(Sides(NOW, OLD, "base", tmp_path))


def test_another_linbench_on_the_other_side_cannot_be_compared(monkeypatch):
    def answers(sides, job, tell):
        return (replace(answer_of(one is NOW), linbench="2.0" if one is NOW else "1.0") for one in sides)

    monkeypatch.setattr(ANSWERS, answers)
    with pytest.raises(BaselineError, match=r"linbench is 2\.0 here and 1\.0 there"):
        against(Sides(NOW, OLD, "base"))


def test_nothing_in_common_cannot_be_compared(monkeypatch):
    def answers(sides, job, tell):
        for one in sides:
            yield Answer({"a": 1.0} if one is NOW else {}, 40.0, {} if one is NOW else {"a": "unknown optimizer 'a'"})

    monkeypatch.setattr(ANSWERS, answers)
    with pytest.raises(BaselineError, match="no optimizer can be timed both here and in base: unknown optimizer 'a'"):
        against(Sides(NOW, OLD, "base"), JOB.only(["a"]))


def test_an_optimizer_that_fails_in_one_process_is_unmeasured():
    times = side_times([Answer({"a": 1.0, "b": 2.0}, 4.0), Answer({"b": 2.5}, 4.5, {"a": "ValueError: no"})])
    assert times.optimizers == {"b": StepTimes((2.0, 2.5), (4.0, 4.5))}
    assert times.unmeasured == {"a": "ValueError: no"}


@pytest.fixture
def here(monkeypatch):
    """The next times of this machine's processes, as factors of the usual ones."""
    factors = {"a": 1.0, "b": 1.0}

    def answers(sides, job, tell):
        for base, _ in zip(BASE, sides, strict=True):
            yield Answer({name: base * factors[name] for name in job.optimizers}, control=base)

    monkeypatch.setattr(ANSWERS, answers)
    return factors


def against_stored(folder):
    """Run the check against stored times, which gates where it can."""
    return StoredTimesCheck(job=JOB, gates=True, folder=folder).run()


def test_stored_times_are_compared_with(here, tmp_path):
    update = update_times(JOB, tmp_path, (), reason="first")
    assert (update.path, update.unmeasured) == (place(tmp_path, machine()), {})
    here["a"] = 1.2
    report = against_stored(tmp_path)
    assert [one.outcome for one in report.comparisons] == [Decision.SLOWER, Decision.FINE]
    assert report.gates


def test_stored_times_of_another_machine_are_advice_only(here, tmp_path):
    other = {**machine(), "cpu": "another"}
    times = {step: StepTimes(BASE, BASE) for step in JOB.steps.values()}
    write_times(tmp_path, BaselineTimes(other, times))
    here["a"] = 1.2
    report = against_stored(tmp_path)
    assert not report.gates
    assert [finding.kind.value for finding in report.findings] == ["maybe slower"]
    assert report.note == f"they are of another machine: cpu another, here {machine()['cpu']}"


def test_storing_the_times_of_a_part_keeps_the_rest(here, tmp_path):
    update_times(JOB, tmp_path, (), reason="first")
    here["b"] = 2.0
    update = update_times(JOB.only(["b"]), tmp_path, (), reason="slower, and meant to be")
    stored = read_times(update.path)
    a, b = (JOB.steps[name] for name in ("a", "b"))
    assert (stored.reasons[a], stored.reasons[b]) == ("first", "slower, and meant to be")
    assert stored.steps[b].ratios[0] == 2 * stored.steps[a].ratios[0]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (replace(JOB, problem="nosuch"), "unknown problem 'nosuch'"),
        (replace(JOB, problem="csv:path=nosuch.csv,target=y"), "nothing can be timed on csv"),
        (replace(JOB, optimizers=["kill"]), "exit code"),
    ],
)
def test_a_process_without_an_answer_is_one_line(repository, job, said):
    Path("mine.py").write_text(
        "import os\nfrom linbench import Component, hookimpl\n"
        "def kill(params, lr):\n    os._exit(7)\n"
        "@hookimpl\ndef linbench_optimizers():\n    return [Component('optimizer', 'kill', kill)]\n"
    )
    with pytest.raises(BaselineError, match=said) as refused:
        ask(this_side(["mine.py"]), job)
    assert "\n" not in str(refused.value)
