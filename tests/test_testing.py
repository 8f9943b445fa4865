"""`linbench.testing`: what an author of an optimizer writes in a test."""

import functools
import subprocess
import sys
import unittest

import pytest
import torch

import linbench
from linbench.testing import check_optimizer, optimizer_checks

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def _no_installed_plugins(monkeypatch):
    monkeypatch.setenv("LINBENCH_PLUGINS", "")


class TakesAnyLr(torch.optim.SGD):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr=abs(lr))


@pytest.mark.parametrize("check", optimizer_checks())
def test_a_sound_optimizer_passes_or_is_skipped(check):
    check_optimizer("adam:lr=0.1", check)


@pytest.mark.parametrize(
    "optimizer",
    [
        "sgd:momentum=0.9",
        "torch.optim.SGD",
        torch.optim.SGD,
        functools.partial(torch.optim.SGD, momentum=0.9),
        linbench.Spec("sgd", {"lr": 0.1}),
        linbench.Component("optimizer", "mine", "torch.optim:SGD", {"momentum": 0.9}),
    ],
    ids=str,
)
def test_all_checks_run_at_once_for_whatever_names_an_optimizer(optimizer):
    verdicts = check_optimizer(optimizer, lr=0.05)
    assert [verdict.name for verdict in verdicts] == [c.__name__.replace("_", " ") for c in optimizer_checks()]
    assert {verdict.outcome for verdict in verdicts} == {"pass", "not applicable"}


def test_parameters_may_be_given_apart_and_an_unknown_one_is_named():
    with pytest.raises(linbench.UsageError, match="unknown parameter 'momentun' of optimizer 'sgd'"):
        check_optimizer("sgd", momentun=0.9)


def test_what_fails_is_listed():
    with pytest.raises(AssertionError) as error:
        check_optimizer(TakesAnyLr)
    assert str(error.value).splitlines() == [
        f"TakesAnyLr:lr=0.01 fails 1 of {len(optimizer_checks())} checks",
        "rejects a negative lr: lr=-0.1 is taken without a ValueError",
    ]


def test_a_declared_reduction_is_checked():
    (verdict,) = check_optimizer("adamw", named("declared_reductions_hold"), reductions=[("weight_decay=0", "adam")])
    assert verdict.outcome == "pass"
    with pytest.raises(AssertionError, match="not so: adamw"):
        check_optimizer("adamw", named("declared_reductions_hold"), reductions=[("", "adam")])


def test_what_does_not_apply_is_skipped_with_its_reason():
    with pytest.raises(pytest.skip.Exception, match="maximize minimizes the negated cost: it takes no maximize"):
        check_optimizer("lbfgs", named("maximize_minimizes_the_negated_cost"))


def test_outside_of_pytest_what_does_not_apply_is_skipped_as_unittest_does(monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    with pytest.raises(unittest.SkipTest, match="it takes no foreach"):
        check_optimizer("lbfgs", named("foreach_changes_rounding_only"))


def test_a_plugin_that_is_not_installed_can_be_given_as_a_file(tmp_path):
    path = tmp_path / "given_as_a_file.py"
    path.write_text(
        "from linbench import Component, hookimpl\n"
        "@hookimpl\n"
        "def linbench_optimizers():\n"
        "    return [Component('optimizer', 'mine', 'torch.optim:SGD')]\n"
    )
    assert check_optimizer("mine", named("is_deterministic"), plugins=[str(path)])[0].outcome == "pass"


def test_every_check_has_a_name_and_says_what_holds_and_why():
    for check in optimizer_checks():
        assert "_" in check.__name__
        assert check.__doc__.count(":") >= 1 or ";" in check.__doc__, check.__name__


def test_nothing_of_pytest_is_needed():
    code = "import sys; sys.modules['pytest'] = None; import linbench.testing as t; t.check_optimizer('sgd')"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (process.returncode, process.stderr) == (0, "")


def named(name):
    return next(check for check in optimizer_checks() if check.__name__ == name)
