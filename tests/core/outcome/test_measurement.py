"""The gap comes from the parameters, so targets that float32 costs cannot resolve are found all the same."""

import numpy as np
import pytest
import torch

import linbench

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
Y = torch.tensor([[50.0], [70.0], [90.0], [85.0]])
SCALE = 5681.25 - 46.875


def exact_gaps(make_optimizer, epochs, batches=None):
    """The tutorial's loop in float32; the gap at each epoch in float64 from W and b, by numpy."""
    W, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = make_optimizer([W, b])
    design = np.column_stack([X.numpy(), np.ones(4)]).astype(float)
    gaps = []
    for epoch in range(epochs + 1):
        distance = np.array([W.item() - 12.5, b.item() - 42.5])
        gaps.append(np.mean((design @ distance) ** 2))
        for rows in batches[epoch] if batches and epoch < epochs else [slice(None)]:
            cost = torch.mean((X[rows] * W + b - Y[rows]) ** 2)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    return np.array(gaps)


def first_within(gaps, target):
    return int(np.argmax(gaps <= target * SCALE))


@pytest.mark.parametrize("target", [1e-8, 1e-10, 1e-11])
def test_a_target_far_below_the_resolution_of_float32_costs_is_reached_when_the_parameters_reach_it(target):
    (record,) = linbench.compare("sgd:lr=0.1", "manual", target=target, trajectories=True, timing=False)
    gaps = exact_gaps(lambda params: torch.optim.SGD(params, lr=0.1), 2000)
    assert record.status == "converged"
    assert record.epochs_to_target == first_within(gaps, target)
    assert record.gap == pytest.approx(gaps[-1], rel=1e-3)
    assert record.relative_gap == pytest.approx(gaps[-1] / SCALE, rel=1e-3)
    # The costs alone would have said something else, or nothing.
    by_cost = np.array(record.trajectory.cost) - 46.875 <= target * SCALE
    assert not by_cost.any() or np.argmax(by_cost) != record.epochs_to_target


def test_the_gap_after_mini_batches_is_that_of_the_final_parameters():
    generator = torch.Generator().manual_seed(0)
    batches = [torch.randperm(4, generator=generator).split(2) for _ in range(50)]
    (record,) = linbench.compare("adam:lr=0.3", "manual", target=1e-7, batch_size=2, epochs=50, timing=False)
    gaps = exact_gaps(lambda params: torch.optim.Adam(params, lr=0.3), 50, batches)
    assert record.gap == pytest.approx(gaps[-1], rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd:lr=0.1", "adam:lr=0.5", "lbfgs", "sgd:lr=0.13"])
def test_the_final_gap_is_that_of_the_final_parameters(optimizer, dtype):
    (record,) = linbench.compare(optimizer, "linear", dtype=dtype, epochs=40, timing=False)
    W, b = record.weight[0][0], record.bias[0]
    expected = np.mean([((W - 12.5) * x + (b - 42.5)) ** 2 for x in (1.0, 2.0, 3.0, 4.0)])
    assert record.gap == pytest.approx(expected, rel=1e-6)
    assert record.relative_gap == pytest.approx(expected / SCALE, rel=1e-6)


class Doubled(torch.nn.Module):
    """Linear in x, with parameters that are not W and b."""

    def __init__(self, n_features, n_targets):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(n_features, n_targets))

    def forward(self, x):
        return 2 * x @ self.slope


def test_a_model_without_w_and_b_has_the_gap_of_its_outputs():
    (record,) = linbench.compare("sgd:lr=0.01", Doubled, dtype="float64", epochs=500, timing=False)

    best = np.linalg.lstsq(X.numpy().astype(float), Y.numpy().astype(float), rcond=None)[0][0, 0]
    cost = np.mean((X.numpy() * best - Y.numpy()) ** 2)
    assert (record.weight, record.bias) == (None, None)
    assert record.gap == pytest.approx(cost - 46.875, rel=1e-6)


@pytest.mark.parametrize("predict", [5.0, -2.5])
def test_a_prediction_is_the_model_at_the_given_features(predict):
    (record,) = linbench.compare("sgd", "linear", predict=[predict], timing=False)
    assert record.prediction == [pytest.approx(record.weight[0][0] * predict + record.bias[0], rel=1e-6)]


def test_a_prediction_takes_features_in_the_units_of_the_data():
    raw = np.array([[1.0], [3.0], [8.0]])
    problem = linbench.Problem((raw - 4.0) / 3.0, [2.0, 6.0, 16.0], shift=[4.0], scale=[3.0])
    (record,) = linbench.compare("lbfgs", "manual", problems=problem, predict=[10.0], dtype="float64", timing=False)
    assert record.prediction == [pytest.approx(20.0)]


def test_a_thinned_curve_keeps_the_epoch_at_which_the_target_was_reached():
    arguments = {"optimizers": "sgd:lr=0.1", "models": "manual", "timing": False}
    (record,) = linbench.compare(**arguments, trajectories=10)
    (whole,) = linbench.compare(**arguments, trajectories=True)
    thin = dict(zip(record.trajectory.epoch, record.trajectory.cost, strict=True))
    assert len(thin) <= 10
    assert {0, record.epochs_to_target, 2000} <= set(thin)
    assert all(whole.trajectory.cost[epoch] == cost for epoch, cost in thin.items())
