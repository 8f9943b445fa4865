"""A plugin in a repository of its own, whose working tree steps some of its optimizers more slowly than its commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPTIMIZERS = {"small": "NAdam", "medium": "SGD", "large": "Adagrad", "same": "Adam", "other": "RMSprop"}
SLOWER = {"small": 0.15, "other": 0.15, "medium": 0.25, "large": 1.0}

_PLUGIN = '''
import time

import torch
from linbench import Component, hookimpl

EXTRA = {extra!r}


def slowed(base, name):
    """A factory of optimizers whose step takes a share of its own time longer, however long that is just now."""

    def make(params, lr):
        optimizer = base(params, lr=lr)
        step = optimizer.step

        def slower(closure=None):
            start = time.perf_counter()
            result = step(closure)
            end = start + (time.perf_counter() - start) * (1 + EXTRA.get(name, 0))
            while time.perf_counter() < end:
                pass
            return result

        optimizer.step = slower
        return optimizer

    return make


for name, base in {optimizers!r}.items():
    globals()[name] = slowed(getattr(torch.optim, base), name)


@hookimpl
def linbench_optimizers():
    return [Component("optimizer", name, globals()[name], {{"lr": 0.01}}) for name in {optimizers!r}]
'''

_SUITE = """
[gate]
optimizers = {names}
models = "manual"
problems = "study-hours"
epochs = 50
"""


def make(folder: Path, *, slower: bool) -> None:
    """Write and commit the plugin with a baseline of convergence; then slow some of its steps down, if asked to."""
    _write(folder, {})
    (folder / "linbench.toml").write_text(_SUITE.format(names=list(OPTIMIZERS)))
    linbench(folder, "gate", "--update", "--reason", "first", check=True)
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "as it was")):
        git = ["git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-C", str(folder)]
        subprocess.run([*git, *words], check=True)
    if slower:
        _write(folder, SLOWER)


def linbench(folder: Path, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command of linbench in the project."""
    command = [sys.executable, "-P", "-c", "from linbench.cli.main import main; main()", *words]
    options = ["--plugin", "./optimizers_of_mine.py", "--no-store", "--quiet"]
    return subprocess.run([*command, *options], cwd=folder, check=check, capture_output=True, text=True)


def _write(folder: Path, extra: dict[str, float]) -> None:
    (folder / "optimizers_of_mine.py").write_text(_PLUGIN.format(extra=extra, optimizers=OPTIMIZERS))
