"""`linbench gate` as a user calls it."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

BASELINE = Path("baseline/convergence.json")
ADAM = "study-hours · manual · adam:lr=0.01 · seed 0 · float64 · 40 epochs · full batch · target 1e-06"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A project with a small suite, as the current directory, and no trace of CI."""
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    suite("sgd", "adam")
    return tmp_path


def suite(*optimizers, more=""):
    text = f'[gate]\noptimizers = {json.dumps(optimizers)}\nmodels = "manual"\nproblems = "study-hours"\nepochs = 40\n'
    Path("linbench.toml").write_text(text + more)


@pytest.fixture
def committed(linbench):
    result = linbench("gate --update --reason first")
    assert (result.exit_code, result.stderr) == (0, "")
    return BASELINE


def edit(path, change):
    document = json.loads(path.read_text())
    change(document["cases"])
    path.write_text(json.dumps(document))


def drift(cases):
    cases[ADAM]["final_cost"] *= 1.001


def test_what_was_committed_is_fine(linbench, committed):
    result = linbench("gate")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "2 cases: 2 as committed (float64 · 40 epochs · full batch · target 1e-06), "
        "compared with baseline/convergence.json\n"
    )
    assert linbench("gate --jobs 2").stdout == result.stdout


def test_an_update_says_what_becomes_of_what_and_keeps_the_reason(linbench, committed):
    edit(committed, drift)
    assert linbench("gate").exit_code == 1
    result = linbench("gate --update --reason 'a better Adam'")
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{ADAM}: final cost: ")
    assert " → " in first
    assert last == "baseline/convergence.json: 1 of 2 cases changed"
    cases = json.loads(committed.read_text())["cases"]
    assert [case["reason"] for case in cases.values()] == ["a better Adam", "first"]
    assert linbench("gate").exit_code == 0


def test_an_update_that_changes_nothing_leaves_the_file_alone(linbench, committed):
    os.utime(committed, (1, 1))
    assert linbench("gate --update --reason again").stdout == "baseline/convergence.json: 0 of 2 cases changed\n"
    assert committed.stat().st_mtime == 1


def as_rules_1(path, status):
    """Make a baseline one that was written before rules had numbers, with another status of Adam."""
    document = json.loads(path.read_text())
    del document["rules"]
    document["cases"][ADAM]["status"] = status
    path.write_text(json.dumps(document))


def test_what_only_the_rules_changed_is_one_line_until_an_update_renews_it(linbench, committed):
    as_rules_1(committed, "stalled")
    result = linbench("gate")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "2 cases: 1 as committed, 1 changed by rules alone (float64 · 40 epochs · full batch · target 1e-06), "
        "compared with baseline/convergence.json\n"
        "the rule of `stalled` changed with rules 2: 1 case; renew the baseline with gate --update --reason …\n"
    )
    assert linbench("gate --update --reason 'rules 2'").stdout.splitlines() == [
        f"{ADAM}: status: stalled → budget",
        "rules: 1 → 2",
        "baseline/convergence.json: 1 of 2 cases changed",
    ]
    assert linbench("gate").stdout.startswith("2 cases: 2 as committed (")


def test_a_drift_under_older_rules_fails_as_ever(linbench, committed):
    as_rules_1(committed, "stalled")
    edit(committed, drift)
    result = linbench("gate --format json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["advice"] == []
    assert [one["what"] for one in json.loads(result.stdout)["findings"]] == ["status", "final cost"]


def test_another_status_under_the_rules_of_today_is_drift(linbench, committed):
    edit(committed, lambda cases: cases[ADAM].update(status="stalled"))
    assert linbench("gate").exit_code == 1


def test_a_baseline_of_newer_rules_is_one_line_and_stays_as_it_is(linbench, committed):
    committed.write_text(committed.read_text().replace('"rules": 2', '"rules": 3'))
    before = committed.read_text()
    for command in ("gate", "gate --update --reason x"):
        result = linbench(command)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == (
            "linbench: baseline/convergence.json was written by a newer linbench: it is of rules 3, and this linbench "
            "knows rules up to 2; upgrade linbench\n"
        )
    assert committed.read_text() == before


def test_advice_is_an_annotation_and_in_the_summary(linbench, committed, monkeypatch, tmp_path):
    as_rules_1(committed, "stalled")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = linbench("gate")
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("::warning title=linbench gate%3A rules::the rule of `stalled` changed with rules 2: 1 case")
    assert "the rule of \\`stalled\\` changed with rules 2: 1 case" in summary.read_text()


def test_an_optimizer_of_an_import_path_keeps_its_case_under_its_own_default_lr(linbench):
    suite("sgd", "torch.optim.SGD:lr=0.01")
    linbench("gate --update --reason first")
    BASELINE.write_text(BASELINE.read_text().replace('  "rules": 2,\n', ""))
    suite("sgd", "torch.optim.SGD")
    result = linbench("gate")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == (
        "the default lr changed with rules 2: 1 case (torch.optim.SGD:lr=0.01 → torch.optim.SGD:lr=0.001); renew the "
        "baseline with gate --update --reason …"
    )


def test_only_what_is_selected_is_compared_and_updated(linbench, committed):
    edit(committed, lambda cases: [case.update(final_cost=1.0) for case in cases.values()])
    assert linbench("gate --only '*rmsprop*'").exit_code == 2
    result = linbench("gate --only '*adam*' --format json")
    assert (result.exit_code, json.loads(result.stdout)["cases"]) == (1, 1)
    assert linbench("gate --update --only '*adam*' --reason some").exit_code == 0
    assert linbench("gate --only '*adam*'").exit_code == 0
    assert linbench("gate --only '*sgd*'").exit_code == 1


def test_a_case_that_is_new_or_gone_cannot_be_compared(linbench, committed):
    suite("sgd", "rmsprop")
    result = linbench("gate --format json")
    assert result.exit_code == 3
    assert [finding["kind"] for finding in json.loads(result.stdout)["findings"]] == ["removed", "new"]
    linbench("gate --update --reason more")
    assert linbench("gate").exit_code == 3  # what is gone is kept
    linbench("gate --update --prune --reason less")
    assert linbench("gate").exit_code == 0
    assert len(json.loads(committed.read_text())["cases"]) == 2


def test_another_suites_baseline_is_one_line(linbench, committed):
    suite("sgd", "adam", more="seeds = '7,8'\n")
    result = linbench("gate")
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
    assert "no case in common" in result.stderr


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99, "cases": {}}', '{"schema": 1, "schema": 1}', "NaN"])
def test_a_damaged_baseline_is_one_line_and_stays_as_it_is(linbench, committed, text):
    committed.write_text(text)
    for command in ("gate", "gate --update --reason x"):
        result = linbench(command)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (3, "", 1)
        assert committed.read_text() == text


def test_a_missing_baseline_says_how_to_make_it(linbench):
    result = linbench("gate")
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
    assert "--update" in result.stderr


def test_a_baseline_is_written_inside_the_project_only(linbench, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "baseline.json"
    result = linbench(f"gate --update --reason x --baseline {outside}")
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
    assert not outside.exists()
    assert linbench("gate --update --reason x --baseline here.json").exit_code == 0
    assert linbench("gate --baseline here.json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--update", "needs a reason"),
        ("--update --reason ' '", "needs a reason"),
        ("--prune", "--prune is for --update"),
        ("--reason x", "--reason is for --update"),
        ("--update --reason x --format json", "--format is for comparing"),
        ("--update --reason x --junit gate.xml", "--junit is for comparing"),
        ("--junit no/such/folder/gate.xml", "'--junit': there is no folder 'no/such/folder'"),
        ("--suite missing.toml", "does not exist"),
        ("--format xml", "is not one of"),
    ],
)
def test_mistakes_are_one_line(linbench, arguments, said):
    result = linbench(f"gate {arguments}")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert said in result.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [("optimisers = 'sgd'\n", "did you mean 'optimizers'"), ("epochs = 0\n", "TOML"), ("target = 0\n", "target must")],
)
def test_a_mistake_in_the_suite_is_one_line(linbench, more, said):
    suite("sgd", more=more)
    result = linbench("gate")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert said in result.stderr


def test_ci_updates_nothing(linbench, committed, monkeypatch):
    before = committed.read_bytes()
    monkeypatch.setenv("CI", "true")
    result = linbench("gate --update --reason x")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert committed.read_bytes() == before
    assert linbench("gate").exit_code == 0


def test_a_plugins_edit_is_caught_and_its_crash_is_told_apart(linbench, plugin, mine):
    suite("sgd", "mine")
    committed, same, edited = (plugin(mine(factor), name) for factor, name in ((1.0, "a"), (1, "b"), (1.001, "c")))
    assert linbench(f"gate --update --reason first --plugin {committed}").exit_code == 0
    assert linbench(f"gate --plugin {same}").exit_code == 0
    result = linbench(f"gate --plugin {edited}")
    assert result.exit_code == 1
    assert "mine:lr=0.01" in result.stdout
    crash = plugin(mine(before="raise ValueError('broken')"), "d")
    result = linbench(f"gate --format junit --plugin {crash}")
    assert result.exit_code == 4
    root = ElementTree.fromstring(result.stdout)
    assert (root.get("errors"), root.get("failures")) == ("1", "0")
    before = BASELINE.read_bytes()
    result = linbench(f"gate --update --reason no --plugin {crash}")
    assert (result.exit_code, BASELINE.read_bytes()) == (4, before)
    assert "ValueError: broken" in result.stderr


def test_under_github_actions_there_are_annotations_and_a_summary(linbench, committed, monkeypatch, tmp_path):
    edit(committed, drift)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = linbench("gate --format json")
    assert result.exit_code == 1
    json.loads(result.stdout)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"::error title=linbench gate%3A drift::{ADAM}: final cost was ")
    assert summary.read_text().startswith("before\n### linbench gate\n\n2 cases: 1 as committed, 1 drifted")
    committed.unlink()
    assert linbench("gate").stderr.splitlines()[1].startswith("::error title=linbench gate::there is no baseline")


def test_the_result_goes_where_it_is_asked_to(linbench, committed):
    assert linbench("gate --format markdown --output gate.md").stdout == ""
    assert Path("gate.md").read_text().startswith("### linbench gate\n")


def test_one_run_gives_a_table_and_a_junit_file(linbench, committed):
    edit(committed, drift)
    result = linbench("gate --junit gate.xml")
    assert (result.exit_code, result.stdout) == (1, linbench("gate").stdout)
    assert Path("gate.xml").read_text() == linbench("gate --format junit").stdout


def test_a_junit_file_that_cannot_be_written_fails_a_gate_that_is_fine(linbench, committed):
    result = linbench("gate --junit /dev/full")
    assert (result.exit_code, result.stdout) == (1, linbench("gate").stdout)
    assert result.stderr == "linbench: cannot write /dev/full: No space left on device\n"


def test_a_mistake_in_the_request_is_an_annotation_too(linbench, committed, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    annotation, line = linbench("gate --only '*rmsprop*'").stderr.splitlines()
    assert annotation == f"::error title=linbench gate::{line.removeprefix('linbench: ')}"


def test_the_help_of_the_gate_needs_no_torch(fresh):
    code = "import sys; from linbench.cli.main import main; main(['gate', '--help'], standalone_mode=False)"
    process = fresh(f"{code}; sys.exit('torch' in sys.modules)")
    assert (process.returncode, process.stderr) == (0, "")


def test_the_formats_offered_are_those_there_are():
    from linbench.cli import gate
    from linbench.gate import rendering

    assert tuple(rendering.FORMATS) == gate.FORMATS


def test_a_new_case_that_is_selected_alone_is_named(linbench, committed):
    suite("sgd", "adam", "rmsprop")
    result = linbench("gate --only '*rmsprop*'")
    assert result.exit_code == 3
    assert "add it with --update" in result.stdout


@pytest.fixture
def uninstallable():
    """A repository of a project that no build system can build, and a Python that is none."""
    Path("broken").write_text("#!/bin/sh\nexit 1\n")
    Path("broken").chmod(0o755)
    Path("pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "nosuch"\n')
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "some"]):
        subprocess.run([*git, *words], check=True)


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("", "there are no step times in"),
        ("--against ./broken", "a process that measures step times failed in"),
        ("--against HEAD", "cannot install"),
    ],
)
def test_step_times_that_cannot_be_compared_fail_only_a_gate_that_they_gate(
    linbench, committed, uninstallable, against, said
):
    advised = linbench(f"gate --timing advisory {against}")
    assert (advised.exit_code, advised.stderr) == (0, "")
    assert f"\nstep times: {said}" in advised.stdout
    assert advised.stdout.endswith("; advice only\n")
    gated = linbench(f"gate --timing gate {against}")
    assert gated.exit_code == 3
    assert said in gated.output
