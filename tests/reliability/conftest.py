"""Comparisons with a hostile plugin beside, and the same without it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import linbench
from linbench.cli.main import main

HOSTILE = Path(__file__).with_name("hostile_plugin.py")


@pytest.fixture(autouse=True)
def _no_installed_plugins(monkeypatch):
    """What else is installed on this machine must not change an output."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")


@pytest.fixture
def hostile():
    """The plugin file; forgotten afterwards."""
    yield str(HOSTILE)
    sys.modules.pop(HOSTILE.stem, None)


@pytest.fixture
def compared(hostile):
    """`compared("sgd", "hangs", …)` → what `linbench.compare` found, without times, as dictionaries."""

    def compare(*optimizers, **options):
        settings = {"models": "manual", "epochs": 20, "timing": False, "trajectories": True, **options}
        found = linbench.compare(list(optimizers), plugins=[hostile], **settings)
        sys.modules[HOSTILE.stem].put_back()
        return [untimed(record.to_dict()) for record in found]

    return compare


@pytest.fixture(scope="session")
def command(as_command):
    """`command("compare", …)` in a process of its own → the finished process, its streams as text."""

    def run(*arguments, **environment):
        return subprocess.run(
            as_command(*arguments),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def loaded_line(monkeypatch):
    """A comparison in this process, with the installed plugin of that name → its stdout and stderr."""

    def run(name, exit_code=0):
        monkeypatch.setenv("LINBENCH_PLUGINS", name)
        result = CliRunner().invoke(main, "compare -o sgd,adam --epochs 20 --no-timing --format json".split())
        assert result.exit_code == exit_code
        return result.stdout, result.stderr

    return run


@pytest.fixture(scope="session")
def records_of():
    """The records of a JSON document, without times."""
    return lambda text: [untimed(record) for record in json.loads(text)["records"]]


def untimed(record):
    return {key: value for key, value in record.items() if key not in ("step_time_us", "time_to_target_s")}
