"""What many tests of the core start from: the built-in components, and records made by hand."""

import itertools

import pytest

from linbench import Record, Status
from linbench.plugins.manager import load_plugins


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
