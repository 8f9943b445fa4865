"""The Python API: what can be given, and what the result gives back."""

import dataclasses
import functools
import json

import numpy as np
import pytest
import torch

import linbench
from linbench import Problem, Spec, Status, Sweep, UsageError
from linbench.comparison import TrainingOptions, lr_of, seeds_of

quick = functools.partial(linbench.compare, models="manual", epochs=20, timing=False)


class MySGD(torch.optim.SGD):
    """An optimizer that nobody registered."""


def heavy_ball(params, lr, momentum=0.9):
    return torch.optim.SGD(params, lr=lr, momentum=momentum)


def optimizers(comparison):
    return [(record.optimizer, record.params) for record in comparison]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sgd:momentum=0.5,adam", [("sgd", {"lr": 0.01, "momentum": 0.5}), ("adam", {"lr": 0.01})]),
        (["sgd", "adam:lr=1.0"], [("sgd", {"lr": 0.01}), ("adam", {"lr": 1.0})]),
        (Spec("sgd", {"lr": Sweep((0.1, 0.2))}), [("sgd", {"lr": 0.1}), ("sgd", {"lr": 0.2})]),
        (MySGD, [("MySGD", {"lr": 0.001})]),  # the default of the signature, which is torch's own
        (["sgd", MySGD, heavy_ball], [("sgd", {"lr": 0.01}), ("MySGD", {"lr": 0.001}), ("heavy_ball", {"lr": 0.01})]),
        (functools.partial(MySGD, lr=0.1, momentum=0.5), [("MySGD", {"lr": 0.1, "momentum": 0.5})]),
        ("torch.optim.SGD:lr=0.1", [("torch.optim.SGD", {"lr": 0.1})]),
    ],
)
def test_optimizers_are_specs_classes_callables_and_partials(given, expected):
    comparison = quick(given)
    assert optimizers(comparison) == expected
    assert all(record.status is not Status.ERROR for record in comparison)


@pytest.mark.parametrize(
    ("given", "spec"),
    [
        (MySGD, "sgd:lr=0.001"),
        (heavy_ball, "sgd:momentum=0.9"),
        (lambda params, lr: torch.optim.Adam(params, lr=lr), "adam"),
        (
            functools.partial(torch.optim.SGD, lr=0.05, nesterov=True, momentum=0.9),
            "sgd:lr=0.05,nesterov=True,momentum=0.9",
        ),
    ],
)
def test_an_object_given_directly_trains_as_the_spec_that_says_the_same(given, spec):
    (direct,), (named,) = quick(given, engine="serial"), quick(spec, engine="serial")
    assert (direct.weight, direct.bias, direct.final_cost) == (named.weight, named.bias, named.final_cost)


def test_two_lambdas_are_two_optimizers():
    comparison = quick(
        [lambda params, lr: torch.optim.SGD(params, lr=lr), lambda params, lr: torch.optim.Adam(params, lr=lr)]
    )
    assert [record.optimizer for record in comparison] == ["lambda", "lambda#2"]
    assert [record.final_cost for record in comparison] == [record.final_cost for record in quick("sgd,adam")]
    assert len({record.key for record in comparison}) == 2


def test_an_optimizer_named_like_a_registered_one_does_not_replace_it():
    def sgd(params, lr):
        return torch.optim.SGD(params, lr=lr, momentum=0.9)

    comparison = quick(["sgd", sgd])
    assert [record.optimizer for record in comparison] == ["sgd", "sgd#2"]
    assert [record.final_cost for record in comparison] == [
        record.final_cost for record in quick("sgd,sgd:momentum=0.9")
    ]


def test_models_are_given_alike():
    without_bias = [functools.partial(torch.nn.Linear, bias=False), lambda d, m: torch.nn.Linear(d, m, bias=False)]
    registered, direct, *bare = quick("sgd", models=["linear", torch.nn.Linear, *without_bias])
    assert [record.model for record in (direct, *bare)] == ["Linear", "Linear:bias=False", "lambda"]
    assert (registered.weight, registered.bias) == (direct.weight, direct.bias)
    assert [record.bias for record in bare] == [[0.0], [0.0]]


def test_a_problem_is_given_as_its_data():
    X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    given = Problem(X, y)
    same, other, study_hours = quick("sgd:lr=0.3", problems=[given, Problem(X, [2.0, 4.0, 6.0]), "study-hours"])
    assert same.theory.weight[0][0] == pytest.approx(2.0)
    assert same.theory.bias[0] == pytest.approx(1.0)
    assert other.theory.bias[0] == pytest.approx(2.0)
    assert study_hours.optimum_cost == pytest.approx(46.875)
    assert len({record.problem for record in (same, other, study_hours)}) == 3
    assert len(quick("sgd", problems=[given, given])) == 1


def test_problems_with_the_same_data_in_other_units_predict_in_their_own():
    X, y = [[-1.0], [0.0], [1.0]], [1.0, 2.0, 3.0]
    metres, feet = Problem(X, y, shift=[10.0], scale=[1.0]), Problem(X, y, shift=[30.0], scale=[3.0])
    first, second = quick("sgd:lr=0.5", problems=[metres, feet], predict=[13.0], epochs=200)
    assert first.prediction == pytest.approx([5.0], rel=1e-4)
    assert second.prediction == pytest.approx([2.0 - 17.0 / 3.0], rel=1e-4)


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (1, [0]),
        (3, [0, 1, 2]),
        ("3", [0, 1, 2]),
        ("0,3,7", [0, 3, 7]),
        ("7,", None),
        ([5, 2], [5, 2]),
        (range(2, 4), [2, 3]),
        (0, None),
        (-1, None),
        ("", None),
        ("two", None),
        ([], None),
        ([1, -2], None),
    ],
)
def test_seeds_are_a_count_a_list_or_text(seeds, expected):
    if expected is None:
        with pytest.raises(UsageError):
            seeds_of(seeds)
    else:
        assert list(seeds_of(seeds)) == expected


@pytest.mark.parametrize(
    ("lr", "expected"),
    [
        (None, None),
        (0.1, 0.1),
        ("0.1", 0.1),
        ("0.1,0.2", Sweep((0.1, 0.2))),
        ("[0.1,0.2]", Sweep((0.1, 0.2))),
        ("1e-2..1@3", Sweep((0.01, 0.1, 1.0))),
        ([0.1, 0.2], Sweep((0.1, 0.2))),
        (np.array([0.1, 0.2]), Sweep((0.1, 0.2))),
        ([np.float64(0.1), np.float32(0.5)], Sweep((0.1, 0.5))),
        (torch.tensor([0.25, 0.5]), Sweep((0.25, 0.5))),
        (np.float32(0.5), 0.5),
    ],
)
def test_an_lr_is_a_number_several_or_text(lr, expected):
    assert repr(lr_of(lr)) == repr(expected)


@pytest.mark.parametrize("lr", ["fast", "0.1,fast", "True", "(0.1,0.2)", "0..1@3"])
def test_an_lr_that_is_no_number_is_a_mistake_of_the_request(lr):
    with pytest.raises(UsageError):
        lr_of(lr)


def test_one_call_gives_a_record_for_every_combination_in_the_order_of_the_plan():
    comparison = quick("sgd,adam", models="manual,linear", seeds=2, lr=[0.1, 0.2])
    cells = [(r.model, r.optimizer, r.params["lr"], r.seed) for r in comparison]
    assert cells == [
        (model, optimizer, lr, seed)
        for model in ("manual", "linear")
        for optimizer in ("sgd", "adam")
        for lr in (0.1, 0.2)
        for seed in (0, 1)
    ]
    assert len(comparison) == comparison.planned == 16
    assert not comparison.interrupted


@pytest.fixture(scope="module")
def two():
    return quick("sgd,adam", trajectories=5)


def test_a_result_prints_as_the_table(two):
    text = str(two)
    assert [name in text for name in ("optimizer", "sgd:lr=0.01", "adam:lr=0.01", "46.875")] == [True] * 4
    assert text.splitlines()[0].split()[:3] == ["optimizer", "model", "status"]


def test_a_result_is_an_html_table_in_a_notebook(two):
    html = two._repr_html_()
    assert html.startswith("<table>")
    assert html.count("<tr>") == 3
    assert "sgd:lr=0.01" in html


def test_a_result_gives_json_and_rows(two):
    document = json.loads(two.to_json())
    assert document["records"] == [json.loads(json.dumps(record.to_dict())) for record in two]
    rows = two.to_rows()
    assert [row["optimizer"] for row in rows] == ["sgd", "adam"]
    assert [row["parameters.W"] for row in rows] == [record.weight for record in two]
    assert all(len(row["trajectory.epoch"]) <= 5 for row in rows)


def test_curves_are_kept_only_where_they_are_asked_for():
    assert [record.trajectory for record in quick("sgd")] == [None]
    (whole,) = quick("sgd", trajectories=True)
    assert list(whole.trajectory.epoch) == list(range(21))


def test_an_optimizer_that_raises_is_an_error_record_and_all_others_run():
    class Broken(torch.optim.SGD):
        def step(self, closure=None):
            raise ZeroDivisionError("no curvature\nsecond line")

    before, broken, after = quick(["sgd", Broken, "adam"])
    assert (broken.status, broken.reason) == (Status.ERROR, "ZeroDivisionError: no curvature")
    assert "in step" in broken.traceback
    assert before.status == after.status == Status.BUDGET


@pytest.mark.parametrize("during", [0, 10])
def test_an_interrupt_leaves_what_was_done_so_far(during):
    class Interrupted(torch.optim.SGD):
        steps = 0

        def step(self, closure=None):
            if self.steps >= during:
                raise KeyboardInterrupt
            self.steps += 1
            return super().step(closure)

    comparison = quick(["sgd", "adam", Interrupted, "rmsprop"])
    assert [record.optimizer for record in comparison] == ["sgd", "adam"]
    assert (len(comparison), comparison.planned, comparison.interrupted) == (2, 4, True)
    assert comparison.records == quick("sgd,adam").records
    assert "adam" in str(comparison)


def test_a_schedule_that_ends_with_the_training_costs_no_record():
    class OneCycle(torch.optim.SGD):
        steps = 0

        def step(self, closure=None):
            self.steps += 1
            if self.steps > 30:
                raise ValueError("stepped more often than there are steps")
            return super().step(closure)

    whole, limited = quick(["sgd:lr=0.001", OneCycle], epochs=30, timing=True)
    assert (whole.final_cost, whole.status) == (limited.final_cost, limited.status)
    assert whole.step_time.median > 0
    assert limited.step_time is None


@pytest.mark.parametrize(
    "request_",
    [
        {"optimizers": "adm"},
        {"optimizers": "sgd:lrr=1"},
        {"problems": "csv:path=missing.csv,target=y"},
        {"seeds": 0},
        {"lr": "fast"},
        {"epochs": 0},
        {"dtype": "int8"},
        {"predict": [1.0, 2.0]},
        {"plugins": ["no_such_module_of_anybody"]},
    ],
)
def test_a_request_that_cannot_be_carried_out_raises_one_line_before_anything_runs(request_):
    class Watcher(linbench.Observer):
        def started(self, case):
            raise AssertionError("something ran")

    with pytest.raises(UsageError) as caught:
        quick(**request_, observer=Watcher())
    assert len(str(caught.value).splitlines()) == 1


def test_settings_and_execution_may_be_given_as_objects():
    settings, execution = (
        linbench.Settings(epochs=7, dtype="float64"),
        linbench.Execution(engine="serial", timing=False),
    )
    (record,) = linbench.compare("sgd", "manual", settings=settings, execution=execution)
    assert (record.epochs, record.dtype, record.engine, record.step_time) == (7, "float64", "serial", None)


def test_an_option_by_its_name_changes_what_the_objects_say():
    settings = linbench.Settings(epochs=7, target=1e-3)
    (record,) = linbench.compare("sgd", "manual", settings=settings, epochs=5, timing=False)
    assert (record.epochs, record.target) == (5, 1e-3)


def test_every_field_of_settings_and_execution_is_an_option():
    fields = {field.name for one in (linbench.Settings, linbench.Execution) for field in dataclasses.fields(one)}
    assert set(TrainingOptions.__annotations__) == fields - {"json"}


@pytest.mark.parametrize("function", [linbench.compare, linbench.tune])
def test_an_option_that_there_is_not_is_a_type_error(function):
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) got an unexpected keyword argument 'epoch'$"):
        function("sgd", epoch=5)


def test_tune_takes_settings_and_execution_too():
    settings, execution = linbench.Settings(epochs=9), linbench.Execution(engine="serial")
    tuning = linbench.tune("sgd", budget=2, seeds=1, settings=settings, execution=execution)
    assert {(record.epochs, record.engine) for record in tuning.records} == {(9, "serial")}


def test_settings_and_execution_take_no_values_by_position():
    for one in (linbench.Settings, linbench.Execution):
        with pytest.raises(TypeError):
            one(5)
