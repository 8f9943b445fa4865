"""What a model, device, problem or reporter of a third party breaks stays with it, and is said in one line."""

import json
import shlex
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import linbench
from linbench.cli.main import main

PAGES = Path(__file__).parent.parent.parent / "docs" / "plugins"

GONE = "ModuleNotFoundError: No module named 'nowhere'"

ERRORS = [
    ("models", "gone", GONE),
    ("models", "raising", "ValueError: no such width"),
    ("models", "no-forward", "ValueError: no such width"),
    ("models", "wrong-type", "model 'wrong-type' made a str, not a torch.nn.Module"),
    ("models", "no-parameters", "ValueError: optimizer got an empty parameter list"),
    ("models", "exits", "SystemExit: 3"),
    ("devices", "off", "OSError: bus"),
    ("devices", "truthful", "unavailable() of a Truthful returned True, not a reason or None"),
    ("problems", "gone", GONE),
    ("problems", "raising", "KeyError: 'table'"),
    ("problems", "exits", "SystemExit: 3"),
]

REFUSALS = [
    ("devices", "gone", f"device 'gone' cannot be used: {GONE}"),
    ("devices", "raising", "device 'raising' cannot be used: ValueError: no such bus"),
    ("devices", "exits", "device 'exits' cannot be used: SystemExit: 3"),
    (
        "devices",
        "no-sync",
        "device 'no-sync' cannot be used: its target made a NoSync without 'synchronize', not a linbench.Device",
    ),
    (
        "devices",
        "wrong-type",
        "device 'wrong-type' cannot be used: its target made a str without 'torch_device', not a linbench.Device",
    ),
    (
        "devices",
        "text",
        "device 'text' cannot be used: its target made a Text whose torch_device is a str, not a torch.device",
    ),
    ("problems", "wrong-type", "problem 'wrong-type' made a dict, not a linbench.Problem"),
    ("problems", "no-number", "X holds values that are not finite"),
    ("format", "gone", f"cannot import reporter 'gone': {GONE}"),
]

REPORTS = [
    ("raising", "KeyError: 'colour'"),
    ("wrong-type", "TypeError: it returned a dict, not a str or bytes"),
    ("exits", "SystemExit: 3"),
]

BESIDE = {"models": "manual,{},linear", "devices": "cpu,{}", "problems": "study-hours,{},synthetic:n=9,d=2"}
GIVEN = {"optimizers": "sgd,adam", "models": "manual", "seeds": "2", "epochs": "10"}


@pytest.fixture
def third_party():
    """The file that offers all of them, good and bad; forgotten afterwards."""
    yield Path(__file__).with_name("third_party.py")
    sys.modules.pop("third_party", None)


@pytest.fixture
def compare(monkeypatch):
    """`compare(models="manual", …)` on the command line → its stdout, stderr and exit_code."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")

    def run(*plugins, **options):
        words = [word for name, value in {**GIVEN, **options}.items() for word in (f"--{name}", value)]
        words += [word for path in plugins for word in ("--plugin", str(path))]
        return CliRunner().invoke(main, ["compare", "--no-timing", *words])

    return run


def records_of(result):
    return json.loads(result.stdout)["records"]


def others(axis):
    """The specs beside which a bad one is compared, without it."""
    return BESIDE[axis].replace("{},", "").replace(",{}", "")


@pytest.fixture(scope="module")
def clean():
    """The records without any plugin, by axis; made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINBENCH_PLUGINS", "")
        made = {}
        for axis in BESIDE:
            options = {**GIVEN, axis: others(axis)}
            words = " ".join(f"--{name} {value}" for name, value in options.items())
            result = CliRunner().invoke(main, shlex.split(f"compare --no-timing --format json {words}"))
            made[axis] = records_of(result)
        return made


@pytest.mark.parametrize(("axis", "name", "reason"), ERRORS)
def test_a_component_that_fails_is_an_error_record_and_the_others_are_as_without_it(
    compare, third_party, clean, axis, name, reason
):
    result = compare(third_party, format="json", **{axis: BESIDE[axis].format(name)})
    assert result.exit_code == 1
    found = records_of(result)
    failed = [record for record in found if record[axis.removesuffix("s")] == name]
    assert {(record["status"], record["reason"]) for record in failed} == {("error", reason)}
    assert [record for record in found if record not in failed] == clean[axis]


@pytest.mark.parametrize(("axis", "name", "message"), REFUSALS)
def test_what_can_be_known_before_anything_runs_is_one_line_and_exits_with_2(compare, third_party, axis, name, message):
    result = compare(third_party, **{axis: BESIDE.get(axis, "{}").format(name)})
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line for line in result.stderr.splitlines() if line.startswith("linbench: ")] == [f"linbench: {message}"]
    assert result.stderr.splitlines()[-1] == f"linbench: {message}"


@pytest.mark.parametrize(("name", "reason"), REPORTS)
def test_a_report_that_cannot_be_made_leaves_the_table_and_exits_with_1(compare, third_party, name, reason):
    result = compare(third_party, format=name)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (f"linbench: reporter '{name}' failed: {reason}; the table goes to stdout")
    assert result.stdout == compare(format="table").stdout


def test_a_report_with_half_a_character_is_written_all_the_same(compare, third_party):
    result = compare(third_party, format="half")
    assert (result.exit_code, result.stdout) == (0, "?\n")


@pytest.mark.parametrize(
    ("page", "message"),
    [(axis, reason) for axis, name, reason in ERRORS if name != "exits"]
    + [("reporters" if axis == "format" else axis, message) for axis, name, message in REFUSALS if name != "exits"]
    + [("reporters", f"{name}' failed: {reason}") for name, reason in REPORTS if name != "exits"],
)
def test_the_messages_stand_in_the_docs(page, message):
    assert message in (PAGES / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("axis", BESIDE)
def test_a_good_one_prints_to_stderr_and_changes_no_other_record(compare, third_party, clean, axis):
    result = compare(third_party, format="json", **{axis: BESIDE[axis].format("good")})
    assert result.exit_code == 0
    found = records_of(result)
    own = [record for record in found if record[axis.removesuffix("s")] == "good"]
    assert {record["status"] for record in own} == {"budget"}
    assert [record for record in found if record not in own] == clean[axis]
    assert {"LOADED", {"models": "MADE", "devices": "ASKED", "problems": "BUILT"}[axis]} <= set(
        result.stderr.splitlines()
    )


@pytest.fixture
def default_dtype():
    before = torch.get_default_dtype()
    yield before
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("default_dtype")
@pytest.mark.parametrize("axis", ["models", "problems"])
def test_a_component_that_changes_the_default_dtype_changes_no_other_record(compare, third_party, axis):
    options = {"models": "linear", axis: BESIDE[axis].format("grabbing")}
    found = records_of(compare(third_party, format="json", **options))
    torch.set_default_dtype(torch.float32)
    without = records_of(compare(format="json", **{**options, axis: others(axis)}))
    assert [record for record in found if record[axis.removesuffix("s")] != "grabbing"] == without


def test_what_a_reporter_prints_is_not_in_its_report(compare, third_party):
    result = compare(third_party, format="good")
    assert (result.exit_code, result.stdout) == (0, "4 runs\n")
    assert result.stderr.splitlines() == ["LOADED", "REPORTED"]


def test_a_problem_that_fails_for_one_seed_is_compared_for_the_others(compare, third_party):
    result = compare(third_party, format="json", problems="raising-later", optimizers="sgd")
    assert result.exit_code == 1
    assert [(r["seed"], r["status"], r["reason"]) for r in records_of(result) if r["status"] == "error"] == [
        (1, "error", "KeyError: 'table'")
    ]


@pytest.mark.parametrize(
    ("kind", "name"), [("model", "manual"), ("device", "cpu"), ("problem", "study-hours"), ("reporter", "json")]
)
def test_a_name_that_is_taken_is_refused(compare, tmp_path, kind, name):
    path = tmp_path / f"claims_{kind}.py"
    path.write_text(
        "from linbench import Component, hookimpl\n"
        f"@hookimpl\ndef linbench_{kind}s(): return [Component({kind!r}, {name!r}, 'a:b')]\n"
    )
    result = compare(path)
    message = f"{kind} {name!r} is claimed by two plugins"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"linbench: {message}: 'linbench.{kind}s' and {str(path)!r}; leave one out with LINBENCH_PLUGINS\n"
    )
    assert message in (PAGES / f"{kind}s.md").read_text(encoding="utf-8").replace("\n", " ")


@pytest.mark.parametrize("kind", ["models", "devices", "problems", "reporters"])
@pytest.mark.parametrize("body", ["raise OSError('gone')", "return 'good'"])
def test_a_hook_that_fails_is_left_out_and_the_records_are_as_without_it(
    compare, clean, install, monkeypatch, kind, body
):
    install({"bad": f"import torch; torch.manual_seed(9)\n@hookimpl\ndef linbench_{kind}(): {body}\n"})
    monkeypatch.setenv("LINBENCH_PLUGINS", "bad")
    result = compare(format="json", models=others("models"))
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("linbench: plugin 'bad' failed and is left out: ")
    assert records_of(result) == clean["models"]


@pytest.mark.parametrize(
    ("axis", "path", "label"),
    [
        ("models", "third_party.Halved", "third_party.Halved"),
        ("devices", "third_party.Cpu", "third_party.Cpu"),
        ("devices", "third_party.Named", "bench:0"),
        ("problems", "third_party.two_rows", "third_party.two_rows"),
    ],
)
def test_an_import_path_needs_no_plugin(compare, third_party, monkeypatch, axis, path, label):
    monkeypatch.syspath_prepend(third_party.parent)
    result = compare(format="json", **{axis: path})
    assert result.exit_code == 0
    assert {record[axis.removesuffix("s")] for record in records_of(result)} == {label}
    assert compare(format="third_party.count", **{axis: path}).stdout == "4 runs\n"


# Devices, end to end.


def trained_on(third_party, devices, **options):
    options = {"models": "linear", "epochs": 10, "timing": False, "plugins": [str(third_party)], **options}
    return list(linbench.compare("sgd,adam", devices=devices, **options))


@pytest.mark.parametrize("engine", ["serial", "batched"])
@pytest.mark.parametrize(("device", "label"), [("good", "good"), ("named", "bench:0")])
def test_a_device_trains_as_the_torch_device_that_it_stands_for(third_party, device, label, engine):
    own, cpu = trained_on(third_party, device, engine=engine), trained_on(third_party, "cpu", engine=engine)
    assert [record.device for record in own] == [label] * 2
    for mine, theirs in zip(own, cpu, strict=True):
        same = {**mine.to_dict(), "device": "cpu", "key": theirs.key}
        assert same == theirs.to_dict()
        assert mine.key != theirs.key


def test_a_device_is_synchronized_for_times_only(third_party, capsys):
    trained_on(third_party, "good", timing=False)
    assert "SYNCHRONIZED" not in capsys.readouterr().out
    (record, _) = trained_on(third_party, "good", timing=True)
    assert record.step_time.median > 0
    printed = capsys.readouterr()
    assert "SYNCHRONIZED" in printed.out + printed.err


def test_a_device_that_is_not_there_is_skipped_with_its_reason(compare, third_party, clean):
    result = compare(third_party, format="json", devices="cpu,away")
    assert result.exit_code == 0
    found = records_of(result)
    away = [record for record in found if record["device"] == "away"]
    assert {(r["status"], r["reason"]) for r in away} == {("skipped", "it is in the other building")}
    assert [record for record in found if record not in away] == clean["devices"]


def test_a_device_that_cannot_synchronize_has_no_step_times(third_party):
    own, cpu = trained_on(third_party, "unsteady", timing=True)[0], trained_on(third_party, "cpu", timing=True)[0]
    assert (own.status, own.step_time) == ("budget", None)
    assert own.weight == cpu.weight
    assert cpu.step_time.median > 0
