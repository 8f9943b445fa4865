"""Cases of a gate, made up and trained."""

import sys
from pathlib import Path

import pytest

from linbench.core.outcome.record import Status
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.component import Component
from linbench.gate.configuration import Suite
from linbench.gate.convergence import make_request, measure
from linbench.gate.judge import judge_all
from linbench.gate.metrics import CaseMetrics
from linbench.plugins.manager import load_plugins

sys.path.insert(0, str(Path(__file__).parent))  # for `edited`, whose optimizers are imported by name


@pytest.fixture
def case():
    """One entry of a baseline, with some fields as asked."""

    def make(**fields):
        plain = {
            "label": "p · m · o · seed 0",
            "status": Status.CONVERGED,
            "dtype": "float64",
            "epochs_to_target": 100,
            "crossing_margin": 1e-3,
            "initial_cost": 5000.0,
            "final_cost": 46.875,
            "weight": [[12.5]],
            "bias": [42.5],
            "versions": {"torch": "2.13.0"},
        }
        return CaseMetrics(**{**plain, **fields})

    return make


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Train the default suite's problems by an optimizer called `mine`; returns the cases by their labels."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")

    def train(target, defaults=None, specs=("mine", "mine:lr=0.1"), **suite):
        mine = Component("optimizer", "mine", target, defaults or {})
        catalog = Catalog([*load_plugins(()).catalog.offers, Offer(mine, "mine")])
        wanted = Suite(optimizers=specs, **{"models": "manual", **suite})
        return measure(make_request(catalog, wanted, tmp_path / "baseline.json").plan)

    return train


@pytest.fixture
def changes(trained):
    """Return the findings where the optimizer was one and is another."""

    def find(was, now, **suite):
        return judge_all(trained(now, **suite), trained(was, **suite))

    return find
