"""The composite action: what it hands to the command, and what becomes of it; its script is run as GitHub runs it."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from linbench.cli.gate import command as gate
from linbench.cli.main import main

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(STEP,) = ACTION["runs"]["steps"]
DEFAULTS = {name: one["default"] for name, one in ACTION["inputs"].items()}
EXPRESSION = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")

TEXTS = ["against", "suite", "baseline", "only", "plugins", "junit"]
HOSTILE = [
    "two words",
    'it\'s "quoted" \\ and `touch pwned`',
    "$(touch pwned)",
    "${HOME} $HOME ~",
    "; touch pwned; #",
    "&& touch pwned",
    "> pwned",
    "-x",
    "--update",
    "*",
    "é … \t tab",
]
STAND_IN = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
Path(os.environ["TOLD"]).write_text(json.dumps(sys.argv[1:]))
sys.exit(int(os.environ.get("STAND_IN_EXIT", 0)))
"""


@pytest.fixture
def act(tmp_path, monkeypatch):
    """Run the step with these inputs, in an empty folder, as a runner does; returns the finished process."""
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    script = tmp_path / "script.sh"
    script.write_text(STEP["run"], encoding="utf-8")

    def run(inputs, **environ):
        assert inputs.keys() <= DEFAULTS.keys()
        given = DEFAULTS | inputs
        variables = {name: EXPRESSION.sub(lambda match: given[match[1]], text) for name, text in STEP["env"].items()}
        files = {f"GITHUB_{name}": str(tmp_path / name.lower()) for name in ("OUTPUT", "STEP_SUMMARY")}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder / EXPRESSION.sub(lambda match: given[match[1]], STEP["working-directory"]),
            env={**os.environ, "CI": "true", "GITHUB_ACTIONS": "true", **files, **environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def told(act, tmp_path):
    """The arguments that a stand-in for Python gets, where the inputs are these."""
    python = tmp_path / "bin $(touch pwned)" / "py thon"
    python.parent.mkdir()
    python.write_text(STAND_IN)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)

    def run(inputs, code=0):
        place = tmp_path / "told.json"
        process = act({"python": str(python), **inputs}, TOLD=str(place), STAND_IN_EXIT=str(code))
        assert (process.returncode, process.stdout, process.stderr) == (code, "", "")
        assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
        (tmp_path / "output").unlink()
        assert list(tmp_path.rglob("pwned")) == []
        python_options, arguments = (found := json.loads(place.read_text()))[:3], found[3:]
        assert python_options == ["-P", "-m", "linbench"]
        return arguments

    return run


def test_expressions_are_in_no_script_and_every_input_has_a_variable():
    assert ACTION["runs"]["using"] == "composite"
    assert STEP["shell"] == "bash"
    assert "${{" not in STEP["run"]
    values = [*STEP["env"].values(), STEP["working-directory"]]
    assert sorted(values) == sorted(f"${{{{ inputs.{name} }}}}" for name in DEFAULTS)
    assert all(f'"${name}"' in STEP["run"] for name in STEP["env"])
    assert ACTION["outputs"]["exit-code"]["value"] == "${{ steps.gate.outputs.exit-code }}"
    assert STEP["id"] == "gate"


def test_the_action_uses_no_other_and_every_input_and_output_is_described():
    assert "uses" not in STEP
    assert all(one["description"] for one in [*ACTION["inputs"].values(), *ACTION["outputs"].values()])


def test_without_inputs_it_is_the_bare_command(told):
    assert told({}) == ["gate"]


def test_the_command_understands_all_that_it_is_told(told):
    Path("suite.toml").touch()
    inputs = {
        "against": "v1.0~3^{commit}",
        "timing": "gate",
        "strict-timing": "true",
        "suite": "suite.toml",
        "baseline": "base line.json",
        "only": "*adam* · [x]",
        "plugins": "one.py\n\n  two words.py  \nthree\n",
        "junit": "junit.xml",
    }
    name, *arguments = told(inputs)
    params = main.get_command(None, name).make_context(name, arguments).params
    assert {key: value for key, value in params.items() if value not in (None, False, ())} == {
        "against": "v1.0~3^{commit}",
        "timing": "gate",
        "strict_timing": True,
        "suite": Path("suite.toml"),
        "baseline": Path("base line.json"),
        "only": "*adam* · [x]",
        "plugins": ("one.py", "two words.py", "three"),
        "junit": Path("junit.xml"),
        "format_": "table",
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_as_it_is(told, text):
    arguments = told(dict.fromkeys(TEXTS, text))
    assert sorted(arguments) == sorted(
        ["gate", *(f"--{name}={text}" for name in TEXTS if name != "plugins"), f"--plugin={text}"]
    )


def test_several_lines_are_one_argument_but_for_plugins_which_are_one_a_line(told):
    text = "first\n$(touch pwned)\n--update"
    assert told({"only": text}) == ["gate", f"--only={text}"]
    assert told({"plugins": text}) == ["gate", "--plugin=first", "--plugin=$(touch pwned)", "--plugin=--update"]


@pytest.mark.parametrize("code", range(6))
def test_the_exit_code_is_that_of_the_command(told, code):
    told({}, code=code)


def test_the_action_runs_where_it_is_told_to(told):
    Path("sub folder").mkdir()
    Path("sub folder/here.toml").touch()
    assert told({"working-directory": "sub folder", "suite": "here.toml"}) == ["gate", "--suite=here.toml"]


@pytest.mark.parametrize("text", ["yes", "True", "$(touch pwned)"])
def test_a_boolean_is_true_or_false(act, tmp_path, text):
    process = act({"strict-timing": text, "python": "no-such-python"})
    assert (process.returncode, process.stderr) == (2, "")
    assert process.stdout == "::error title=linbench gate::strict-timing must be true or false\n"
    assert (tmp_path / "output").read_text() == "exit-code=2\n"


def test_a_python_that_is_not_there_fails(act, tmp_path):
    assert act({"python": "no-such-python"}).returncode == 127
    assert (tmp_path / "output").read_text() == "exit-code=127\n"


def test_the_whole_way_as_committed_and_drifted(act, tmp_path):
    Path("linbench.toml").write_text(
        '[gate]\noptimizers = "sgd"\nmodels = "manual"\nproblems = "study-hours"\nepochs = 20\n'
    )
    assert CliRunner().invoke(main, ["gate", "--update", "--reason", "first"]).exit_code == 0
    inputs = {"python": sys.executable, "junit": "junit.xml"}
    process = act(inputs)
    last = "(float64 · 20 epochs · full batch · target 1e-06), compared with baseline/convergence.json\n"
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == f"1 case: 1 as committed {last}"
    assert outcome(tmp_path) == ("exit-code=0\n", ("1", "0"))
    assert (tmp_path / "step_summary").read_text().startswith("### linbench gate\n\n1 case: 1 as committed ")

    baseline = Path("baseline/convergence.json")
    document = json.loads(baseline.read_text())
    (case,) = document["cases"].values()
    case["final_cost"] *= 1.001
    baseline.write_text(json.dumps(document))
    for name in ("output", "step_summary"):
        (tmp_path / name).unlink()
    process = act(inputs)
    assert process.returncode == 1
    assert process.stdout.endswith(f"\n\n1 case: 0 as committed, 1 drifted {last}")
    (line,) = process.stderr.splitlines()
    assert line.startswith("::error title=linbench gate%3A drift::study-hours · manual · sgd:lr=0.01 · ")
    assert outcome(tmp_path) == ("exit-code=1\n", ("1", "1"))
    assert "| final cost |" in (tmp_path / "step_summary").read_text()


def outcome(place):
    """The step's outputs; how many tests the JUnit file has, and how many failures."""
    root = ElementTree.parse("junit.xml").getroot()
    return (place / "output").read_text(), (root.get("tests"), root.get("failures"))


def workflows():
    """Every workflow of this repository and of the documentation, with its name."""
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        yield pytest.param(yaml.safe_load(path.read_text(encoding="utf-8")), id=path.name)
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.S | re.M)
    for number, block in enumerate(blocks):
        document = yaml.safe_load(block)
        if isinstance(document, dict) and "jobs" in document:
            yield pytest.param(document, id=f"docs/ci.md, block {number}")


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", list(workflows()))
def test_workflows_may_only_read_and_give_the_action_inputs_that_it_has(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    ours = [step for step in steps_of(workflow) if re.fullmatch(r"\./|\S+/linbench@\S+", step.get("uses", ""))]
    assert len(ours) == 1
    given = ours[0].get("with", {})
    assert given.keys() <= DEFAULTS.keys()
    if "against" in given:
        (checkout,) = (step for step in steps_of(workflow) if step.get("uses", "").startswith("actions/checkout@"))
        assert checkout["with"] == {"fetch-depth": 0}


def commands_of_the_page():
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^\s*(?:- (?:run: )?)?linbench (gate\b.*)$", text, re.M)


@pytest.mark.parametrize("words", commands_of_the_page())
def test_commands_of_the_page_are_understood(words):
    assert gate.make_context("gate", shlex.split(words)[1:]).params["format_"]
