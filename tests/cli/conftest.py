"""The command line as a user calls it, in this process; and in one of its own where the claim is about a process."""

import json
import os
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner

from linbench.cli.main import main


@pytest.fixture(autouse=True)
def _no_installed_plugins(monkeypatch):
    """Load no plugin that is installed on this machine: none may change an output."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")


@pytest.fixture
def linbench():
    """`linbench("compare -o sgd")` → its stdout, stderr and exit_code."""

    def run(arguments):
        return CliRunner().invoke(main, shlex.split(arguments))

    return run


@pytest.fixture
def refused(linbench):
    """Run a command that must be refused with one line; returns that line."""

    def run(arguments):
        result = linbench(arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("linbench: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("linbench: ").rstrip()

    return run


@pytest.fixture
def records(linbench):
    """The JSON records of `linbench compare …`, untimed, which must succeed."""

    def run(arguments):
        result = linbench(f"compare {arguments} --no-timing --format json")
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)["records"]

    return run


@pytest.fixture
def store_path(tmp_path, monkeypatch):
    """A path at which there is no store yet, as LINBENCH_STORE names it."""
    path = tmp_path / "store" / "runs.sqlite"
    monkeypatch.setenv("LINBENCH_STORE", str(path))
    return path


@pytest.fixture
def done(linbench, store_path):
    """Run a command that must succeed in silence; returns its stdout."""

    def run(arguments):
        result = linbench(arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return run


@pytest.fixture
def plugin(tmp_path):
    """Write a plugin file from its source and return its path."""

    def write(source, name="my_plugin"):
        path = tmp_path / f"{name}.py"
        path.write_text(f"from linbench import Component, Problem, hookimpl\n{source}")
        return path

    yield write
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def fresh():
    """Run Python code in a fresh interpreter; returns the finished process, its streams as text."""

    def run(code, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )

    return run
