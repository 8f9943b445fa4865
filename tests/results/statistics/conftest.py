"""Groups of runs made from their epochs to the target, None for a failure."""

import pytest

from linbench import Status
from linbench.results.statistics.run_group import Attempt, RunGroup, Setting

BUDGET = 1000


@pytest.fixture(scope="session")
def make_group():
    """RunGroup of one run per seed, in one setting unless fields of it are given; every seed starts elsewhere."""

    def make(epochs, optimizer="sgd", seeds=None, same_start=False, repeated=0, **setting):
        ordinary = {
            "problem": "study-hours",
            "model": "linear",
            "device": "cpu",
            "dtype": "float32",
            "batch_size": None,
            "target": 1e-6,
            "epochs": BUDGET,
        }
        attempts = [
            Attempt(
                seed=seed,
                status=Status.BUDGET if reached is None else Status.CONVERGED,
                budget=BUDGET,
                epochs_run=BUDGET,
                epochs_to_target=reached,
                evaluations=BUDGET,
                initial_cost=1.0 if same_start else 1.0 + seed,
                final_cost=0.5,
                gap=0.25,
            )
            for seed, reached in zip(seeds or range(len(epochs)), epochs, strict=True)
        ]
        return RunGroup(Setting(**{**ordinary, **setting}), optimizer, attempts, repeated)

    return make
