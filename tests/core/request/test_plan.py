"""A plan is the whole matrix, resolved and checked before anything runs."""

import functools
import itertools
import math

import pytest

from linbench import Component, Spec, Sweep, UsageError
from linbench.core.request.canonical import jsonable
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.choice import bind
from linbench.core.request.parameters import signature_of
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.core.request.spec import parse_specs


@pytest.fixture
def plan_of(catalog):
    """make_plan with specs as text; an axis that is not named has one component."""
    ordinary = {"problems": "study-hours", "devices": "cpu", "models": "manual", "optimizers": "sgd"}

    def make(*, settings=None, seeds=(0,), lr=None, offered=catalog, **axes):
        specs = {
            axis: parse_specs(wanted) if isinstance(wanted, str) else wanted
            for axis, wanted in (ordinary | axes).items()
        }
        return make_plan(offered, seeds=seeds, lr=lr, settings=settings, **specs)

    return make


def optimizers_of(plan):
    return [choice.label for choice in plan.optimizers]


def test_the_plan_is_the_cross_product_in_a_fixed_order(plan_of):
    plan = plan_of(problems="study-hours,diabetes", models="manual,linear", optimizers="sgd,adam", seeds=(0, 7))
    cells = [(c.problem.label, c.model.label, c.optimizer.label, c.seed) for c in plan]
    optimizers = ("sgd:lr=0.01", "adam:lr=0.01")
    assert cells == list(itertools.product(("study-hours", "diabetes"), ("manual", "linear"), optimizers, (0, 7)))
    assert len(plan) == len(cells) == 16


def test_a_plan_of_a_million_cases_is_made_at_once_and_gives_them_as_they_are_asked_for(plan_of):
    plan = plan_of(seeds=range(1_000_000))
    assert len(plan) == 1_000_000
    assert [case.seed for case in itertools.islice(plan, 3)] == [0, 1, 2]


def test_sweeps_of_one_spec_multiply(plan_of):
    plan = plan_of(optimizers="sgd:lr=[0.1,0.2],momentum=[0,0.5,0.9]")
    expected = [{"lr": lr, "momentum": momentum} for lr in (0.1, 0.2) for momentum in (0, 0.5, 0.9)]
    assert [choice.params for choice in plan.optimizers] == expected


@pytest.mark.parametrize(
    ("lr", "spec", "label"),
    [
        (None, "sgd", "sgd:lr=0.01"),
        (None, "adam", "adam:lr=0.01"),
        (None, "adadelta", "adadelta:lr=1.0"),
        (0.3, "sgd", "sgd:lr=0.3"),
        (0.3, "adadelta", "adadelta:lr=0.3"),
        (0.3, "sgd:lr=0.1", "sgd:lr=0.1"),
        (None, "sgd:momentum=0.9", "sgd:lr=0.01,momentum=0.9"),
    ],
)
def test_an_lr_comes_from_the_spec_else_the_call_else_the_component_else_is_one_hundredth(plan_of, lr, spec, label):
    assert optimizers_of(plan_of(optimizers=spec, lr=lr)) == [label]


def test_a_sweep_of_lrs_reaches_every_optimizer_that_names_none(plan_of):
    plan = plan_of(optimizers="sgd,adam:lr=1.0", lr=Sweep((0.1, 0.2)))
    assert optimizers_of(plan) == ["sgd:lr=0.1", "sgd:lr=0.2", "adam:lr=1.0"]


def test_an_optimizer_that_takes_no_lr_is_given_none(plan_of):
    def schedule_free(params, beta=0.9):
        """No lr."""

    assert optimizers_of(plan_of(optimizers=[Spec("free", {}, schedule_free)], lr=0.3)) == ["free"]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"optimizers": "adm"}, "unknown optimizer 'adm': did you mean 'adam'?"),
        ({"models": "linaer"}, "unknown model 'linaer': did you mean 'linear'?"),
        ({"problems": "study_hours"}, "unknown problem 'study_hours': did you mean 'study-hours'?"),
        ({"devices": "cdua"}, "unknown device 'cdua': did you mean 'cuda'?"),
        ({"optimizers": "sgd:momentm=0.9"}, "unknown parameter 'momentm' of optimizer 'sgd': did you mean 'momentum'?"),
        ({"problems": "csv:target=y"}, "problem 'csv' needs 'path': csv:path=…"),
        ({"devices": "cpu:5"}, "device 'cpu' takes no parameter without a name"),
        ({"problems": "synthetic:10,n=20"}, "problem 'synthetic': 'n' is given twice"),
        ({"optimizers": []}, "no optimizer is given"),
        ({"problems": []}, "no problem is given"),
        ({"seeds": ()}, "no seed is given"),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused_before_anything_runs(plan_of, axes, message):
    with pytest.raises(UsageError) as caught:
        plan_of(**axes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch_size": 0}, "batch size must be at least 1, not 0"),
        ({"target": 0.0}, "target must be a positive relative gap, not 0.0"),
        ({"target": math.nan}, "target must be a positive relative gap, not nan"),
        ({"target": math.inf}, "target must be a positive relative gap, not inf"),
        ({"dtype": "float23"}, "unknown dtype 'float23': did you mean 'float32'?"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(settings, message):
    with pytest.raises(UsageError) as caught:
        Settings(**settings)
    assert str(caught.value) == message


def test_a_value_without_a_name_goes_to_the_first_parameter(plan_of):
    (problem,) = plan_of(problems="synthetic:20").problems
    assert problem.params == {"n": 20}


def test_the_same_choice_twice_is_one(plan_of):
    plan = plan_of(optimizers="sgd,sgd:lr=0.01,sgd:lr=[0.01,0.01]", models="manual,manual", seeds=(3, 3))
    assert len(plan) == 1


def test_a_device_that_stands_for_another_is_named_and_counted_as_that_one(plan_of):
    assert [choice.label for choice in plan_of(devices="cuda,cuda:0,cuda:index=1,cpu").devices] == [
        "cuda:0",
        "cuda:1",
        "cpu",
    ]


def raising():
    raise OSError("no driver")


def test_a_device_that_cannot_be_made_is_a_mistake_of_the_request(plan_of):
    with pytest.raises(UsageError, match=r"^device 'broken' cannot be used: OSError: no driver$"):
        plan_of(devices=[Spec("broken", {}, raising)])


@pytest.mark.parametrize("axis", ["optimizers", "models", "problems"])
def test_objects_that_share_a_name_are_kept_apart_on_every_axis(plan_of, axis):
    first, second = (lambda *_: 1), (lambda *_: 2)
    given = [Spec("mine", {}, target) for target in (first, second, first)]
    labels = [choice.component.name for choice in getattr(plan_of(**{axis: given}), axis)]
    assert labels == ["mine", "mine#2"]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_an_object_named_like_a_registered_component_is_kept_apart_from_it(plan_of, order):
    def sgd(params, lr):
        """Not torch's."""

    plan = plan_of(optimizers=[Spec("sgd"), Spec("sgd", {}, sgd)][order])
    assert {choice.component.name: choice.component.target for choice in plan.optimizers} == {
        "sgd": "torch.optim:SGD",
        "sgd#2": sgd,
    }


def test_a_registered_target_that_cannot_be_imported_is_no_mistake_of_the_request(plan_of):
    offered = Catalog([Offer(Component("optimizer", "gone", "no_such_package_of_anybody:Opt"), "plugin")])
    (choice,) = bind(offered, "optimizer", Spec("gone", {"anything": 1}))
    assert choice.params == {"anything": 1, "lr": 0.01}


def optimizer(params, lr, *, eps=1e-8, **others):
    """Takes lr, eps and anything else."""


def model(d, m, width=3):
    """Takes a width."""


def keyword_only(*args, a, b=1):
    """Takes a and b by name only."""


def positional_only(x, y, /, z):
    """Takes z only, besides what cannot be named."""


@pytest.mark.parametrize(
    ("target", "harness", "names", "required", "any_keyword"),
    [
        (optimizer, 1, ("lr", "eps"), {"lr"}, True),
        (functools.partial(optimizer, lr=0.1), 1, ("lr", "eps"), set(), True),
        (model, 2, ("width",), set(), False),
        (keyword_only, 0, ("a", "b"), {"a"}, False),
        (positional_only, 1, ("z",), {"z"}, False),
    ],
)
def test_what_a_target_takes_is_its_signature_less_what_the_harness_passes(
    target, harness, names, required, any_keyword
):
    accepted = signature_of(target, harness)
    assert (accepted.names, accepted.required, accepted.any_keyword) == (names, required, any_keyword)


def test_a_target_without_a_signature_is_not_checked():
    assert signature_of(dict, 0) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((0.9, (1, None)), [0.9, [1, None]]),
        (True, True),
        (math.inf, "inf"),
        ({"a": {1: (2,)}}, {"a": {"1": [2]}}),
        ({"c", "a", "b", "d"}, ["a", "b", "c", "d"]),
        (optimizer, f"{__name__}:optimizer"),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_parameters_are_written_as_json_can_hold_them(value, expected):
    assert jsonable(value) == expected
