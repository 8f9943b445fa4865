"""Predicted epochs are those of real runs of torch's optimizers by the plain loop, in float64."""

import itertools
import math

import mpmath
import pytest
import torch

import linbench
from benchmarks.truth.recurrence import Method
from linbench.core.problem.closed_form import Theory
from linbench.theory.predictions import predict, predicted_epochs, predicted_gap
from linbench.theory.rates import GradientMethod, tuned_gradient_descent

TUNED = ["gradient_descent", "heavy_ball", "nesterov", "nesterov_for_quadratics"]


@pytest.fixture(scope="module")
def problem_of(catalog):
    def make(name, **params):
        return catalog.find("problem", name).resolve()(0, **params)

    return make


def measured(problem, spec, epochs, target=1e-6):
    (record,) = linbench.compare(
        spec, "manual", problems=problem, epochs=epochs, target=target, dtype="float64", engine="serial", timing=False
    )
    return record


@pytest.mark.sampled(keep=18)
@pytest.mark.parametrize(
    ("condition", "method"),
    [(condition, method) for condition in (1, 10, 100) for method in TUNED]
    + [(condition, method) for condition in (1e4, 1e6) for method in TUNED[1:]],
)
@pytest.mark.parametrize("targets", [1, 2])
def test_predicted_epochs_are_measured(problem_of, condition, method, targets):
    problem = problem_of("synthetic", n=12, d=3, condition=condition, targets=targets)
    tuned = getattr(predict(linbench.solve(problem).theory, 1e-6), method)
    record = measured(problem, tuned.method.spec, tuned.epochs + 2)
    assert abs(record.epochs_to_target - tuned.epochs) <= 1


# 1e-6 would take millions of epochs here, which benchmarks/theory.py follows. With the same gap along each of four
# curvatures, gradient descent loses that of the one in between at once, and the others' (μ, and twice L) alike.
@pytest.mark.parametrize(("condition", "target"), [(1e4, 0.2), (1e5, 0.65), (1e6, 0.73)])
def test_gradient_descent_takes_as_long_as_its_slowest_curvatures(problem_of, condition, target):
    X = problem_of("synthetic", n=12, d=3, condition=condition).X
    left = torch.linalg.svd(torch.cat([X, torch.ones(12, 1, dtype=X.dtype)], 1), full_matrices=False).U
    problem = linbench.Problem(X, left.sum(1, keepdim=True))
    theory = linbench.solve(problem).theory
    method = tuned_gradient_descent(theory)
    epochs = predicted_epochs(theory, method, target)
    by_hand = math.log(0.75 / target) / (2 * math.log((condition + 1) / (condition - 1)))
    assert abs(epochs - math.ceil(by_hand)) <= 1
    record = measured(problem, method.spec, epochs + 2, target)
    assert abs(record.epochs_to_target - epochs) <= 1
    assert record.gap == pytest.approx(predicted_gap(theory, method, epochs + 2), rel=1e-9)


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("extra", ["", ",momentum=0.5", ",momentum=0.8,dampening=0.4", ",momentum=0.7,nesterov=True"])
def test_predicted_epochs_at_any_lr_and_momentum_are_measured(problem_of, fraction, extra):
    problem = problem_of("study-hours")
    theory = linbench.solve(problem).theory
    options = dict(part.split("=") for part in extra.split(",") if part)
    momentum, dampening = (float(options.get(name, 0)) for name in ("momentum", "dampening"))
    nesterov = "nesterov" in options
    lr = fraction * GradientMethod(0.0, momentum, dampening, nesterov).largest_stable_lr(theory.L)
    method = GradientMethod(lr, momentum, dampening, nesterov)
    epochs = predicted_epochs(theory, method, 1e-4)
    record = measured(problem, method.spec, epochs + 2, 1e-4)
    assert abs(record.epochs_to_target - epochs) <= 1
    assert record.gap == pytest.approx(predicted_gap(theory, method, record.epochs_run), rel=1e-6, abs=1e-18)


@pytest.mark.parametrize("extra", [{}, {"momentum": 0.5}, {"momentum": 0.7, "nesterov": True}])
@pytest.mark.parametrize("targets", [1, 2])
def test_predictions_without_intercept_are_what_runs_do(problem_of, extra, targets):
    problem = problem_of("synthetic", n=12, d=3, condition=30.0, targets=targets, noise=0.5, intercept=False)
    theory = linbench.solve(problem).theory
    method = GradientMethod(0.6 / theory.L, **extra)
    epochs = predicted_epochs(theory, method, 1e-4)
    record = measured(problem, method.spec, epochs + 2, 1e-4)
    assert abs(record.epochs_to_target - epochs) <= 1
    assert record.gap == pytest.approx(predicted_gap(theory, method, record.epochs_run), rel=1e-6, abs=1e-18)


def test_divergence_is_predicted_and_measured(problem_of):
    theory = linbench.solve(problem_of("study-hours")).theory
    method = GradientMethod(1.05 * theory.largest_stable_lr)
    assert predicted_epochs(theory, method, 1e-6) is None
    assert measured(problem_of("study-hours"), method.spec, 300).status == "diverged"


def test_the_gap_at_zero_parameters_adds_up_over_the_spectrum(problem_of):
    problems = [("study-hours", {}), ("synthetic", {"targets": 3}), ("synthetic", {"condition": 1e6})]
    for name, params in [*problems, ("nist", {"set": "noint1"}), ("synthetic", {"intercept": False})]:
        theory = linbench.solve(problem_of(name, **params)).theory
        assert sum(theory.gap_parts) == pytest.approx(theory.scale, rel=1e-12)
        assert len(theory.gap_parts) == len(theory.spectrum)


def test_nothing_is_predicted_without_knowing_the_start_or_beyond_float64():
    unknown = linbench.Theory(((0.0,),), (0.0,), 1.0, 3.0, (1.0, 2.0), 2, 10, 1, 1)
    infinite = linbench.Theory(((0.0,),), (0.0,), 1.0, float("inf"), (1.0, 2.0), 2, 10, 1, 1, (1.0, 1.0))
    for theory in (unknown, infinite):
        with pytest.raises(ValueError, match="a prediction needs"):
            predict(theory, 1e-6)


def test_where_zero_parameters_are_optimal_no_epoch_is_needed():
    theory = linbench.solve(linbench.Problem([[1.0], [2.0], [4.0]], [0.0, 0.0, 0.0])).theory
    predictions = predict(theory, 1e-6)
    assert [getattr(predictions, name).epochs for name in TUNED] == [0, 0, 0, 0]
    assert predictions.krylov_limit == 0


def spread(condition):
    """A theory with three curvatures from 1/condition to 1, and the same gap along each."""
    spectrum = (1 / condition, condition**-0.5, 1.0)
    return Theory(((0.0,), (0.0,)), (0.0,), 0.0, 3.0, spectrum, 3, 3, 2, 1, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("condition", [1e6, 1e8, 1e10, 1e13])
def test_curvatures_within_their_rounding_give_epochs_between_the_two_numbers(condition, name):
    theory = spread(condition)
    prediction = getattr(predict(theory, 1e-6), name)
    least, most = prediction.between or (prediction.epochs, prediction.epochs)
    assert least <= prediction.epochs <= most
    method = Method(prediction.method.lr, prediction.method.momentum, nesterov=prediction.method.nesterov)
    with mpmath.workdps(80):
        for signs in itertools.product((-1, 0, 1), repeat=3):
            true = [
                mpmath.mpf(c) * (1 + sign * mpmath.mpf(2) ** -53)
                for c, sign in zip(theory.spectrum, signs, strict=True)
            ]
            assert method.gap_at(true, theory.gap_parts, most) <= 3e-6 * (1 + 1e-9)
            assert method.gap_at(true, theory.gap_parts, least - 1) >= 3e-6 * (1 - 1e-9)


def test_epochs_are_known_to_the_last_where_the_condition_is_small_and_open_where_it_is_huge():
    assert predict(spread(100), 1e-6).gradient_descent.between is None
    least, most = predict(spread(1e13), 1e-6).heavy_ball.between
    assert least < most < 1.5 * least
    assert predict(spread(1e29), 1e-6).heavy_ball.between[1] is None
