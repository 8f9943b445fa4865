"""Step times, measured with a clock that only steps move."""

import gc
import itertools
import statistics

import pytest
import torch

import linbench
from linbench import StepTime
from linbench.core.request.plan import make_plan
from linbench.core.request.spec import parse_specs
from linbench.core.running import step_times as timing
from linbench.core.running.step_times import ROUNDS, Candidate, measure, timing_key


class Clock:
    """Stands in for `time`; `spend` is the only thing that takes time."""

    def __init__(self):
        self.now, self.events = 0.0, []

    def perf_counter(self):
        self.events.append("clock")
        return self.now

    def candidate(self, name, costs):
        """A step that takes the next of these costs in seconds each time, over and over."""
        costs = itertools.cycle(costs)

        def step():
            self.events.append(name)
            self.now += next(costs)

        return Candidate(step, lambda: self.events.append("synchronize"))


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


def test_steps_of_constant_cost_are_measured_exactly(clock):
    costs = {"fast": 20e-6, "slow": 3e-3}
    times = measure({name: clock.candidate(name, [cost]) for name, cost in costs.items()})
    for name, cost in costs.items():
        assert times[name].median == pytest.approx(cost * 1e6, rel=1e-6)
        assert times[name].iqr == pytest.approx(0, abs=1e-3)


def blocks(events):
    """The steps between two readings of the clock, for every block that was measured."""
    readings = [i for i, event in enumerate(events) if event == "clock"]
    return [events[start + 1 : end] for start, end in zip(readings[::2], readings[1::2], strict=True)]


def test_the_summary_is_the_median_and_interquartile_range_over_blocks(clock):
    one_step_blocks = [1e-3 * (i * i % 29) for i in range(29)]
    # Steps of more than the length of a block are measured one by one, so each block takes one cost from the list.
    (time,) = measure({"a": clock.candidate("a", [0.05 + cost for cost in one_step_blocks])}).values()
    measured = [len(block) for block in blocks(clock.events)]
    assert set(measured[3:]) == {2}  # a step and what synchronises after it
    rounds = len(measured) - 3
    spent = list(itertools.islice(itertools.cycle([0.05 + cost for cost in one_step_blocks]), 9, 9 + rounds))
    low, middle, high = statistics.quantiles(spent, n=4, method="inclusive")
    assert time.median == pytest.approx(middle * 1e6)
    assert time.iqr == pytest.approx((high - low) * 1e6)


def test_candidates_take_turns_in_an_order_that_changes(clock):
    measure({name: clock.candidate(name, [1e-4]) for name in "abc"})
    order = "".join(block[0] for block in blocks(clock.events))[9:]  # after three short blocks each
    rounds = [order[i : i + 3] for i in range(0, len(order), 3)]
    assert ROUNDS.start <= len(rounds) < ROUNDS.stop
    assert all(sorted(one) == list("abc") for one in rounds)
    assert len(set(rounds)) > 1


def test_the_device_is_synchronised_just_before_the_clock_starts_and_just_before_it_stops(clock):
    measure({"a": clock.candidate("a", [1e-4])})
    readings = [i for i, event in enumerate(clock.events) if event == "clock"]
    assert readings
    assert all(clock.events[i - 1] == "synchronize" for i in readings)


def test_the_first_steps_are_not_measured(clock):
    slow_at_first = itertools.chain([10.0] * 9, itertools.repeat(1e-4))
    (time,) = measure({"a": clock.candidate("a", slow_at_first)}).values()
    assert time.median == pytest.approx(100.0)


@pytest.mark.parametrize("enabled", [True, False])
def test_no_garbage_is_collected_meanwhile(clock, enabled):
    seen = set()

    def step():
        seen.add(gc.isenabled())
        clock.now += 1e-3

    (gc.enable if enabled else gc.disable)()
    try:
        measure({"a": Candidate(step, lambda: None)})
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert False in seen


def raises_after(steps, clock):
    count = itertools.count()

    def step():
        clock.now += 1e-4
        if next(count) >= steps:
            raise ValueError("a schedule of that many steps")

    return Candidate(step, lambda: None)


@pytest.mark.parametrize("steps", [0, 5, 30])
def test_a_step_that_raises_has_no_time_and_the_others_have_theirs(clock, steps):
    times = measure({"broken": raises_after(steps, clock), "whole": clock.candidate("whole", [1e-4])})
    assert times == {"whole": StepTime(pytest.approx(100.0), pytest.approx(0, abs=1e-3))}


def test_nothing_to_measure_takes_no_time():
    assert measure({}) == {}


ALIKE = ["sgd:lr=0.1", "sgd:lr=2", "sgd:lr=1e-9"], ["adam:betas=(0.9,0.99)", "adam:betas=(0.5,0.9),lr=1"]
APART = ["sgd", "sgd:momentum=0.0", "sgd:momentum=0.9", "sgd:nesterov=True", "adam", "lbfgs", "lbfgs:max_iter=1"]


def keys(catalog, **axes):
    ordinary = {"problems": "study-hours", "devices": "cpu", "models": "manual", "optimizers": "sgd"}
    specs = {axis: parse_specs(text) for axis, text in (ordinary | axes).items()}
    return [timing_key(case) for case in make_plan(catalog, seeds=(0, 1), **specs)]


@pytest.mark.parametrize("specs", ALIKE)
def test_cases_that_differ_in_seed_lr_or_the_size_of_a_number_share_a_step_time(catalog, specs):
    assert len(set(keys(catalog, optimizers=",".join(specs)))) == 1


def test_cases_whose_steps_may_take_another_time_do_not_share_one(catalog):
    found = keys(catalog, optimizers=",".join(APART)) + keys(catalog, models="linear")
    found += keys(catalog, problems="synthetic") + keys(catalog, devices="cuda")
    assert len(set(found)) == len(APART) + 3


def test_cases_are_timed_with_one_thread_and_each_kind_once():
    threads, made = set(), []

    class Watched(torch.optim.SGD):
        def __init__(self, params, lr):
            super().__init__(params, lr=lr)
            made.append(lr)

        def step(self, closure=None):
            threads.add(torch.get_num_threads())
            return super().step(closure)

    comparison = linbench.compare(Watched, "manual", lr=[0.1, 0.2], seeds=2, epochs=2, engine="serial")
    assert threads == {1}
    # One to be timed and four runs; before them a trial of what it needs, and before the runs one for warnings.
    assert len(made) > 5
    assert made[-4:] == [0.1, 0.1, 0.2, 0.2]
    (shared,) = {record.step_time for record in comparison}
    assert shared.median > 0
