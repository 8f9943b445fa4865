"""Fits without an intercept: both engines train XW alone, as a loop without bias does."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import linbench
from linbench.core.engines.replay import agree
from linbench.plugins.manager import load_plugins

SHAPES = [(1, 1), (3, 1), (3, 2)]
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
REASON = "it has a bias, and the problem has no intercept"


@functools.cache
def posed(d, m):
    """Nine rows of d features and m targets that no line through the origin fits."""
    generator = torch.Generator().manual_seed(10 * d + m)
    X = torch.rand(9, d, generator=generator, dtype=torch.float64) + 0.5
    return linbench.Problem(X, 3 + torch.randn(9, m, generator=generator, dtype=torch.float64), intercept=False)


def manual(d, m, dtype, seed):
    W = torch.zeros((1,) if d == m == 1 else (d, m), dtype=dtype, requires_grad=True)
    return SimpleNamespace(W=W, output=(lambda x: x * W) if d == m == 1 else (lambda x: x @ W))


def linear(d, m, dtype, seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(d, m, bias=False).to(dtype)
    return SimpleNamespace(W=model.weight, output=model)


MODELS = {"manual": manual, "linear": linear}


def by_hand(optimizer_class, model_name, problem, *, dtype, seed, epochs=60, lr=0.02, batch_size=None):
    """The plain loop, written out: the cost over all rows at every epoch, and W (d, m) at the end."""
    X, y = problem.X.to(dtype), problem.y.to(dtype)
    d, m = problem.n_features, problem.n_targets
    model = MODELS[model_name](d, m, dtype, seed)
    optimizer = optimizer_class([model.W], lr=lr)
    order = torch.Generator().manual_seed(seed)
    costs = []
    for _ in range(epochs):
        costs.append(torch.mean((model.output(X) - y) ** 2).item())
        batches = [slice(None)] if batch_size is None else torch.randperm(9, generator=order).split(batch_size)
        for rows in batches:
            cost = torch.mean((model.output(X[rows]) - y[rows]) ** 2)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    costs.append(torch.mean((model.output(X) - y) ** 2).item())
    W = model.W.detach()
    return costs, (W.T if model_name == "linear" else W.reshape(d, m)).tolist()


@pytest.mark.sampled(keep=18)
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("d", "m"), SHAPES)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_serial_run_is_the_loop_without_bias_bit_for_bit(optimizer, model, d, m, dtype, batch_size):
    problem = posed(d, m)
    (record,) = linbench.compare(
        f"{optimizer}:lr=0.02",
        model,
        problems=problem,
        seeds=[3],
        epochs=60,
        dtype=dtype,
        batch_size=batch_size,
        engine="serial",
        trajectories=True,
        timing=False,
    )
    costs, W = by_hand(
        OPTIMIZERS[optimizer], model, problem, dtype=getattr(torch, dtype), seed=3, batch_size=batch_size
    )
    assert list(record.trajectory.cost) == costs
    assert (record.weight, record.bias) == (W, [])
    residuals = problem.X.numpy() @ np.array(W) - problem.y.numpy()
    assert record.gap == pytest.approx(np.mean(residuals**2) - record.optimum_cost, rel=1e-9, abs=1e-14)


def assert_alike(serial, batched):
    assert [record.key for record in serial] == [record.key for record in batched]
    for one, lane in zip(serial, batched, strict=True):
        assert (one.status, one.evaluations, one.bias, lane.bias) == (lane.status, lane.evaluations, [], [])
        dtype = getattr(torch, one.dtype)
        costs = (torch.tensor(record.trajectory.cost, dtype=dtype) for record in (one, lane))
        assert agree(*costs), one
        scale = 1 + np.abs(one.weight).max()
        np.testing.assert_allclose(lane.weight, one.weight, atol=scale * 50 * torch.finfo(dtype).eps ** 0.9)


@pytest.mark.sampled(keep=4)
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("d", "m"), SHAPES)
def test_lanes_are_serial_runs_without_bias(both, d, m, dtype, batch_size):
    specs = [f"{name}:lr=[0.005,0.02,0.05]" for name in OPTIMIZERS]
    serial, batched = both(
        ",".join(specs), problems=posed(d, m), seeds=[0, 3], epochs=40, dtype=dtype, batch_size=batch_size
    )
    assert {record.engine for record in batched} == {"batched"}
    assert_alike(serial, batched)


class OutsideOfTorch(torch.optim.SGD):
    """Trained with W by itself, not as a part of one tensor: linbench cannot know what it does with a tensor."""


def test_lanes_of_an_optimizer_outside_of_torch_are_serial_runs_without_bias(both):
    spec = linbench.Spec("mine", {"lr": linbench.Sweep((0.005, 0.02)), "momentum": 0.5}, OutsideOfTorch)
    serial, batched = both(spec, problems=posed(3, 2), seeds=2, epochs=40)
    assert {record.engine for record in batched} == {"batched"}
    assert_alike(serial, batched)


BUILT_IN = load_plugins(environ={"LINBENCH_PLUGINS": ""}).catalog.names("optimizer")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_optimizer_trains_without_an_intercept_in_both_engines(both, name):
    serial, batched = both(name, problems=posed(3, 1), models="linear", epochs=30)
    assert {record.status for record in serial} <= {"converged", "budget", "stalled", "diverged"}
    assert_alike(serial, batched)


@pytest.mark.parametrize("stop_at_target", [False, True])
def test_a_target_below_the_rounding_of_costs_is_found_from_the_weights_in_both_engines(both, stop_at_target):
    serial, batched = both(
        "sgd:lr=[0.05,0.1]", problems=posed(1, 1), target=1e-10, epochs=200, stop_at_target=stop_at_target
    )
    for one, lane in zip(serial, batched, strict=True):
        assert one.epochs_to_target is not None
        assert abs(one.epochs_to_target - lane.epochs_to_target) <= 1
        assert one.bias == lane.bias == []


def test_predictions_are_those_of_the_weights_alone(both):
    for records in both("sgd:lr=[0.01,0.05]", problems=posed(3, 2), predict=[1.0, 2.0, -3.0], epochs=30):
        for record in records:
            expected = np.array([1.0, 2.0, -3.0]) @ np.array(record.weight)
            assert record.prediction == pytest.approx(expected.tolist(), rel=1e-5)


def test_an_observer_is_told_of_no_bias():
    class Watcher(linbench.Observer):
        log_every = 5

        def __init__(self):
            self.told = []

        def epoch(self, epoch, weight, bias, cost):
            self.told.append((epoch, len(weight), bias))

    watcher = Watcher()
    linbench.compare("sgd", "manual", problems=posed(3, 1), epochs=10, timing=False, observer=watcher)
    assert watcher.told == [(5, 3, []), (10, 3, [])]


def deep(n_features, n_targets):
    return torch.nn.Sequential(torch.nn.Linear(n_features, 2), torch.nn.Linear(2, n_targets))


def deep_with_a_choice(n_features, n_targets, *, bias=True):
    layers = torch.nn.Linear(n_features, 2, bias=bias), torch.nn.Linear(2, n_targets, bias=bias)
    return torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1])


def passes_all_on(n_features, n_targets, **others):
    return torch.nn.Linear(n_features, n_targets, **others)


def always_shifts(n_features, n_targets, bias=1.0):
    layer = torch.nn.Linear(n_features, n_targets)
    torch.nn.init.constant_(layer.bias, bias)
    return layer


@pytest.mark.parametrize("model", ["linear:bias=True", "manual:bias=True", deep, passes_all_on, always_shifts])
def test_a_model_that_has_a_bias_all_the_same_is_skipped_with_the_reason(both, model):
    for records in both("sgd:lr=[0.01,0.02]", models=model, problems=posed(3, 1), seeds=2, epochs=5):
        assert [(record.status, record.reason) for record in records] == [("skipped", REASON)] * 4
        assert {(record.weight, record.bias) for record in records} == {(None, None)}


@pytest.mark.parametrize("model", ["linear:bias=False", "manual:bias=False", deep_with_a_choice])
def test_models_that_can_do_without_a_bias_are_trained(both, model):
    serial, batched = both("sgd:lr=[0.01,0.02]", models=model, problems=posed(3, 1), epochs=20)
    for one, lane in zip(serial, batched, strict=True):
        assert (one.status, lane.engine) == ("budget", "batched")
        assert one.gap == pytest.approx(lane.gap, rel=1e-4)
        assert one.gap > 0


def test_a_model_of_another_form_is_called_without_a_bias():
    (record,) = linbench.compare("sgd", deep_with_a_choice, problems=posed(3, 1), epochs=5, timing=False)
    assert (record.status, record.weight, record.bias) == ("budget", None, None)


def test_skipped_models_leave_the_others_of_a_comparison_alone():
    records = linbench.compare("sgd", ["manual", deep, "linear"], problems=posed(3, 1), epochs=5)
    assert [record.status for record in records] == ["budget", "skipped", "budget"]
    assert [record.step_time is None for record in records] == [False, True, False]


def test_a_problem_with_an_intercept_is_trained_as_ever_beside_one_without():
    X, y = posed(3, 1).X, posed(3, 1).y
    alone = linbench.compare("adam", problems=linbench.Problem(X, y), epochs=50, timing=False)
    beside = linbench.compare("adam", problems=[posed(3, 1), linbench.Problem(X, y)], epochs=50, timing=False)
    assert beside.records[2:] == alone.records
    assert [len(record.bias) for record in beside] == [0, 0, 1, 1]


VALUES = st.floats(-4, 4).map(lambda value: round(value, 3))


@settings(max_examples=settings.default.max_examples // 4)
@given(
    X=arrays(float, st.tuples(st.integers(4, 8), st.integers(1, 3)), elements=VALUES),
    targets=st.integers(1, 2),
    seed=st.integers(0, 1000),
    optimizer=st.sampled_from(["sgd", "sgd:momentum=0.9", "adam", "rmsprop"]),
)
def test_a_column_of_ones_stands_for_the_intercept(both, X, targets, seed, optimizer):
    y = np.random.default_rng(seed).normal(size=(len(X), targets))
    ones = np.column_stack([X, np.ones(len(X))])
    singular_values = np.linalg.svd(ones, compute_uv=False)
    assume(singular_values[-1] > 1e-3)
    fitted, posed_without = linbench.Problem(X, y), linbench.Problem(ones, y, intercept=False)
    theory, without = linbench.solve(fitted).theory, linbench.solve(posed_without).theory
    np.testing.assert_allclose(without.weight, [*theory.weight, theory.bias], rtol=1e-9, atol=1e-9)
    assert without.spectrum == pytest.approx(theory.spectrum, rel=1e-9)
    assert without.gap_parts == pytest.approx(theory.gap_parts, rel=1e-6, abs=1e-12)
    assert without.optimum_cost == pytest.approx(theory.optimum_cost, rel=1e-9, abs=1e-14)
    arguments = {"models": "manual", "epochs": 30, "lr": 0.5 / theory.L, "dtype": "float64"}
    for with_it, with_ones in zip(
        both(optimizer, problems=fitted, **arguments), both(optimizer, problems=posed_without, **arguments), strict=True
    ):
        (one,), (other,) = with_it, with_ones
        np.testing.assert_allclose(other.trajectory.cost, one.trajectory.cost, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.weight, [*one.weight, one.bias], rtol=1e-7, atol=1e-7)
        assert (one.status, other.bias) == (other.status, [])
