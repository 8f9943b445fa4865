"""The serial engine is the tutorial's loop: the same numbers, bit for bit."""

import functools

import pytest
import torch

import linbench
from linbench.core.engines import series

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
Y = torch.tensor([[50.0], [70.0], [90.0], [85.0]])

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}


def manual(dtype, seed):
    W = torch.zeros(1, dtype=dtype, requires_grad=True)
    b = torch.zeros(1, dtype=dtype, requires_grad=True)
    return lambda x: x * W + b, W, b


def linear(dtype, seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(1, 1).to(dtype)
    return model, model.weight, model.bias


def tutorial(optimizer_class, make_model, *, dtype, seed, epochs, lr=0.01):
    """The plain loop, written out: every cost, and W and b at the end."""
    x, y = X.to(dtype), Y.to(dtype)
    model, W, b = make_model(dtype, seed)
    optimizer = optimizer_class([W, b], lr=lr)
    costs = []
    for _ in range(epochs):
        cost = torch.mean((model(x) - y) ** 2)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
    costs.append(torch.mean((model(x) - y) ** 2).item())
    return costs, W.item(), b.item()


serial = functools.partial(linbench.compare, engine="serial", timing=False)


def only(comparison):
    (record,) = comparison
    return record


@pytest.mark.sampled(keep=6)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make_model", [manual, linear])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_cost_and_parameter_is_the_tutorials_bit_for_bit(optimizer, make_model, dtype):
    record = only(serial(optimizer, make_model.__name__, seeds=[3], dtype=dtype, trajectories=True))
    costs, W, b = tutorial(OPTIMIZERS[optimizer], make_model, dtype=getattr(torch, dtype), seed=3, epochs=2000)
    assert list(record.trajectory.cost) == costs
    assert record.weight == [[W]]
    assert record.bias == [b]
    assert (record.initial_cost, record.final_cost, record.best_cost) == (costs[0], costs[-1], min(costs))


def test_the_tutorial_ends_where_the_tutorial_says():
    record = only(serial("sgd", "manual", predict=[5]))
    assert record.weight[0][0] == pytest.approx(12.529, abs=5e-4)
    assert record.bias[0] == pytest.approx(42.415, abs=5e-4)
    assert record.prediction[0] == pytest.approx(105.06, abs=5e-3)
    assert record.optimum_cost == pytest.approx(46.875, rel=1e-12)


def test_watching_and_recording_change_no_number():
    class Watcher(linbench.Observer):
        log_every = 7

        def __init__(self):
            self.epochs = []

        def epoch(self, epoch, weight, bias, cost):
            self.epochs.append((epoch, weight, bias, cost))

    watcher = Watcher()
    arguments = {"optimizers": "adam", "models": "linear", "epochs": 100, "trajectories": True}
    watched, alone = only(serial(observer=watcher, **arguments)), only(serial(**arguments))
    assert watched == alone
    assert [epoch for epoch, *_ in watcher.epochs] == list(range(7, 101, 7))
    for epoch, _, _, cost in watcher.epochs:
        assert cost == alone.trajectory.cost[epoch - 1]


@pytest.mark.parametrize("target", [1e-3, 1e-12])  # the second one is found by the parameters of every epoch
@pytest.mark.parametrize("stop_at_target", [False, True])
def test_what_is_put_together_on_the_way_is_what_was_recorded(monkeypatch, target, stop_at_target):
    def run():
        return only(serial("sgd:lr=0.1", "manual", target=target, stop_at_target=stop_at_target, trajectories=True))

    at_the_end = run()
    monkeypatch.setattr(series, "AT_ONCE", 7)
    assert run() == at_the_end
    assert at_the_end.epochs_to_target is not None


@pytest.mark.parametrize("target", [1e-3, 1e-6, 1e-9])
def test_epochs_to_target_is_the_first_epoch_within_it(target):
    record = only(serial("sgd:lr=0.1", "manual", target=target, dtype="float64", trajectories=True))
    limit = record.optimum_cost + target * (5681.25 - 46.875)
    first = next(epoch for epoch, cost in enumerate(record.trajectory.cost) if cost <= limit)
    assert record.epochs_to_target == first


def reference_minibatches(n, size, epochs, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(n, generator=generator).split(size) for _ in range(epochs)]


def test_mini_batches_visit_every_row_once_an_epoch_in_an_order_that_the_seed_decides():
    record = only(serial("sgd", "manual", seeds=[5], epochs=40, batch_size=3, trajectories=True))
    W, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([W, b], lr=0.01)
    costs = []
    for batches in reference_minibatches(4, 3, 40, seed=5):
        costs.append(torch.mean((X * W + b - Y) ** 2).item())
        for rows in batches:
            cost = torch.mean((X[rows] * W + b - Y[rows]) ** 2)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    costs.append(torch.mean((X * W + b - Y) ** 2).item())
    assert list(record.trajectory.cost) == costs
    assert record.evaluations == 80


def test_a_batch_of_all_rows_is_full_batch_training():
    full, all_rows = (only(serial("adam", "linear", epochs=50, batch_size=size)) for size in (None, 4))
    assert (full.weight, full.bias, full.final_cost) == (all_rows.weight, all_rows.bias, all_rows.final_cost)


def test_lbfgs_gets_its_closure_and_its_evaluations_are_counted():
    calls = 0

    class Counting(torch.optim.LBFGS):
        def __init__(self, params, lr):
            nonlocal calls
            calls = 0  # an earlier one was only tried
            super().__init__(params, lr=lr)

        def step(self, closure):
            def counted():
                nonlocal calls
                calls += 1
                return closure()

            return super().step(counted)

    record = only(serial(Counting, "manual", lr=1.0, epochs=5))
    assert record.status == "converged"
    assert record.evaluations == calls > 5


BUILT_IN = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "asgd", "rprop"]


@pytest.mark.sampled(keep=26)
@pytest.mark.parametrize("model", ["manual", "linear"])
@pytest.mark.parametrize("problem", ["study-hours", "synthetic:n=30,d=4,targets=2,condition=10"])
@pytest.mark.parametrize("optimizer", [*BUILT_IN, "adafactor", "lbfgs"])
def test_every_built_in_optimizer_trains_every_model_and_lowers_the_cost(optimizer, model, problem):
    record = only(serial(optimizer, model, problems=problem, epochs=30))
    assert record.status in {"converged", "budget", "stalled"}, record.reason
    assert record.best_cost < record.initial_cost


@pytest.mark.parametrize(
    ("spec", "status"),
    [("sgd:lr=0.1", "converged"), ("sgd:lr=0.001", "budget"), ("sgd:lr=0.13", "diverged"), ("sgd:lr=1e-12", "stalled")],
)
def test_runs_end_as_gradient_descent_must(spec, status):
    assert only(serial(spec, "manual")).status == status


def test_a_model_starts_alike_in_every_dtype():
    costs = [only(serial("sgd", "linear", dtype=dtype, epochs=1)).initial_cost for dtype in ("float32", "float64")]
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)


class Deep(torch.nn.Module):
    """Linear in x but not in the form XW + b of its own parameters."""

    def __init__(self, n_features, n_targets):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(n_features, 3), torch.nn.Linear(3, n_targets))

    def forward(self, x):
        return self.layers(x)


def test_a_model_of_another_form_has_no_weight_and_bias_but_an_exact_gap():
    record = only(serial("adam:lr=0.05", Deep, dtype="float64", epochs=200))
    assert record.weight is None
    assert record.bias is None
    assert record.gap == pytest.approx(record.final_cost - record.optimum_cost, rel=1e-9)
