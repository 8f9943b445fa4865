"""Both engines on the same cases."""

import sys
from pathlib import Path

import pytest

import linbench

sys.path.insert(0, str(Path(__file__).parent))  # for hostile.py, which plays a third party's module


@pytest.fixture(autouse=True)
def _own_cache(own_cache):
    """For every test here."""


@pytest.fixture
def both():
    """`both(optimizers, …)`: the serial and the batched comparison of the same cases, with every cost."""

    def run(optimizers, **arguments):
        arguments = {"timing": False, "trajectories": True, **arguments}
        return tuple(linbench.compare(optimizers, engine=engine, **arguments) for engine in ("serial", "batched"))

    return run
