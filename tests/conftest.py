"""What the tests of several layers share."""

import itertools
import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from linbench import Record, Status
from linbench.plugins.manager import load_plugins

# No deadline: a slow moment of a busy machine is no failure. Examples may share the functions that fixtures give here.
# Those of the daily run are the same every time, so that it fails for a change only; the long run hunts.
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.register_profile("daily", COMMON, max_examples=30, derandomize=True)
settings.register_profile("long", COMMON, max_examples=300, print_blob=True)

pytest_plugins = ["pytester"]


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run every test, those marked long included")


def pytest_configure(config):
    """Choose how many examples hypothesis draws, for the settings of modules that are imported from here on."""
    settings.load_profile("long" if runs_long(config) else "daily")


def runs_long(config):
    """Whether tests marked long are asked for, by --long or by an expression of marks that names them."""
    return config.getoption("--long") or "long" in config.getoption("markexpr")


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config, items):
    """Mark the cases outside of each sample as long, and leave long tests out unless they are asked for."""
    for item in outside_of_samples(items):
        item.add_marker("long")
    if not runs_long(config):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)


def outside_of_samples(items):
    """Yield the cases of every test marked `sampled` that its sample leaves out."""
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            cases[item.parent.nodeid, item.originalname].append(item)
    for (_, name), found in cases.items():
        keep = found[0].get_closest_marker("sampled").kwargs["keep"]
        yield from set(found).difference(draw_cases(found, keep, seed=name))


def draw_cases(cases, keep, seed):
    """Return `keep` cases of one test, with as many values of each parameter as fit; always the same for a seed."""
    remaining = random.Random(seed).sample(cases, len(cases))
    drawn, seen = [], set()
    while remaining and len(drawn) < keep:
        best = max(remaining, key=lambda case: len(values_of(case) - seen))
        remaining.remove(best)
        seen |= values_of(best)
        drawn.append(best)
    return drawn


def values_of(case):
    """The parameters of a case with their values, which all cases of a test share and which need not be hashable."""
    return {(name, id(value)) for name, value in case.callspec.params.items()}


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_the_user(tmp_path_factory):
    """No test reads or writes the user's store and cache; set and empty, LINBENCH_STORE means none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINBENCH_STORE", "")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """No verdict of another test may decide this one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="session")
def catalog():
    """The built-in components only, whatever else is installed."""
    return load_plugins(environ={"LINBENCH_PLUGINS": ""}).catalog


@pytest.fixture(scope="session")
def as_command():
    """The words that start the command line in a fresh interpreter, as a user does.

    The handler is set since a shell starts background jobs with SIGINT ignored, and children inherit that.
    """
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from linbench.cli.main import main; main()"
    )
    return lambda *arguments: [sys.executable, "-c", code, *arguments]


@pytest.fixture(scope="session")
def output_of():
    """Run words as a process that must succeed; returns its stdout."""

    def run(words, **options):
        process = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    return run


@pytest.fixture(scope="session")
def install_package(output_of):
    """Install the package of a plugin, and of it alone, beside its folder; returns the environment in which it is."""

    def run(folder, plugin):
        target = folder.parent / "installed"
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
        output_of([sys.executable, "-m", "pip", "install", *options, str(folder)])
        place = {"PYTHONPATH": str(target), "XDG_CACHE_HOME": str(folder.parent)}
        return {**os.environ, **place, "LINBENCH_PLUGINS": plugin}

    return run


@pytest.fixture(scope="session")
def run_tests(output_of):
    """Run the tests of a package in an environment; they must pass, and there must be some."""

    def run(folder, environment):
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
        report = output_of(words, cwd=folder, env=environment)
        assert " passed" in report
        assert "failed" not in report

    return run


@pytest.fixture(scope="session")
def mine():
    """The source of a plugin whose optimizer `mine` is gradient descent at `factor` times its lr.

    before: a statement that each of its steps begins with.
    """

    def write(factor=1.0, before="pass"):
        return f"""
import torch
from linbench import Component, hookimpl

class Mine(torch.optim.SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr * {factor})

    def step(self, closure=None):
        {before}
        return super().step(closure)

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "mine", Mine)]
"""

    return write


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
