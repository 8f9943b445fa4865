"""Optimizers of a third party are imported by name."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for needy.py, which plays a third party's module


@pytest.fixture(autouse=True)
def _own_cache(own_cache):
    """For every test here."""
