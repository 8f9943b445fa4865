"""What a plugin breaks stays with it: the other cases run, and to the same numbers."""

import dataclasses

import pytest
import torch

import linbench

FAULTY = """
import random
import torch

class InConstruction(torch.optim.SGD):
    def __init__(self, params, lr=0.01):
        raise ValueError("cannot be made")

class InStep(torch.optim.SGD):
    def step(self, closure=None):
        raise ZeroDivisionError("at the third bounce\\nof the ball")

class InLaterStep(torch.optim.SGD):
    steps = 0

    def step(self, closure=None):
        self.steps += 1
        if self.steps == 3:
            raise OSError
        return super().step(closure)

class NoOptimizer:
    def __init__(self, params, lr=0.01):
        pass

class Grabbing(torch.optim.SGD):
    '''Changes everything that it can reach, and leaves it so.'''

    def step(self, closure=None):
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(12345)
        random.seed(12345)
        torch.set_grad_enabled(False)
        torch.set_num_threads(3)
        return super().step(closure)

class Random(torch.optim.SGD):
    '''Its steps are drawn.'''

    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(torch.randn_like(p))

@hookimpl
def linbench_optimizers():
    return [
        Component("optimizer", "in-construction", InConstruction),
        Component("optimizer", "in-step", InStep),
        Component("optimizer", "in-later-step", InLaterStep),
        Component("optimizer", "no-optimizer", NoOptimizer),
        Component("optimizer", "grabbing", Grabbing),
        Component("optimizer", "random", Random),
        Component("optimizer", "missing-module", "no_such_package.optim:Best"),
        Component("optimizer", "missing-class", "torch.optim:Best"),
    ]
"""


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _faulty(install, monkeypatch):
    install({"faulty": FAULTY})
    monkeypatch.setenv("LINBENCH_PLUGINS", "faulty")


def compared(*optimizers, **options):
    return list(linbench.compare(list(optimizers), epochs=10, timing=False, trajectories=True, **options))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("in-construction", "ValueError: cannot be made"),
        ("in-step", "ZeroDivisionError: at the third bounce"),
        ("in-later-step", "OSError"),
        ("no-optimizer", "TypeError: it made a NoOptimizer, which has no step()"),
        ("missing-module", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("missing-class", "AttributeError: module 'torch.optim' has no attribute 'Best'"),
    ],
)
def test_an_optimizer_that_fails_is_an_error_record_and_the_others_run_as_without_it(name, reason):
    before, failed, after = compared("sgd", name, "adam", models="manual")
    assert (failed.optimizer, failed.status, failed.reason) == (name, "error", reason)
    assert failed.traceback.startswith("Traceback (most recent call last):")
    assert (failed.epochs_run, failed.final_cost, failed.weight) == (0, None, None)
    assert [before, after] == compared("sgd", "adam", models="manual")


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("seed", [0, 3])
def test_what_an_optimizer_does_to_the_process_is_undone_before_the_next_case(seed):
    state = torch.get_rng_state()
    options = {"models": "linear", "seeds": [seed]}
    *_, sgd, drawing = compared("grabbing", "sgd", "random", **options)
    assert [sgd, drawing] == compared("sgd", "random", **options)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == 2


def test_a_random_optimizer_follows_the_seed_alone():
    first, second = compared("random:lr=[0.01,0.02]", models="manual", seeds=[7])
    assert first.trajectory == second.trajectory
    (other,) = compared("random", models="manual", seeds=[8])
    assert other.trajectory != first.trajectory


def test_records_are_identical_with_and_without_a_broken_plugin_beside(install, monkeypatch):
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    without = compared("sgd", "adam", seeds=2)
    install({"broken": "import torch; torch.manual_seed(99); raise RuntimeError('no luck')"})
    monkeypatch.setenv("LINBENCH_PLUGINS", "broken,faulty")
    beside = compared("sgd", "adam", seeds=2)
    assert [dataclasses.asdict(record) for record in beside] == [dataclasses.asdict(record) for record in without]
