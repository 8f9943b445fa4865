"""What is said of a run is true of a run that really went so."""

import pytest

import linbench
from linbench.core.outcome.note import NoteKind
from linbench.theory.description import describe_run
from linbench.theory.measured_rate import measured_rate

STUDY = linbench.Problem([[1.0], [2.0], [3.0], [4.0]], [50.0, 70.0, 90.0, 85.0])
LIMIT = linbench.solve(STUDY).theory.largest_stable_lr


def described(spec, epochs=2000, problem=STUDY, model="manual", **settings):
    (record,) = linbench.compare(spec, model, problems=problem, epochs=epochs, timing=False, **settings)
    return describe_run(record)


@pytest.mark.parametrize(
    ("spec", "settings", "kind", "values"),
    [
        ("sgd:lr=0.1", {}, NoteKind.CONVERGED, {"as_predicted": True, "epochs": 173, "epochs_at_best_lr": 148}),
        ("sgd:lr=0.01", {}, NoteKind.CONVERGED, {"as_predicted": True, "epochs": 1743}),
        ("sgd:lr=0.1,momentum=0.6", {}, NoteKind.CONVERGED, {"as_predicted": True, "krylov_limit": 2}),
        ("adam:lr=1", {}, NoteKind.CONVERGED, {"as_predicted": False}),
        ("krylov-limit", {}, NoteKind.CONVERGED, {"krylov_limit": 2}),
        ("rmsprop:lr=10", {}, NoteKind.LEFT, {"epochs": 89}),
        (f"sgd:lr={1.8 * LIMIT!r}", {}, NoteKind.DIVERGED, {"lr_ratio": pytest.approx(1.8)}),
        ("sgd:lr=1,momentum=0.5", {}, NoteKind.DIVERGED, {"lr_ratio": pytest.approx(5.57, abs=0.01)}),
        (f"sgd:lr={LIMIT!r}", {"dtype": "float64", "epochs": 200}, NoteKind.OSCILLATES, {"lr": LIMIT}),
        (
            f"sgd:lr={1.001 * LIMIT!r}",
            {"dtype": "float64", "epochs": 200},
            NoteKind.RISING,
            {"lr_ratio": pytest.approx(1.001)},
        ),
        ("sgd:lr=0.01,maximize=True", {"epochs": 5}, NoteKind.RISING, {"lr_ratio": None}),
        ("sgd:lr=0.11", {"target": 1e-14}, NoteKind.NOISE_FLOOR, {"dtype": "float32"}),
        ("sgd:lr=1e-4", {"dtype": "bfloat16"}, NoteKind.ROUNDED_STEPS, {"dtype": "bfloat16"}),
        ("sgd:lr=0.1,weight_decay=1", {}, NoteKind.RIDGE, {"weight_decay": 1}),
        ("adam:lr=1,weight_decay=0.1", {}, NoteKind.RIDGE, {"weight_decay": 0.1}),
        ("sgd:lr=1e-30", {}, NoteKind.NEVER_MOVED, {}),
        ("sgd:lr=1e-3", {}, NoteKind.UNDER_WAY, {"predicted_epochs": 17464}),
        ("sgd:lr=0.01,momentum=0.99", {"epochs": 200}, NoteKind.UNDER_WAY, {"predicted_epochs": 780}),
        ("sgd:lr=0.05,momentum=0.99", {"epochs": 500}, NoteKind.UNDER_WAY, {"predicted_epochs": 602}),
        ("adam:lr=5", {"epochs": 100}, NoteKind.SWINGING, {}),
        ("adam:lr=0.01", {}, NoteKind.DESCENDING, {}),
        ("sgd:lr=0.1", {"batch_size": 1}, NoteKind.HOVERS, {}),
    ],
)
def test_a_run_is_described_by_what_it_did(spec, settings, kind, values):
    note = described(spec, **settings)
    assert note.kind is kind
    assert {name: note.values[name] for name in values} == values


def test_a_cost_that_swings_and_comes_back_to_its_start_did_change(make_record):
    record = make_record(initial_cost=2.0, best_cost=2.0, final_cost=2.0)
    assert describe_run(record).kind is NoteKind.SWINGING


def test_what_is_predicted_of_an_unfinished_run_happens():
    needed = described("sgd:lr=5e-3", model="linear", dtype="float64").values["predicted_epochs"]
    (record,) = linbench.compare(
        "sgd:lr=5e-3", "linear", problems=STUDY, epochs=needed + 20, dtype="float64", timing=False
    )
    assert record.epochs_to_target == needed


def test_a_prediction_is_from_the_runs_own_start():
    first, second = (described("sgd:lr=0.1", model="linear", seeds=[seed]).values for seed in (0, 1))
    assert first["as_predicted"]
    assert second["as_predicted"]
    assert first["epochs_at_best_lr"] != second["epochs_at_best_lr"]


def test_gradients_are_counted_where_an_epoch_evaluates_several():
    note = described("lbfgs")
    assert note.values["evaluations"] >= note.values["krylov_limit"] == 2


@pytest.mark.parametrize("status", [linbench.Status.ERROR, linbench.Status.SKIPPED])
def test_nothing_is_said_of_what_was_not_trained(make_record, status):
    assert describe_run(make_record(status=status, reason="no such device")) is None


def test_without_theory_only_what_was_seen_is_said(make_record):
    record = make_record(status=linbench.Status.CONVERGED, epochs_to_target=9, relative_gap=1e-7)
    assert describe_run(record).values == {"epochs": 9, "as_predicted": False, "predicted_epochs": None}
    assert describe_run(make_record()).kind is NoteKind.SWINGING


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
