"""The built-in components, and one-line access to what they make."""

import pytest


@pytest.fixture(scope="session")
def make_problem(catalog):
    """A built-in problem by name, with its parameters."""

    def make(name, seed=0, **params):
        return catalog.find("problem", name).resolve()(seed, **params)

    return make
