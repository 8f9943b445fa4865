"""What earlier runs have trained comes from the store, with the same numbers; only the rest is trained."""

import dataclasses
import threading

import pytest
import torch

import linbench
from linbench import Observer, Spec, Status, Store, StoreError, Trajectory, UsageError
from linbench.store.contents import RecordContents

ORDINARY = {"optimizers": "sgd,adam", "models": "manual,linear", "epochs": 30, "timing": False}


@pytest.fixture
def compare(path):
    """linbench.compare into the store; returns the records, and how many of them were trained now."""

    def run(resume=True, **asked):
        records = list(linbench.compare(**{**ORDINARY, **asked}, store=path, resume=resume))
        stored = Store(path).run()
        assert stored.records == stored.planned == len(records)
        assert list(Store(path).records(stored)) == [shortened(record) for record in records]
        return records, stored.records - stored.reused

    return run


def shortened(record):
    """As it is after the store: a long trajectory is thinned."""
    if record.trajectory is None:
        return record
    curve = record.trajectory.thinned(200, record.epochs_to_target)
    return dataclasses.replace(record, trajectory=Trajectory(list(curve.epoch), list(curve.cost)))


def test_python_stores_nothing_unless_it_is_told_where(monkeypatch, path):
    monkeypatch.setenv("LINBENCH_STORE", str(path))
    linbench.compare(**ORDINARY)
    assert not path.exists()


def test_a_path_and_a_store_do_equally_well(path):
    for given in (path, str(path), Store(path)):
        linbench.compare("sgd", "manual", epochs=2, timing=False, store=given)
    assert len(Store(path).runs()) == 3


def test_resuming_needs_a_store():
    with pytest.raises(UsageError, match=r"^resume needs a store: store=PATH$"):
        linbench.compare(**ORDINARY, resume=True)


def test_the_same_command_again_trains_nothing_and_has_the_same_records(compare):
    first, trained = compare()
    assert trained == 4
    again, trained = compare()
    assert trained == 0
    assert again == first


def test_everything_is_trained_again_unless_it_is_to_be_resumed(compare):
    compare()
    assert compare(resume=False)[1] == 4


def test_only_what_is_missing_is_trained_and_the_order_is_the_plans(compare):
    compare(optimizers="adam", models="linear")
    records, trained = compare(optimizers="sgd,adam,rmsprop")
    assert trained == 5
    fresh, _ = compare(optimizers="sgd,adam,rmsprop", resume=False)
    assert [record.key for record in records] == [record.key for record in fresh]


@pytest.mark.parametrize(
    "changed", [{"epochs": 31}, {"target": 1e-3}, {"dtype": "float64"}, {"seeds": "7,8"}, {"stop_at_target": True}]
)
def test_what_changes_the_numbers_is_trained(compare, changed):
    compare()
    records, trained = compare(**changed)
    assert trained == len(records)


@pytest.mark.parametrize("changed", [{"engine": "serial"}, {"optimizers": "adam,sgd"}, {"jobs": 2}, {"max_lanes": 1}])
def test_what_does_not_change_them_is_not(compare, changed):
    compare()
    assert compare(**changed)[1] == 0


def test_a_record_without_the_prediction_that_is_asked_for_will_not_do(compare):
    compare(predict=[5.0])
    assert compare(predict=[6.0])[1] == 4
    records, trained = compare(predict=[5.0])
    assert trained == 0
    assert all(record.prediction is not None for record in records)
    records, trained = compare()
    assert trained == 0
    assert all(record.prediction is None for record in records)


def test_a_record_without_the_time_that_is_asked_for_will_not_do(compare):
    compare()
    records, trained = compare(timing=True)
    assert trained == 4
    again, trained = compare(timing=True)
    assert trained == 0
    assert again == records
    assert all(record.step_time is None for record in compare()[0])


@pytest.mark.parametrize("wanted", [True, 10, 150])
def test_a_short_trajectory_comes_back_as_it_was_asked_for(compare, wanted):
    fresh, _ = compare(resume=False, trajectories=wanted)
    compare(resume=False, trajectories=True)
    again, trained = compare(trajectories=wanted)
    assert trained == 0
    assert list(map(shortened, again)) == list(map(shortened, fresh))


def test_a_trajectory_that_was_thinned_for_the_store_does_for_the_same_request_only(compare):
    fresh, _ = compare(trajectories=100, epochs=500)
    again, trained = compare(trajectories=100, epochs=500)
    assert (again, trained) == (fresh, 0)
    assert compare(trajectories=50, epochs=500)[1] == 4
    assert compare(trajectories=True, epochs=500)[1] == 4
    assert compare(trajectories=True, epochs=500)[1] == 4  # the store has 200 of its 501 points


def test_an_error_is_tried_again(path):
    def broken(params, lr):
        raise ValueError("not today")

    asked = {**ORDINARY, "optimizers": Spec("broken", {}, broken), "store": path}
    for _ in range(2):
        records = linbench.compare(**asked, resume=True)
        assert {record.status for record in records} == {Status.ERROR}
    assert [(run.errors, run.reused) for run in Store(path).runs()] == [(2, 0), (2, 0)]
    assert all("not today" in record.traceback for record in Store(path).records(Store(path).run()))


def test_a_run_says_how_it_was_made(compare, path):
    compare(predict=[5.0])
    run = Store(path).run()
    assert (run.problems, run.optimizers) == (["study-hours"], ["sgd", "adam"])
    assert run.asked == RecordContents([5.0], False, False)
    assert {"linbench", "torch", "cpu", "threads", "git", "plugins"} <= set(run.environment)
    assert (run.torch, run.outcome) == (run.environment["torch"], "done")


class Holding:
    """An optimizer's class by an object that holds a lock, whose content nobody can tell."""

    __name__ = "sgd-like"

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, params, lr=0.01):
        return torch.optim.SGD(params, lr)


def held(lock):
    return Spec("sgd-like", {"scale": lock}, lambda params, lr=0.01, scale=None: torch.optim.SGD(params, lr))


LOCKED = "sgd-like:lr=0.01,scale=<lock> is trained anew: it holds an object of type lock, whose content cannot be told"


def test_what_cannot_be_resumed_is_a_warning_where_nobody_observes(path):
    lock = threading.Lock()
    asked = {**ORDINARY, "optimizers": [held(lock), "adam"], "store": path}
    linbench.compare(**asked)
    with pytest.warns(RuntimeWarning) as caught:
        linbench.compare(**asked, resume=True)
    assert [str(one.message) for one in caught] == [LOCKED]
    assert Store(path).run().reused == 2  # those of adam


def test_what_cannot_be_resumed_is_a_note_to_an_observer_once_for_each_choice(path):
    class Listener(Observer):
        def __init__(self):
            self.lines = []

        def note(self, line):
            self.lines.append(line)

    first, second = held(threading.Lock()), Holding()
    listener = Listener()
    asked = {**ORDINARY, "optimizers": [first, second], "store": path, "observer": listener}
    linbench.compare(**asked)
    assert listener.lines == []
    linbench.compare(**asked, resume=True)
    assert listener.lines == [
        LOCKED,
        "sgd-like#2:lr=0.01 is trained anew: it holds an object of type lock, whose content cannot be told",
    ]
    assert Store(path).run().reused == 0


def test_a_resumed_record_knows_whether_its_lr_was_asked_for_now(compare):
    compare(optimizers="adam:lr=0.01")
    records, trained = compare(optimizers="adam")
    assert (trained, {record.lr_is_default for record in records}) == (0, {True})
    records, trained = compare(optimizers="adam:lr=0.01")
    assert (trained, {record.lr_is_default for record in records}) == (0, {False})


def test_theories_come_back_with_the_records(compare, path):
    fresh, _ = compare()
    stored = list(Store(path).records(Store(path).run()))
    assert stored[0].theory == fresh[0].theory
    assert stored[0].theory is stored[-1].theory


def test_a_store_that_cannot_be_used_is_an_error_before_anything_is_trained(path, monkeypatch):
    path.write_text("no store\n" * 100)
    monkeypatch.setattr("linbench.core.running.runner.run", lambda *_: pytest.fail("it trained"))
    with pytest.raises(StoreError, match="it is not an SQLite file"):
        linbench.compare(**ORDINARY, store=path)


def test_a_store_that_fails_in_mid_run_is_a_warning_and_the_result_is_whole(path, monkeypatch):
    monkeypatch.setattr("linbench.store.writer.record_row", _full)
    with pytest.warns(RuntimeWarning, match="records were not stored in .* after the first 0: the disk is full"):
        result = linbench.compare(**ORDINARY, store=path)
    assert len(result) == 4


def _full(*_):
    import errno

    raise OSError(errno.ENOSPC, "The disk is full")
