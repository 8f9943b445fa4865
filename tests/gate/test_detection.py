"""The purpose of the gate: an edit that changes the algorithm is caught, and what changes nothing is not."""

import functools

import edited
import pytest
import torch

from linbench.gate.finding import Kind, exit_code


def drifted(findings):
    return {finding.case for finding in findings if finding.kind is Kind.DRIFT}


@pytest.mark.parametrize(
    "broken", [edited.WrongSign, edited.Uncorrected, edited.EpsInside, edited.SharedSteps, edited.OtherBeta]
)
def test_an_edit_that_changes_the_algorithm_is_caught_on_the_default_suite(changes, broken):
    findings = changes(edited.Adam, broken)
    assert exit_code(findings) == 1
    assert drifted(findings)


@pytest.mark.parametrize("broken", [edited.WrongSign, edited.Uncorrected, edited.SharedSteps, edited.OtherBeta])
def test_study_hours_alone_catches_an_edit_that_changes_the_algorithm(changes, broken):
    assert drifted(changes(edited.Adam, broken, problems="study-hours", epochs=100))


def test_a_changed_default_lr_shows_as_a_case_that_went_and_one_that_came(trained):
    from linbench.gate.judge import judge_all

    was, now = (trained(edited.Adam, {"lr": lr}, specs="mine", problems="study-hours") for lr in (0.01, 0.02))
    findings = judge_all(now, was)
    assert [finding.kind for finding in findings] == [Kind.REMOVED, Kind.NEW]
    assert "mine:lr=0.01" in findings[0].case
    assert "mine:lr=0.02" in findings[1].case
    assert exit_code(findings) == 3


def test_a_default_lr_that_the_signature_alone_knows_is_caught(changes):
    def factory(rate, params):
        return torch.optim.SGD(params, lr=rate)

    was, now = (functools.partial(factory, rate) for rate in (0.01, 0.01 * (1 + 1e-3)))
    assert drifted(changes(was, now, specs="mine", problems="study-hours"))


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_foreach_changes_nothing(changes, name):
    optimizer = getattr(torch.optim, name)
    was, now = (functools.partial(optimizer, foreach=foreach) for foreach in (False, True))
    assert changes(was, now, epochs=200) == []


def test_the_number_of_threads_changes_nothing(trained, tmp_path):
    from linbench.gate.judge import judge_all

    large = {"problems": "synthetic:n=20000,d=60,condition=10,data_seed=0", "epochs": 30, "specs": "mine"}
    threads = torch.get_num_threads()
    try:
        found = []
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(trained(torch.optim.Adam, **large))
    finally:
        torch.set_num_threads(threads)
    assert judge_all(*found) == []


def test_the_order_of_a_sum_changes_nothing(changes):
    """As on another processor: the same step, but for rounding."""

    class Regrouped(edited.Adam):
        def _update(self, parameter, state, lr, eps):
            parameter.grad.mul_(3.0).div_(3.0)
            super()._update(parameter, state, lr, eps)

    assert changes(edited.Adam, Regrouped) == []
