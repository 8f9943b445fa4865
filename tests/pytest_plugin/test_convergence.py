"""`linbench_gate` in a test: fails where an optimizer does not train as it was committed, and says how."""

import json

import pytest

MINE = 'linbench_gate("mine", plugins="mine.py")'
LABEL = "study-hours · manual · {} · seed 0 · float64 · 40 epochs · full batch · target 1e-06"


def cases(path):
    return json.loads(path.read_text())["cases"]


def edit(path, label):
    """Make what was committed of a case another number."""
    document = json.loads(path.read_text())
    document["cases"][LABEL.format(label)]["final_cost"] *= 2
    path.write_text(json.dumps(document))


def test_without_a_baseline_a_test_fails_with_one_line(project, failure):
    project.tests(sgd='linbench_gate("sgd")')
    said = f"there is no baseline {project.baseline}: make one with pytest --linbench-update"
    assert failure(project.run()) == said
    assert not project.baseline.exists()


def test_an_update_writes_it_with_its_reason_and_then_the_test_passes(project):
    project.plugin()
    project.tests(mine=MINE)
    label = LABEL.format("mine:lr=0.01")
    result = project.update("--linbench-reason", "the first")
    result.stdout.fnmatch_lines([f"test_mine.py::test_mine: {label}: the case: not in the baseline → budget"])
    assert {name: case["reason"] for name, case in cases(project.baseline).items()} == {label: "the first"}
    before = project.baseline.read_bytes()
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*linbench ==*")
    project.update("--linbench-reason", "another")
    assert project.baseline.read_bytes() == before


def test_a_drift_fails_the_test_and_names_what_was_and_is(project, failure):
    project.plugin()
    project.tests(mine=MINE)
    project.update()
    was = cases(project.baseline)[LABEL.format("mine:lr=0.01")]["final_cost"]
    project.plugin(factor=1.01)
    first, *findings, last = failure(project.run()).splitlines()
    assert first == "linbench gate: 1 case: 0 as committed, 1 drifted"
    assert [line.partition(" was ")[0] for line in findings] == [
        f"{LABEL.format('mine:lr=0.01')}: {what}" for what in ("final cost", "parameters")
    ]
    assert f" was {was:.10g}, is " in findings[0]
    assert last == "to acknowledge what changed: pytest --linbench-update"
    project.update()
    project.run().assert_outcomes(passed=1)


def test_a_crash_fails_the_test_and_cannot_be_acknowledged(project, failure):
    project.plugin()
    project.tests(mine=MINE)
    project.update()
    before = project.baseline.read_bytes()
    project.plugin(before="raise ValueError('broken')")
    first, finding = failure(project.run()).splitlines()
    assert first == "linbench gate: 1 case: 0 as committed, 1 crashed"
    assert finding.endswith("status was budget, is error: ValueError: broken")
    assert failure(project.run("--linbench-update")).startswith("not updated: ")
    assert project.baseline.read_bytes() == before


def test_only_what_a_test_asks_for_is_compared_and_updated(project):
    project.tests(sgd='linbench_gate("sgd")', adam='linbench_gate("adam", lr=(0.1, 0.2))')
    project.update()
    assert list(cases(project.baseline)) == [LABEL.format(one) for one in ("adam:lr=0.1", "adam:lr=0.2", "sgd:lr=0.01")]
    edit(project.baseline, "sgd:lr=0.01")
    edit(project.baseline, "adam:lr=0.2")
    damaged = cases(project.baseline)
    project.run("test_sgd.py").assert_outcomes(failed=1)
    project.update("test_adam.py")
    assert cases(project.baseline)[LABEL.format("sgd:lr=0.01")] == damaged[LABEL.format("sgd:lr=0.01")]
    project.run().assert_outcomes(passed=1, failed=1)


def test_a_case_that_is_new_fails_its_test_only(project, failure):
    project.tests(sgd='linbench_gate("sgd")')
    project.update()
    project.tests(adam='linbench_gate("adam")')
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result = project.run("test_adam.py")
    first, finding, last = failure(result).splitlines()
    assert first == "linbench gate: 1 case: 0 as committed, 1 new"
    assert "was not in the baseline, is budget" in finding
    assert "--linbench-update" in last


def test_what_only_the_rules_changed_is_a_note_of_a_test_that_passes(project):
    project.tests(sgd='linbench_gate("sgd")', adam='linbench_gate("adam")')
    project.update()
    document = json.loads(project.baseline.read_text())
    del document["rules"]
    for case in document["cases"].values():
        case["status"] = "stalled"
    project.baseline.write_text(json.dumps(document))
    result = project.run()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "2 tests: the rule of `stalled` changed with rules 2: 1 case; "
            "renew the baseline with pytest --linbench-update"
        ]
    )
    project.update("test_sgd.py").stdout.fnmatch_lines(["test_sgd.py::test_sgd: rules: 1 → 2"])
    project.run().stdout.fnmatch_lines(["test_adam.py::test_adam: the rule of `stalled` changed with rules 2: *"])
    project.update()
    project.run().stdout.no_fnmatch_line("*changed with rules*")


def test_without_arguments_it_is_the_whole_suite_with_what_is_gone(project, failure):
    project.tests(all="linbench_gate()")
    project.update()
    assert list(cases(project.baseline)) == [LABEL.format("adam:lr=0.01"), LABEL.format("sgd:lr=0.01")]
    project.run().assert_outcomes(passed=1)
    project.suite("sgd")
    first, finding = failure(project.run()).splitlines()
    assert first == "linbench gate: 2 cases: 1 as committed, 1 not in the suite any more"
    assert finding.endswith("--update --prune drops it")


def test_keywords_stand_for_keys_of_the_suite(project):
    project.tests(short='linbench_gate("sgd", epochs=7, seeds=[3], dtype="float32", models=("linear",))')
    project.update()
    assert list(cases(project.baseline)) == [
        "study-hours · linear · sgd:lr=0.01 · seed 3 · float32 · 7 epochs · full batch · target 1e-06"
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('linbench_gate("sgd", epoch=9)', "unknown key 'epoch' of linbench_gate(): did you mean 'epochs'?"),
        ('linbench_gate("sgd", epochs="9")', "linbench_gate(): epochs must be a whole number, not '9'"),
        ('linbench_gate("sgd", epochs=0)', "epochs must be at least 1, not 0"),
        ('linbench_gate("sgd", optimizers="adam")', "linbench_gate() has its optimizers twice"),
        ("linbench_gate(42)", "linbench_gate(): optimizers must be a spec or a list of specs, not [42]"),
        ('linbench_gate("sdg")', "unknown optimizer 'sdg': did you mean 'sgd'?"),
        ('linbench_gate("sgd:learning=1")', "unknown parameter 'learning' of optimizer 'sgd'"),
        ('linbench_gate("sgd", plugins="gone.py")', "plugin 'gone.py' cannot be loaded: "),
    ],
)
def test_a_mistake_in_the_call_is_a_failure_in_one_line(project, failure, call, said):
    project.tests(mistake=call)
    text = failure(project.run())
    assert text.startswith(said)
    assert "\n" not in text


def test_a_plugins_file_is_found_from_wherever_pytest_was_started(project, monkeypatch):
    project.plugin()
    project.tests(mine=MINE)
    project.update()
    (project.path / "elsewhere").mkdir()
    monkeypatch.chdir(project.path / "elsewhere")
    project.run("..").assert_outcomes(passed=1)


def test_the_baseline_lies_where_the_configuration_says(project, failure):
    project.pytester.makeini("[pytest]\nlinbench_baseline = kept/mine.json\n")
    project.tests(sgd='linbench_gate("sgd")')
    assert f"there is no baseline {project.path / 'kept' / 'mine.json'}:" in failure(project.run())
    project.update()
    assert list(cases(project.path / "kept" / "mine.json")) == [LABEL.format("sgd:lr=0.01")]
    assert not project.baseline.exists()
    project.run().assert_outcomes(passed=1)


def test_a_baseline_is_written_inside_the_project_only(project, failure, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "baseline.json"
    project.pytester.makeini(f"[pytest]\nlinbench_baseline = {outside}\n")
    project.tests(sgd='linbench_gate("sgd")')
    assert "a baseline is written inside" in failure(project.run("--linbench-update"))
    assert not outside.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--linbench-update", "-n2"], "--linbench-update writes one file: run it without xdist, -n 0"),
        (["--linbench-update", "--linbench-reason", "a\nb"], "--linbench-reason must be one line of text"),
        (["--linbench-update", "--linbench-reason", " "], "--linbench-reason must be one line of text"),
        (["--linbench-reason", "why"], "--linbench-reason is for --linbench-update"),
    ],
)
def test_an_update_that_cannot_be_is_refused_before_anything_runs(project, arguments, said):
    project.tests(sgd='linbench_gate("sgd")')
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert not project.baseline.exists()


def test_ci_updates_nothing(project, monkeypatch):
    project.tests(sgd='linbench_gate("sgd")')
    monkeypatch.setenv("CI", "true")
    result = project.run("--linbench-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --linbench-update: a baseline is not updated in CI, *"])
    assert not project.baseline.exists()
