"""The imports of a command: nothing that it does not need."""

import json
import subprocess
import sys

import click
import pytest

import linbench
from linbench.cli.main import COMMANDS, main

# Runs the command line as the installed script does, then says on stderr what has been imported.
RUN = """
import json, sys
{before}
from linbench.cli.main import main
try:
    main(sys.argv[1:], prog_name="linbench")
except SystemExit as exit:
    code = exit.code
imported = [name for name in {watched!r} if sys.modules.get(name) is not None]
print(json.dumps({{"code": code, "imported": imported}}), file=sys.stderr)
"""

HEAVY = ["torch", "numpy", "rich", "sklearn"]
RECORDS = ["linbench.core.outcome.record", "linbench.results.serialize", "linbench.core.request.plan"]
METADATA = ["importlib.metadata", "tabulate", "pluggy", "platformdirs"]  # of what is installed; tabulate reads it too
REAL_DYNAMO = "torch._dynamo.eval_frame"


@pytest.fixture
def run(fresh):
    """Run a command line; returns its stdout, and which of the watched modules it imported."""

    def started(arguments, watched, before="", **environment):
        process = fresh(RUN.format(before=before, watched=watched), *arguments, LINBENCH_PLUGINS="", **environment)
        *notices, facts = process.stderr.splitlines()
        assert notices == []
        facts = json.loads(facts)
        assert facts["code"] == 0
        return process.stdout, facts["imported"]

    return started


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "compare"),
        (["--version"], "linbench 0."),
        (["list"], "sgd"),
        (["list", "optimizers"], "adam"),
        (["plugins"], "linbench.optimizers"),
        (["compare", "--help"], "--optimizers"),
        (["explain", "--help"], "PROBLEM"),
    ],
)
def test_what_needs_no_torch_imports_none(run, arguments, said):
    stdout, imported = run(arguments, HEAVY)
    assert said in stdout
    assert imported == []


def test_help_imports_no_command(run):
    stdout, imported = run(["--help"], [f"linbench.cli.{name}" for name in COMMANDS])
    assert "the committed baseline." in stdout
    assert imported == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_each_command_what_it_says_first_itself(name):
    command = main.get_command(click.Context(main), name)
    assert command.get_short_help_str(limit=1000) == COMMANDS[name]


def test_listing_components_hashes_nothing(run):
    _, imported = run(["list"], ["hashlib", "linbench.core.request.content"])
    assert imported == []


def test_as_a_module_it_is_the_same_command():
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "linbench", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert process.stdout.startswith("linbench 0.")
    imported = {line.rpartition("|")[2].strip() for line in process.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A store with two runs."""
    path = tmp_path_factory.mktemp("store") / "runs.sqlite"
    for optimizers in ("sgd,adam:lr=0.1", "sgd"):
        linbench.compare(optimizers, "manual", epochs=3, trajectories=True, timing=False, store=path)
    return path


@pytest.mark.parametrize(
    ("command", "needless", "said"),
    [
        ("list", [*HEAVY, *RECORDS, *METADATA], "sgd, adam"),
        ("show last-1", ["torch", "scipy", "rich", "pluggy"], "adam:lr=0.1"),
        ("diff last-1", [*HEAVY, "scipy", "pluggy"], "only in run 1: 1"),
        ("export", [*HEAVY, "scipy", "pluggy", "tabulate"], '"records"'),
    ],
)
def test_what_is_asked_of_stored_runs_imports_only_what_it_needs(run, stored, command, needless, said):
    stdout, imported = run(["runs", *command.split()], needless, LINBENCH_STORE=str(stored))
    assert said in stdout
    assert imported == []


def test_a_report_of_stored_runs_imports_no_torch(run, stored, tmp_path):
    page = tmp_path / "report.html"
    _, imported = run(["report", "--output", str(page)], ["torch", "scipy", "rich"], LINBENCH_STORE=str(stored))
    assert "Cost curves" in page.read_text(encoding="utf-8")
    assert imported == []


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("linbench co", "plain,compare"),
        ("linbench compare --opt", "plain,--optimizers"),
        ("linbench ", "plain,plugins"),
    ],
)
def test_shell_completion_imports_no_torch(run, words, completed):
    position = len(words.split(" ")) - 1
    stdout, imported = run([], HEAVY, _LINBENCH_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(position))
    assert completed in stdout.splitlines()
    assert imported == []


def test_importing_linbench_imports_nothing_of_its_own(fresh):
    process = fresh(
        "import sys, linbench; print([n for n in sys.modules if n.startswith(('linbench.', 'torch', 'click'))])"
    )
    assert (process.stdout, process.stderr) == ("[]\n", "")


def test_the_default_matrix_imports_neither_a_compiler_nor_a_progress_bar(run):
    stdout, imported = run(["compare", "--epochs", "3"], [REAL_DYNAMO, "torch._inductor", "rich", "sklearn", "torch"])
    assert stdout.count("sgd:lr=0.01 ") == 2
    assert imported == ["torch"]


def test_numpy_is_not_needed(run):
    stdout, imported = run(
        ["compare", "--epochs", "3", "--predict", "5", "--trajectories", "--format", "json"],
        ["numpy"],
        before="sys.modules['numpy'] = None  # an import of it fails from here on",
    )
    assert [record["status"] for record in json.loads(stdout)["records"]] == ["budget"] * 6
    assert imported == []
