"""Each verdict is one of a run that really went so."""

import pytest

import linbench
from linbench.theory.description import describe_run
from linbench.theory.measured_rate import measured_rate
from linbench.theory.predictions import predict

STUDY = linbench.Problem([[1.0], [2.0], [3.0], [4.0]], [50.0, 70.0, 90.0, 85.0])
LIMIT = linbench.solve(STUDY).theory.largest_stable_lr


def said(spec, epochs=2000, compared=True, problem=STUDY, **settings):
    (record,) = linbench.compare(
        spec, "manual", problems=problem, epochs=epochs, timing=False, trajectories=True, **settings
    )
    predictions = predict(record.theory, record.target) if compared and record.theory else None
    rate = None
    if record.trajectory is not None:
        gaps = [cost - record.optimum_cost for cost in record.trajectory.cost]
        rate = measured_rate(record.trajectory.epoch, gaps)
    return describe_run(record, predictions=predictions, rate=rate)


@pytest.mark.parametrize(
    ("spec", "settings", "words"),
    [
        ("sgd:lr=0.1", {"compared": False}, "converged at the predicted rate"),
        ("sgd:lr=0.01", {}, "converged at the predicted rate, 9× slower than tuned gradient descent"),
        ("sgd:lr=0.1,momentum=0.6", {}, "converged at the predicted rate, in 30× the epochs of the Krylov limit"),
        ("adam:lr=1", {}, "converged, 2.4× slower than tuned gradient descent"),
        ("krylov-limit", {}, "converged, in 1× the epochs of the Krylov limit"),
        ("rmsprop:lr=10", {}, "reached the target after 89 epochs, but left it again"),
        (f"sgd:lr={1.8 * LIMIT!r}", {}, "diverged: lr is 1.8 × the largest stable one"),
        ("sgd:lr=1,momentum=0.5", {}, "diverged: lr is 5.6 × the largest stable one"),
        (f"sgd:lr={LIMIT!r}", {"dtype": "float64", "epochs": 200}, "oscillates: lr is 1 × 2/L"),
        (f"sgd:lr={1.001 * LIMIT!r}", {"dtype": "float64", "epochs": 200}, "oscillates: lr is 1.001 × 2/L"),
        ("sgd:lr=0.11", {"target": 1e-14}, "stalled at the float32 noise floor"),
        ("sgd:lr=1e-4", {"dtype": "bfloat16"}, "stalled where its steps are smaller than bfloat16 rounding"),
        ("sgd:lr=0.1,weight_decay=1", {}, "stalled far above the noise floor"),
        ("sgd:lr=1e-30", {}, "never moved: its steps are zero, or smaller than rounding"),
        ("sgd:lr=1e-3", {}, "still descending: raise --epochs to about 18,000"),
        ("adam:lr=0.01", {}, "still descending: raise --epochs to about 9,800"),
        (
            "krylov-limit",
            {"batch_size": 2},
            "failed: ValueError: the Krylov limit is one of full batches: leave out the batch size",
        ),
    ],
)
def test_a_run_is_told_in_words(spec, settings, words):
    assert said(spec, **settings) == words


def test_other_divergence_keeps_its_reason(make_record):
    record = make_record(optimizer="adam", status=linbench.Status.DIVERGED, reason="the cost became non-finite")
    assert describe_run(record) == "diverged: the cost became non-finite"


def test_a_skipped_case_keeps_its_reason(make_record):
    assert (
        describe_run(make_record(status=linbench.Status.SKIPPED, reason="no such device")) == "skipped: no such device"
    )


def test_without_theory_a_verdict_is_shorter(make_record):
    record = make_record(status=linbench.Status.CONVERGED, epochs_to_target=9)
    assert describe_run(record) == "converged"
    assert describe_run(make_record()) == "still descending: raise --epochs"


@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.9])
def test_the_measured_rate_of_gradient_descent_is_its_exact_rate(fraction):
    theory, lr = linbench.solve(STUDY).theory, fraction * LIMIT
    (record,) = linbench.compare(
        f"sgd:lr={lr!r}", "manual", problems=STUDY, epochs=300, dtype="float64", timing=False, trajectories=True
    )
    gaps = [cost - theory.optimum_cost for cost in record.trajectory.cost]
    exact = max(abs(1 - lr * curvature) for curvature in theory.spectrum)
    assert measured_rate(record.trajectory.epoch, gaps, floor=1e-9) == pytest.approx(exact, abs=1e-6)


def test_the_measured_rate_sees_through_oscillation_and_stops_at_the_floor():
    gaps = [0.8**epoch * (1 + 0.9 * (-1) ** epoch) + 1e-12 for epoch in range(200)]
    assert measured_rate(range(200), gaps, floor=1e-9) == pytest.approx(0.8**0.5, rel=1e-3)


@pytest.mark.parametrize("gaps", [[1.0, 0.5, 0.2], [1.0] * 20, [float(k) for k in range(1, 20)], [float("nan")] * 9])
def test_too_few_new_lows_have_no_rate(gaps):
    assert measured_rate(range(len(gaps)), gaps) is None


@pytest.mark.parametrize("lr", [0.01, 0.1])
def test_the_table_shows_the_rate_of_a_run_beside_the_predicted_one(lr):
    comparison = linbench.compare(f"sgd:lr={lr}", "manual", dtype="float64", trajectories=True, timing=False)
    theory = comparison.records[0].theory
    rate = max(abs(1 - lr * theory.L), abs(1 - lr * theory.mu))
    text = " ".join(str(comparison).split())
    measured, predicted = (
        float(part.split()[0].rstrip(",")) for part in text.partition("optimum × ")[2].split("× ", 1)
    )
    assert predicted == pytest.approx(rate, rel=1e-4)
    assert measured == pytest.approx(rate, rel=1e-4)
    assert "optimum ×" not in str(linbench.compare("sgd", "manual", timing=False)), "no costs are kept there"
