"""The built-in components, and what came of checking one optimizer."""

import sys
from pathlib import Path

import pytest

from linbench.conformance.all_checks import CHECKS
from linbench.conformance.check import judge
from linbench.conformance.subject import subject_of

sys.path.insert(0, str(Path(__file__).parent))  # for broken.py, which plays a third party's module


@pytest.fixture(autouse=True)
def _own_cache(own_cache):
    """For every test here."""


@pytest.fixture
def verdicts(catalog):
    """`verdicts(optimizer)`: the verdict of every check, or of those that are named, by its name."""

    def run(optimizer, reductions=(), checks=None):
        subject = subject_of(catalog, optimizer, {}, reductions)
        named = {check.__name__.replace("_", " "): check for check in CHECKS}
        return {name: judge(subject, named[name]) for name in (named if checks is None else checks)}

    return run
