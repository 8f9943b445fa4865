"""Whatever a third party's problem, model or device does, every case has its record and every other case runs."""

import pytest
import torch

import linbench
from linbench import Problem, ProblemError, Spec, Status
from linbench.core.problem.workbench import Workbench


def compare(**axes):
    return linbench.compare(**{"optimizers": "sgd", "models": "manual", "epochs": 3, "timing": False, **axes})


class Absent:
    torch_device = torch.device("cpu")

    def unavailable(self):
        return "it is switched off"

    def synchronize(self):
        """Nothing to wait for."""


class Faulty(Absent):
    def unavailable(self):
        raise OSError("no driver\nat all")


def test_a_device_that_is_not_there_gives_skipped_records_with_its_reason():
    comparison = compare(devices=["cpu", Absent], seeds=2)
    assert [(record.device, record.status, record.reason) for record in comparison][2:] == [
        ("Absent", Status.SKIPPED, "it is switched off")
    ] * 2
    assert [record.status for record in comparison][:2] == [Status.BUDGET] * 2
    assert "skipped: sgd:lr=0.01 manual on Absent: it is switched off" in str(comparison)


def test_a_device_that_raises_when_asked_gives_error_records():
    good, bad = compare(devices=["cpu", Faulty])
    assert (good.status, bad.status, bad.reason) == (Status.BUDGET, Status.ERROR, "OSError: no driver")


def no_module(d, m):
    return "a model"


def raising_model(d, m):
    raise RuntimeError("no weights")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (raising_model, "RuntimeError: no weights"),
        (no_module, "model 'no_module' made a str, not a torch.nn.Module"),
        (
            lambda d, m: torch.nn.Linear(d + 1, m),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x1 and 2x1)",
        ),
    ],
)
def test_a_model_that_cannot_be_trained_gives_an_error_record(model, reason):
    bad, good = compare(models=[model, "manual"])
    assert (bad.status, bad.reason, good.status) == (Status.ERROR, reason, Status.BUDGET)


def raising_problem(seed):
    raise KeyError("column")


def test_a_problem_that_raises_something_of_its_own_gives_error_records():
    bad, good = compare(problems=[raising_problem, "study-hours"])
    assert (bad.status, bad.reason, good.status) == (Status.ERROR, "KeyError: 'column'", Status.BUDGET)


def test_a_problem_that_gives_something_else_is_refused_before_anything_runs():
    with pytest.raises(ProblemError, match=r"^problem 'lambda' made a list, not a linbench\.Problem$"):
        compare(problems=lambda _: [1, 2, 3])


def test_a_problem_is_built_once_for_each_seed_and_solved_once_for_all_that_give_the_same_data():
    built = []

    def problem(seed):
        built.append(seed)
        return Problem([[0.0], [1.0]], [0.0, 1.0 + seed // 2])

    comparison = compare(problems=problem, models="manual,linear", optimizers="sgd,adam", seeds=4)
    assert sorted(built) == [0, 1, 2, 3]
    assert len({id(record.theory) for record in comparison}) == 2


def test_records_come_in_the_order_of_the_plan_though_skipped_ones_are_known_first():
    comparison = compare(devices=[Absent, "cpu"], optimizers="sgd,adam")
    assert [(record.device, record.optimizer) for record in comparison] == [
        ("Absent", "sgd"),
        ("Absent", "adam"),
        ("cpu", "sgd"),
        ("cpu", "adam"),
    ]


def test_only_cases_that_were_trained_are_timed():
    class Broken(torch.optim.SGD):
        def step(self, closure=None):
            raise ValueError("broken")

    trained, broken, *absent = compare(optimizers=["sgd", Broken], devices=["cpu", Absent], timing=True)
    assert trained.step_time.median > 0
    assert [record.step_time for record in (broken, *absent)] == [None] * 3


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_whether_costs_resolve_a_target_depends_on_what_the_optimum_leaves(catalog, noise):
    from linbench.core.request.plan import make_plan

    y = [0.0 + noise, 1.0 - noise, 2.0, 3.0 + noise]
    specs = {axis: [Spec(name)] for axis, name in (("devices", "cpu"), ("models", "manual"), ("optimizers", "sgd"))}
    given = Spec("given", {}, lambda _: Problem([[0.0], [1.0], [2.0], [3.0]], y))
    (case,) = make_plan(catalog, problems=[given], **specs)
    setup = Workbench().setup(case)
    assert setup.resolves(1e-9) is (noise == 0.0)
    assert setup.resolves(1e-3)
    assert not setup.resolves(1e-16)
