"""What the tests of several layers share."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from linbench import Record, Status
from linbench.plugins.manager import load_plugins

settings.register_profile("linbench", deadline=None)  # a slow moment of a busy machine is no failure
settings.load_profile("linbench")

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True, scope="session")
def _no_store():
    """No test writes to the user's store, nor a fixture of a module; set and empty, LINBENCH_STORE means none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINBENCH_STORE", "")
        yield


@pytest.fixture(scope="session")
def catalog():
    """The built-in components only, whatever else is installed."""
    return load_plugins(environ={"LINBENCH_PLUGINS": ""}).catalog


@pytest.fixture(scope="session")
def make_record():
    """Record(…) with every field filled in; each one has a key of its own."""
    numbers = itertools.count()

    def make(**fields):
        ordinary = {
            "key": f"key-{next(numbers)}",
            "problem": "study-hours",
            "model": "manual",
            "optimizer": "sgd",
            "params": {"lr": 0.01},
            "device": "cpu",
            "dtype": "float32",
            "seed": 0,
            "epochs": 2000,
            "batch_size": None,
            "target": 1e-6,
            "engine": "serial",
            "status": Status.BUDGET,
            "reason": "2000 epochs used up before the target",
            "epochs_run": 2000,
            "evaluations": 2000,
            "initial_cost": 5681.25,
            "final_cost": 46.876,
            "best_cost": 46.876,
            "optimum_cost": 46.875,
            "gap": 0.001,
            "relative_gap": 1.77e-7,
            "weight": [[12.529]],
            "bias": [42.415],
        }
        return Record(**{**ordinary, **fields})

    return make


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install distributions by name and source: `name-1.0` with one module, which is its linbench entry point.

    A name with a colon, `name:attribute`, has that attribute of the module for its entry point.
    """
    folder = tmp_path / "site-packages"

    def write(sources):
        for entry, source in sources.items():
            name, _, attribute = entry.partition(":")
            info = folder / f"{name}-1.0.dist-info"
            info.mkdir(parents=True)
            (folder / f"{name}_module.py").write_text(f"from linbench import Component, Problem, hookimpl\n{source}")
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            target = f"{name}_module:{attribute}" if attribute else f"{name}_module"
            (info / "entry_points.txt").write_text(f"[linbench]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(folder)
        return folder

    yield write
    for name, module in sys.modules.copy().items():  # at once: collecting garbage may import something
        if Path(getattr(module, "__file__", None) or "").parent == folder:
            del sys.modules[name]


class Repository:
    """A repository of git with a plugin in one file, `mine.py`, whose optimizer `mine` may step several times."""

    PLUGIN = """
import torch
from linbench import Component, hookimpl

EXTRA = {extra}

class Mine(torch.optim.SGD):
    def step(self, closure=None):
        for _ in range(1 + EXTRA):
            result = super().step(closure)
        return result

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", name, Mine if name == "mine" else torch.optim.Adam) for name in ("mine", "theirs")]
"""

    def __init__(self, folder):
        self.folder = folder

    def git(self, *words):
        """Run git there, whatever the user's configuration says; returns what it prints."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"]
        command = ["git", *identity, "-C", str(self.folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def write(self, **files):
        """Files by their names without the suffix .py."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def plugin(self, extra):
        """A plugin whose `mine` steps once, and `extra` times more."""
        self.write(mine=self.PLUGIN.format(extra=extra))

    def commit(self):
        """All that is there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "some")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit, as the current directory, without traces of CI."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    made = Repository(tmp_path)
    made.plugin(0)
    made.git("init", "--quiet")
    made.commit()
    yield made
    sys.modules.pop("mine", None)
