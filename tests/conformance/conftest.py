"""The built-in components, and what came of checking one optimizer."""

import sys
from pathlib import Path

import pytest

from linbench.conformance.all_checks import CHECKS
from linbench.conformance.check import judge
from linbench.conformance.subject import subject_of
from linbench.plugins.manager import load_plugins

sys.path.insert(0, str(Path(__file__).parent))  # for broken.py, which plays a third party's module


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No verdict of another run may decide a test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="session")
def catalog():
    """The built-in components only, whatever else is installed."""
    return load_plugins(environ={"LINBENCH_PLUGINS": ""}).catalog


@pytest.fixture
def verdicts(catalog):
    """`verdicts(optimizer)`: the verdict of every check, by its name."""

    def run(optimizer, reductions=(), **params):
        subject = subject_of(catalog, optimizer, params, reductions)
        return {verdict.name: verdict for verdict in (judge(subject, check) for check in CHECKS)}

    return run
