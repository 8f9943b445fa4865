"""Results in order; a process that dies loses only its own task; nothing is left running."""

import multiprocessing
import os
import signal
import time

import pytest

import linbench
from linbench.core.running.pool import Died, in_processes


def ignored(word):
    """For work that tells nothing."""


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(processes):
    def work(delay, tell):
        time.sleep(delay)
        return delay, os.getpid()

    delays = [0.05, 0.0, 0.02, 0.0]
    results = [result for _, result in in_processes(delays, work, processes, ignored)]
    assert [delay for delay, _ in results] == delays
    assert os.getpid() not in {process for _, process in results}


def test_a_killed_process_loses_its_own_task_only():
    def work(task, tell):
        if task == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == 2:
            os._exit(7)
        return task

    results = [result for _, result in in_processes([0, 1, 2, 3], work, 2, ignored)]
    assert results == [0, Died("its process was killed by SIGKILL"), Died("its process ended with exit code 7"), 3]


def test_what_a_task_tells_is_heard_before_its_result_and_in_its_order():
    def work(task, tell):
        for number in range(3):
            tell((task, number))
        return task

    heard = []
    for task, _ in in_processes([7, 8], work, 2, heard.append):
        assert [number for told, number in heard if told == task] == [0, 1, 2]


def test_no_process_outlives_the_one_who_asked():
    results = in_processes([0, 60, 60], lambda delay, tell: time.sleep(delay), 3, ignored)
    next(results)
    results.close()
    assert not multiprocessing.active_children()


def records(**arguments):
    return linbench.compare("sgd,adam", lr="0.01..0.05@4", epochs=20, max_lanes=3, timing=False, **arguments).records


def test_processes_change_no_record_and_no_order():
    assert records(jobs=2) == records()


class Seen(linbench.Observer):
    def __init__(self):
        self.epochs, self.parts = 0, 0

    def advanced(self, run_epochs):
        self.epochs += run_epochs
        self.parts += 1


def test_progress_is_seen_while_other_processes_train():
    seen = Seen()
    records(jobs=2, observer=seen)
    assert seen.epochs == 16 * 20
    assert seen.parts > 4, "not only at the end of each of the four batches"


def test_processes_are_taken_unasked_only_where_there_is_enough_to_do(monkeypatch):
    monkeypatch.setattr("linbench.core.running.execution.processors", lambda: 2)
    here = os.getpid()
    assert processes_of(epochs=10) == {here}
    assert here not in processes_of(epochs=1_000)
    assert processes_of(epochs=1_000, jobs=1) == {here}


def processes_of(*, epochs, jobs=None):
    """The processes in which two cases that do not go together were trained."""
    found = linbench.compare(
        [where, "lbfgs:max_iter=1"], "manual", epochs=epochs, jobs=jobs, timing=False, lr=0.001
    ).records
    return {int(record.reason.rpartition(" ")[2]) for record in found if record.optimizer == "where"}


def where(params, lr):
    raise ValueError(f"tried in process {os.getpid()}")


def deadly(params, lr):
    if lr > 0.02:
        os._exit(3)
    import torch

    return torch.optim.SGD(params, lr=lr)


def test_a_dead_worker_is_an_error_record_of_its_cases():
    found = linbench.compare(
        ["sgd", deadly], "manual", lr=[0.01, 0.03], epochs=5, engine="serial", jobs=2, timing=False
    )
    assert [record.status for record in found] == ["budget", "budget", "budget", "error"]
    assert found.records[3].reason == "its process ended with exit code 3"
