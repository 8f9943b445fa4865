"""Predicted epochs are those of real runs of torch's optimizers by the plain loop, in float64."""

import pytest

import linbench
from linbench.core.predictions import predict, predicted_epochs, predicted_gap
from linbench.core.rates import GradientMethod

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


# Where the target would take gradient descent millions of epochs, it is where 3,000 should lead (None).
@pytest.mark.parametrize(
    ("condition", "method", "target"),
    [(condition, method, 1e-6) for condition in (1, 10, 100) for method in TUNED]
    + [(1e4, method, 1e-6) for method in TUNED[1:]]
    + [(1e6, method, 1e-6) for method in TUNED[1:]]
    + [(condition, TUNED[0], None) for condition in (1e4, 1e6)],
)
@pytest.mark.parametrize("targets", [1, 2])
def test_predicted_epochs_are_measured(problem_of, condition, method, target, targets):
    problem = problem_of("synthetic", n=12, d=3, condition=condition, targets=targets)
    theory = linbench.solve(problem).theory
    sgd = getattr(predict(theory, target or 1e-6), method).method
    target = target or theory.relative(predicted_gap(theory, sgd, 3000)) * (1 + 1e-9)
    epochs = predicted_epochs(theory, sgd, target)
    record = measured(problem, sgd.spec, epochs + 2, target)
    assert abs(record.epochs_to_target - epochs) <= 1


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("extra", ["", ",momentum=0.5", ",momentum=0.8,dampening=0.4", ",momentum=0.7,nesterov=True"])
def test_so_are_those_at_any_lr_and_momentum(problem_of, fraction, extra):
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


def test_divergence_is_predicted_and_measured(problem_of):
    theory = linbench.solve(problem_of("study-hours")).theory
    method = GradientMethod(1.05 * theory.largest_stable_lr)
    assert predicted_epochs(theory, method, 1e-6) is None
    assert measured(problem_of("study-hours"), method.spec, 300).status == "diverged"


def test_the_gap_at_zero_parameters_adds_up_over_the_spectrum(problem_of):
    for name, params in [("study-hours", {}), ("synthetic", {"targets": 3}), ("synthetic", {"condition": 1e6})]:
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
