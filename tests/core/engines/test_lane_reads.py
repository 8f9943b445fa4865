"""Whatever way Python code reads a hyperparameter as one number: refused, and never a wrong record."""

import functools
import math
import threading

import hostile
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from readers import WAYS, reader
from ways_to_read import RATES, swallowed

import linbench
from linbench.core.engines import lane_training, status_flags
from linbench.core.engines.lane_reads import LaneReads
from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.lane_watch import LaneWatch
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.status_flags import SIGNALING_NAN, find_status_flags

UNSEEN = {"marshal", "numpy.format_float_positional", "logarithm in a thread", "after its type"}
"""No flag of the thread rises for them; the replays of lanes see them."""

BEFORE = [
    lambda lr: lr,
    lambda lr: lr * 0.5 + 0.001,
    lambda lr: 1 - (1 - lr),
    lambda lr: max(lr, 1e-3),
    lambda lr: lr**0.5,
    abs,
]
"""What an optimizer may compute with a rate before it reads it."""

flags_needed = pytest.mark.skipif(find_status_flags() is None, reason="no status flags on this machine")
calm = pytest.mark.filterwarnings("ignore")  # of numpy, about single numbers too


class Notes(linbench.Observer):
    def __init__(self):
        self.lines = []

    def note(self, line):
        self.lines.append(line)


def make_scalar(values, reads):
    return LaneScalar(torch.tensor(values, dtype=torch.float64), reads)


def read_in_a_step(way, rates):
    """The answer of a way that reads a lane scalar; raises NotSeparable where it is refused."""
    reads = LaneReads(find_status_flags())
    with LaneWatch(len(rates), None, reads):
        return way(make_scalar(rates, reads))


def sweep(optimizer, rates):
    return linbench.Spec(optimizer.__name__, {"lr": linbench.Sweep(tuple(rates))}, optimizer)


def assert_same_records(serial, batched):
    for one, lane in zip(serial, batched, strict=True):
        assert (one.params, one.seed, one.status, one.reason) == (lane.params, lane.seed, lane.status, lane.reason)
        if one.trajectory is not None:
            assert list(lane.trajectory.cost) == pytest.approx(list(one.trajectory.cost), rel=1e-5, nan_ok=True)


@calm
@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_reading_answers_differently_for_different_rates(name):
    assert {bool(WAYS[name](lr)) for lr in RATES} == {True, False}


@calm
@flags_needed
@pytest.mark.parametrize("name", [name for name in WAYS if name not in UNSEEN])
def test_every_way_of_reading_what_differs_between_lanes_is_refused(name):
    with pytest.raises(NotSeparable):
        read_in_a_step(WAYS[name], RATES)


@calm
@pytest.mark.sampled(keep=40)
@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_reading_gives_the_serial_records(both, name):
    optimizer = reader(WAYS[name], name)
    serial, batched = both(sweep(optimizer, RATES), models="linear", epochs=3)
    assert_same_records(serial, batched)


def test_a_window_of_rates_that_is_read_by_logarithm_is_in_all_24_records(both):
    optimizer = reader(WAYS["the issue's"], "the issue's")
    serial, batched = both(optimizer, models="linear", lr="1e-4..1@24", epochs=50)
    assert_same_records(serial, batched)
    assert len(batched) == 24
    slow = [lane.final_cost for lane in batched if -2.2 < math.log10(lane.params["lr"]) < -1.6]
    assert len(slow) == 3
    denser_serial, denser = both(optimizer, models="linear", lr="1e-4..1@48", epochs=50)
    assert_same_records(denser_serial, denser)


def test_rates_that_are_read_are_batches_that_share_them(both):
    optimizer = reader(WAYS["math.log10"], "shared")
    serial, batched = both(optimizer, models="linear", lr="1e-3..0.1@4", seeds=3, epochs=10)
    assert {record.engine for record in batched} == {"batched"}
    assert_same_records(serial, batched)


@calm
@flags_needed
@given(name=st.sampled_from(sorted(WAYS.keys() - UNSEEN)), data=st.data())
def test_a_way_of_reading_is_refused_or_answers_what_every_lane_answers(name, data):
    way = WAYS[name]
    different = data.draw(st.lists(st.floats(1e-4, 1) | st.sampled_from(RATES), min_size=1, max_size=4))
    rates = (different * 7)[:7]  # a number of lanes that no tensor of the ways has as its size
    before = data.draw(st.sampled_from(BEFORE))
    try:
        answer = read_in_a_step(lambda lr: way(before(lr)), rates)
    except NotSeparable:
        return
    assert all(bool(answer) == bool(way(before(lr))) for lr in rates)


def small_optimizer(ways, before, caught):
    """A program that reads several times, whose every read changes the step."""

    def way(lr):
        return sum(bool((swallowed(one) if caught else one)(before(lr))) for one in ways) % 2 == 1

    return reader(way, "small")


@calm
@settings(max_examples=settings.default.max_examples // 4)
@given(
    names=st.lists(st.sampled_from(list(WAYS)), min_size=1, max_size=3),
    rates=st.lists(st.floats(1e-4, 1), min_size=2, max_size=8, unique=True),
    before=st.sampled_from(BEFORE),
    caught=st.booleans(),
)
def test_small_optimizers_that_read_their_rate_give_the_serial_records(both, names, rates, before, caught):
    optimizer = small_optimizer([WAYS[name] for name in names], before, caught)
    assert_same_records(*both(sweep(optimizer, rates), models="linear", seeds=2, epochs=3))


@pytest.mark.parametrize("optimizer", [hostile.Descent, hostile.RewritesLr], ids=lambda cls: cls.__name__)
def test_what_reads_nothing_is_one_batch_even_where_lanes_diverge(both, optimizer):
    notes = Notes()
    serial, batched = both(optimizer, models="linear", lr=[0.01, 1.0, 1e30], epochs=60, observer=notes)
    assert [record.status for record in batched] == ["budget", "diverged", "diverged"]
    assert {record.engine for record in batched} == {"batched"}
    assert [record.status for record in serial] == [record.status for record in batched]
    assert notes.lines == []


class UsesNumpy(hostile.Descent):
    """Reads nothing of a lane scalar, but lowers the flags that would tell."""

    def rate(self, group):
        return group["lr"] * float(np.sqrt(0.25))


def test_numpy_in_a_step_is_no_harm_to_its_records(both):
    serial, batched = both(UsesNumpy, models="linear", lr="1e-3..0.05@3", seeds=2, epochs=20)
    assert {record.engine for record in batched} == {"batched"}
    assert_same_records(serial, batched)


@pytest.fixture
def without_flags(monkeypatch):
    monkeypatch.setattr(lane_training, "find_status_flags", lambda: None)


@pytest.mark.usefixtures("without_flags")
def test_without_flags_only_what_linbench_tests_has_lanes_of_different_rates(both, monkeypatch):
    sizes = []
    train_lanes = lane_training.LaneCostRecorder

    def count(model, setup, settings, lanes):
        sizes.append(lanes)
        return train_lanes(model, setup, settings, lanes)

    monkeypatch.setattr(lane_training, "LaneCostRecorder", count)
    serial, batched = both(hostile.Descent, models="linear", lr="1e-3..0.05@3", seeds=2, epochs=9)
    assert_same_records(serial, batched)
    assert sizes == [2, 2, 2], "one batch for each rate"
    both("sgd", models="linear", lr="1e-3..0.05@3", seeds=2, epochs=9)
    assert sizes[3:] == [6]


@pytest.mark.parametrize("change", ["another processor", "no C library", "flags that never rise"])
def test_flags_that_do_not_work_are_no_flags(monkeypatch, change):
    def fail(_):
        raise OSError("cannot load")

    def load_dead(masks):
        return status_flags.StatusFlags(arm=lambda: 0, state=lambda: 28, armed=28, lower=lambda: 0)

    if change == "another processor":
        monkeypatch.setattr("platform.machine", lambda: "quantum")
    elif change == "no C library":
        monkeypatch.setattr("ctypes.PyDLL", fail)
    else:
        monkeypatch.setattr(status_flags, "_load", load_dead)
    assert find_status_flags.__wrapped__() is None


@flags_needed
def test_flags_belong_to_a_thread_and_rise_for_signaling_numbers_only():
    flags = find_status_flags()

    def disturbed(action):
        flags.arm()
        action()
        found = flags.state() != flags.armed
        flags.lower()
        return found

    assert disturbed(functools.partial(math.log10, SIGNALING_NAN))
    assert not disturbed(functools.partial(math.log10, math.nan))
    assert not disturbed(functools.partial(math.log10, 2.0))
    assert disturbed(functools.partial(np.log10, 2.0)), "numpy lowers the sentinels"

    def elsewhere():
        thread = threading.Thread(target=math.log10, args=[SIGNALING_NAN])
        thread.start()
        thread.join()

    assert not disturbed(elsewhere)


def test_flags_are_as_before_after_a_step():
    flags = find_status_flags()
    read_in_a_step(lambda lr: lr * 2, [0.1, 0.2])
    assert flags is None or flags.state() == 0


def test_a_refusal_is_kept_until_the_step_ends():
    reads = LaneReads()
    with pytest.raises(NotSeparable, match="read as one number"), LaneWatch(3, None, reads):
        swallowed(float)(make_scalar([0.1, 0.2, 0.3], reads))


def test_an_error_that_no_read_led_to_goes_its_way():
    with pytest.raises(KeyError), LaneWatch(3, None, LaneReads(find_status_flags())):
        raise KeyError("its own")


@flags_needed
def test_an_error_that_a_read_led_to_is_a_refusal():
    with pytest.raises(NotSeparable):
        read_in_a_step(math.floor, [0.1, 1.5])


@flags_needed
def test_backward_in_a_step_may_read_in_hooks_and_is_refused():
    def way(lr):
        p = torch.ones(2, 3, requires_grad=True)
        (p * lr).backward(torch.ones(2, 3))

    with pytest.raises(NotSeparable, match="backward"):
        read_in_a_step(way, [0.1, 0.2])
