"""With --isolate and --timeout a case that kills or hangs its process is an error of that case alone."""

import multiprocessing
import time

import pytest

import linbench

STOPPED = "stopped after 1 s (--timeout)"

DEADLY = {
    "os-exits:lr=0.05": "its process ended with exit code 7",
    "segfaults": "its process was killed by SIGSEGV",
    "interrupts": "KeyboardInterrupt",
    "step-cancels": "CancelledError: no Exception",
    "exits": "SystemExit: 5",
}


@pytest.mark.sampled(keep=5)
@pytest.mark.parametrize("options", [{"engine": "serial", "jobs": 1}, {"engine": "batched", "jobs": 2}])
@pytest.mark.parametrize("name", DEADLY)
def test_an_optimizer_that_ends_its_process_is_an_error_and_changes_no_other_record(compared, name, options):
    first, bad, last = compared("sgd", name, "adam", isolate=True, timing=True, **options)
    assert (bad["status"], bad["reason"]) == ("error", DEADLY[name])
    assert [first, last] == compared("sgd", "adam", **options)


@pytest.mark.sampled(keep=3)
@pytest.mark.parametrize("options", [{"engine": "serial", "jobs": 1}, {"engine": "batched", "jobs": 2}])
@pytest.mark.parametrize("name", ["hangs:lr=0.05", "hangs-in-native", "hangs-with-child"])
def test_an_optimizer_that_hangs_is_stopped_and_changes_no_other_record(compared, name, options):
    start = time.monotonic()
    first, bad, last = compared("sgd", name, "adam", timeout=1, **options)
    assert (bad["status"], bad["reason"]) == ("error", STOPPED)
    assert [first, last] == compared("sgd", "adam", **options)
    assert time.monotonic() - start < 30
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("name", "options"), [("os-exits", {"isolate": True}), ("hangs", {"timeout": 1})])
def test_only_the_guilty_cases_of_a_batch_are_errors(compared, name, options):
    found = compared(name, lr=[0.01, 0.009, 0.05, 0.005], **options)
    assert [record["status"] for record in found] == ["budget", "budget", "error", "budget"]
    alone = compared(name, lr=[0.01, 0.009, 0.005], engine="serial")
    assert [record for record in found if record["status"] != "error"] == alone


def test_a_process_that_dies_takes_no_other_case_along_where_nobody_asked_for_isolation(compared):
    options = {"epochs": 1000, "jobs": None, "timing": True, "trajectories": False}
    found = compared("sgd", "os-exits:lr=[0.01,0.05]", **options)
    assert [record["status"] for record in found] == ["budget", "budget", "error"]
    assert found[:1] == compared("sgd", **options)


def test_an_optimizer_that_hangs_while_it_is_timed_has_no_time_and_the_others_have_theirs(hostile):
    found = linbench.compare(["sgd", "hangs:lr=0.05", "adam"], "manual", epochs=3, timeout=1, plugins=[hostile]).records
    assert [record.step_time is not None for record in found] == [True, False, True]


@pytest.mark.parametrize(
    ("axes", "options", "reason"),
    [
        ({"models": "deadly,manual"}, {"isolate": True}, "its process ended with exit code 9"),
        ({"models": "hanging,manual"}, {"timeout": 1}, STOPPED),
        ({"problems": "deadly,study-hours"}, {"isolate": True}, "its process ended with exit code 11"),
    ],
)
def test_a_model_or_problem_that_ends_or_hangs_its_process_is_an_error(compared, axes, options, reason):
    bad, good = compared("sgd", **axes, **options)
    assert (bad["status"], bad["reason"]) == ("error", reason)
    assert [good] == compared("sgd")


def test_a_thread_that_never_ends_does_not_keep_its_case(compared):
    start = time.monotonic()
    (record,) = compared("leaves-thread", isolate=True)
    assert record["status"] == "budget"
    assert time.monotonic() - start < 30


@pytest.mark.sampled(keep=2)
@pytest.mark.parametrize("options", [{"isolate": True}, {"timeout": 60}])
@pytest.mark.parametrize("engine", ["serial", "batched"])
def test_isolation_changes_no_record(compared, engine, options):
    cases = {"lr": [0.01, 0.02, 0.03], "models": "manual,linear", "seeds": 2, "engine": engine}
    assert compared("sgd", "adam", **cases, **options) == compared("sgd", "adam", **cases)


def test_a_case_that_takes_its_time_but_less_than_the_timeout_is_left_alone(compared):
    (record,) = compared("sgd:lr=[0.01]", epochs=3000, timeout=30, trajectories=False)
    assert record["epochs_run"] == 3000


class Elsewhere:
    def __init__(self):
        import torch

        self.torch_device = torch.device("meta")

    def unavailable(self):
        """It is there."""

    def synchronize(self):
        """Nothing to wait for."""


@pytest.mark.parametrize("options", [{"isolate": True}, {"timeout": 5}])
def test_other_devices_cannot_be_kept_apart(options):
    with pytest.raises(
        linbench.UsageError, match=r"^--isolate and --timeout work on the CPU only, not on 'Elsewhere'$"
    ):
        linbench.compare("sgd", "manual", Elsewhere, epochs=2, timing=False, **options)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_a_positive_number(timeout):
    with pytest.raises(linbench.UsageError, match=r"^timeout must be a positive number of seconds, not"):
        linbench.compare("sgd", timeout=timeout)


class Log(linbench.Observer):
    log_every = 10

    def __init__(self):
        self.lines = []

    def started(self, case):
        self.lines.append(case.optimizer.label)

    def epoch(self, epoch, weight, bias, cost):
        self.lines.append(epoch)


@pytest.mark.parametrize("options", [{}, {"isolate": True, "jobs": 2}])
def test_a_training_log_is_the_same_from_a_process_of_its_own(options):
    log = Log()
    linbench.compare("sgd,adam", "manual", epochs=20, timing=False, observer=log, **options)
    assert log.lines == ["sgd:lr=0.01", 10, 20, "adam:lr=0.01", 10, 20]
