"""Results in order; a process that dies loses only its own task; nothing is left running."""

import multiprocessing
import os
import signal
import time

import pytest

import linbench
from linbench.core.pool import Died, in_processes


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(processes):
    def work(delay):
        time.sleep(delay)
        return delay, os.getpid()

    delays = [0.05, 0.0, 0.02, 0.0]
    results = [result for _, result in in_processes(delays, work, processes)]
    assert [delay for delay, _ in results] == delays
    assert os.getpid() not in {process for _, process in results}


def test_a_killed_process_loses_its_own_task_only():
    def work(task):
        if task == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == 2:
            os._exit(7)
        return task

    results = [result for _, result in in_processes([0, 1, 2, 3], work, 2)]
    assert results == [0, Died("its process was killed by SIGKILL"), Died("its process ended with exit code 7"), 3]


def test_no_process_outlives_the_one_who_asked():
    results = in_processes([0, 60, 60], lambda delay: time.sleep(delay), 3)
    next(results)
    results.close()
    assert not multiprocessing.active_children()


def records(**arguments):
    return linbench.compare("sgd,adam", lr="0.01..0.05@4", epochs=20, max_lanes=3, timing=False, **arguments).records


def test_processes_change_no_record_and_no_order():
    assert records(jobs=2) == records()


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
