"""The step ratios of one process, on a clock that the test moves."""

import itertools
import types

import pytest
import torch

from linbench.comparison import specs_of
from linbench.core.problem.workbench import Workbench
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.component import Component
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.gate.timing import step_ratio
from linbench.plugins.manager import load_plugins


class Clock:
    """Goes on by a tick whenever it is looked at, and by as many as the code under test says."""

    TICK = 1e-4

    def __init__(self):
        self.ticks = 0.0

    def perf_counter(self):
        self.ticks += 1.0
        return self.ticks * self.TICK


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(step_ratio, "time", types.SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


@pytest.fixture
def ratio_of(monkeypatch):
    monkeypatch.setenv("LINBENCH_PLUGINS", "")

    def measure(target, models="manual"):
        catalog = Catalog([*load_plugins(()).catalog.offers, Offer(Component("optimizer", "mine", target), "mine")])
        axes = {"models": models, "devices": "cpu", "problems": "study-hours", "optimizers": "mine"}
        plan = make_plan(
            catalog,
            **{axis: specs_of(names) for axis, names in axes.items()},
            settings=Settings(epochs=1, dtype="float64"),
        )
        return step_ratio.step_ratios({"mine": tuple(plan)}, Workbench(catalog=catalog))

    return measure


def taking(clock, extra):
    """SGD whose steps take as much longer as `extra` yields."""

    class Mine(torch.optim.SGD):
        def step(self, closure=None):
            clock.ticks += next(extra)
            return super().step(closure)

    return Mine


def test_a_step_ratio_is_the_time_of_step_alone_in_steps_of_gradient_descent(clock, ratio_of):
    """A step is 1 + 6 on this clock, a block of gradient descent 1; cost and gradient do not count."""
    assert ratio_of(taking(clock, itertools.repeat(6.0))).ratios == {"mine": pytest.approx(7.0)}


@pytest.mark.parametrize("every", [2, 3, 4, 5, 6, 10, 12, 15, 20, 30])
def test_what_is_done_every_so_many_steps_counts(clock, ratio_of, every):
    extra = itertools.cycle([0.0] * (every - 1) + [5.0 * every])
    assert ratio_of(taking(clock, extra)).ratios == {"mine": pytest.approx(6.0)}


def test_steps_that_are_interrupted_do_not_count(clock, ratio_of):
    """Every seventh step is held up for a thousand times as long, as by another process."""
    extra = itertools.cycle([6.0] * 6 + [6000.0])
    assert ratio_of(taking(clock, extra)).ratios == {"mine": pytest.approx(7.0)}


def test_an_optimizer_that_fails_is_left_out_with_the_reason(clock, ratio_of):
    class Broken(torch.optim.SGD):
        steps = 0

        def step(self, closure=None):
            self.steps += 1
            if self.steps > 50:
                raise RuntimeError("enough")

    result = ratio_of(Broken)
    assert result.ratios == {}
    assert result.unmeasured == {"mine": "RuntimeError: enough"}


def test_the_first_model_that_suits_the_optimizer_is_taken(ratio_of):
    result = ratio_of(torch.optim.Muon, models="manual,linear")
    assert result.unmeasured == {}
    assert ratio_of(torch.optim.Muon, models="manual").unmeasured["mine"].startswith("Unsuitable: ")


def test_closures_are_timed_with_what_they_evaluate(ratio_of):
    """L-BFGS steps by evaluating several times; whatever the machine, that is more than a step of gradient descent."""
    assert ratio_of(torch.optim.LBFGS).ratios["mine"] > 1
