"""The built-in components, and one-line access to what they make."""

import pytest

from linbench.plugins.manager import load_plugins


@pytest.fixture(scope="session")
def catalog():
    """The built-in components only, whatever else is installed."""
    return load_plugins(environ={"LINBENCH_PLUGINS": ""}).catalog


@pytest.fixture(scope="session")
def make_problem(catalog):
    """A built-in problem by name, with its parameters."""

    def make(name, seed=0, **params):
        return catalog.find("problem", name).resolve()(seed, **params)

    return make
