"""Step times in `linbench gate` as a user calls it."""

import json
from pathlib import Path

import pytest

from linbench.gate.timing.fresh_processes import Answer
from linbench.store.store import Store

BASE = (10.0, 10.1, 10.2, 10.3, 10.4)
NOISY = (5.0, 8.0, 10.2, 14.0, 20.0)
COMMON = "--plugin ./mine.py --no-store"


@pytest.fixture
def project(repository, linbench):
    """The repository with a suite of two optimizers and its baseline, committed."""
    Path("linbench.toml").write_text(
        '[gate]\noptimizers = ["mine:lr=0", "theirs"]\nmodels = "manual"\nproblems = "study-hours"\nepochs = 20\n'
    )
    assert linbench(f"gate {COMMON} --update --reason first").exit_code == 0
    repository.commit()
    return repository


@pytest.fixture
def measured(monkeypatch):
    """Set the next times of `mine` in this machine's processes; those of `theirs` are always the same."""
    values = {"mine:lr=0": BASE}

    def answers(sides, job, tell):
        for number, _ in enumerate(sides):
            yield Answer({name: values.get(name, BASE)[number] for name in job.optimizers}, control=BASE[number])

    monkeypatch.setattr("linbench.gate.timing.measure.answers", answers)
    return lambda ratios: values.update({"mine:lr=0": ratios})


@pytest.mark.long
def test_a_slower_step_fails_the_gate_and_an_equal_one_does_not(project, linbench):
    """The whole of it: two revisions, fresh processes, a verdict."""
    project.plugin(2)  # at an lr of 0 it goes where it went, in three times the time
    result = linbench(f"gate {COMMON} --against HEAD --format json")
    assert (result.exit_code, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    assert [(one["kind"], one["case"]) for one in document["findings"]] == [("slower", "mine:lr=0")]
    outcomes = {one["optimizer"]: one["outcome"] for one in document["timing"]["optimizers"]}
    assert outcomes["mine:lr=0"] == "slower"
    assert outcomes["theirs:lr=0.001"] != "slower"
    assert project.git("worktree", "list").count("\n") == 1


def test_times_are_stored_and_compared_with(project, linbench, measured):
    result = linbench(f"gate {COMMON} --update --timing gate --reason first")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("step times of 2 optimizers")
    (stored,) = Path("baseline/timing").glob("*.json")
    result = linbench(f"gate {COMMON} --timing gate")
    assert result.exit_code == 0
    assert result.stdout.endswith(f"step times of 2 optimizers against those in {stored}: 2 fine\n")
    measured([value * 1.2 for value in BASE])
    result = linbench(f"gate {COMMON} --timing gate")
    assert result.exit_code == 1
    row = next(line for line in result.stdout.splitlines() if line.startswith("mine:lr=0"))
    assert row.split() == "mine:lr=0 10.2 12.2 1.20 × 0.00033 slower 1.20 × as long, p = 0.00033".split()


def test_inconclusive_fails_only_where_that_is_asked_for(project, linbench, measured):
    linbench(f"gate {COMMON} --update --timing gate --reason first")
    measured(NOISY)
    assert linbench(f"gate {COMMON} --timing gate").exit_code == 0
    result = linbench(f"gate {COMMON} --timing gate --strict-timing --format json")
    assert result.exit_code == json.loads(result.stdout)["exit_code"] == 5
    assert [one["kind"] for one in json.loads(result.stdout)["findings"]] == ["inconclusive"]


def test_a_regression_outweighs_what_is_inconclusive(project, linbench, measured):
    linbench(f"gate {COMMON} --update --timing gate --reason first")
    path = Path("baseline/convergence.json")
    document = json.loads(path.read_text())
    next(iter(document["cases"].values()))["final_cost"] *= 1.1
    path.write_text(json.dumps(document))
    measured(NOISY)
    assert linbench(f"gate {COMMON} --timing gate --strict-timing").exit_code == 1


def test_advice_does_not_fail(project, linbench, measured):
    linbench(f"gate {COMMON} --update --timing gate --reason first")
    measured([value * 1.5 for value in BASE])
    result = linbench(f"gate {COMMON} --timing advisory --format json")
    assert result.exit_code == 0
    assert [one["kind"] for one in json.loads(result.stdout)["findings"]] == ["maybe slower"]


def test_without_stored_times_the_convergence_is_still_shown(project, linbench, measured):
    result = linbench(f"gate {COMMON} --timing gate")
    assert result.exit_code == 3
    assert result.stdout.startswith("2 cases: 2 as committed")
    assert "there are no step times in baseline/timing" in result.stdout


def test_a_damaged_file_of_times_is_one_line_and_stays(project, linbench, measured):
    linbench(f"gate {COMMON} --update --timing gate --reason first")
    (stored,) = Path("baseline/timing").glob("*.json")
    stored.write_text(stored.read_text()[:-20])
    damaged = stored.read_bytes()
    for command in ("--timing gate", "--update --timing gate --reason more"):
        result = linbench(f"gate {COMMON} {command}")
        assert result.exit_code == 3
        assert "is no baseline of step times" in result.output
        assert stored.read_bytes() == damaged


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--against HEAD --timing off", "--against compares step times, and --timing off does not."),
        ("--strict-timing", "--strict-timing is for --timing gate."),
        ("--timing advisory --strict-timing", "--strict-timing is for --timing gate."),
        ("--update --reason some --against HEAD", "--against is for comparing, not for --update."),
        ("--against nosuch", "unknown revision 'nosuch': fetch it first (in CI: fetch-depth: 0)"),
    ],
)
def test_a_mistake_is_one_line(project, linbench, options, said):
    result = linbench(f"gate {COMMON} {options}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_records_are_kept_like_those_of_every_command_that_trains(project, linbench, tmp_path):
    store = tmp_path / "runs.sqlite"
    assert linbench(f"gate --plugin ./mine.py --store {store}").exit_code == 0
    assert linbench(f"gate --plugin ./mine.py --store {store} --update --reason again").exit_code == 0
    assert [(run.records, run.outcome) for run in Store(store).runs()] == [(2, "done"), (2, "done")]


def test_a_usual_store_that_cannot_be_used_fails_no_gate(project, linbench, monkeypatch, tmp_path):
    monkeypatch.delenv("LINBENCH_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "mine.py"))  # a file, so no folder can be made in it
    result = linbench("gate --plugin ./mine.py")
    assert result.exit_code == 0
    assert result.stderr.startswith("linbench: no records are kept: ")
    assert len(result.stderr.splitlines()) == 1
    assert linbench(f"gate --plugin ./mine.py --store {tmp_path}/mine.py/runs.sqlite").exit_code == 2
