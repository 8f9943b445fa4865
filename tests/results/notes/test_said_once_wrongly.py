"""Sentences that were false once, each on the run that showed it."""

import math

import pytest
import torch

import linbench
from linbench import Problem, Status
from linbench.core.outcome.note import NoteKind
from linbench.results.notes.collect import collect_notes
from linbench.results.table.rows import rows_of

YEARS = Problem([[float(year)] for year in range(1990, 2021)], [14.0 + 0.02 * k + 0.1 * math.sin(k) for k in range(31)])
SECONDS = Problem([[1.7e9 + 288.0 * i] for i in range(300)], [0.01 * i + (-1) ** i for i in range(300)])


def compared(optimizers, models="manual", **settings):
    return linbench.compare(optimizers, models, timing=False, **settings)


def notes_of(comparison):
    return collect_notes(rows_of(comparison.records))


def kinds_of(comparison):
    return {note.kind for note in notes_of(comparison)}


@pytest.mark.parametrize(
    ("spec", "epochs", "converges_at"),
    [("adam:lr=5", 100, 119), ("sgd:lr=0.01,momentum=0.99", 200, 780), ("sgd:lr=0.05,momentum=0.99", 500, 602)],
)
def test_a_run_that_is_under_way_is_not_called_stalled(spec, epochs, converges_at):
    (early,), (late,) = compared(spec, epochs=epochs), compared(spec, epochs=2000)
    assert early.status is Status.BUDGET
    assert abs(late.epochs_to_target - converges_at) <= 1


@pytest.mark.parametrize("stop", [False, True])
def test_stopping_early_gives_up_no_run_that_is_under_way(stop):
    (record,) = compared("sgd:lr=0.01,momentum=0.99", epochs=900, stop_at_target=stop)
    assert (record.status, abs(record.epochs_to_target - 780) <= 1) == (Status.CONVERGED, True)


def test_a_gap_that_rounding_does_not_explain_is_no_noise_floor():
    for dtype in ("float32", "float64"):
        kinds = kinds_of(compared("rmsprop:lr=0.01", problems=YEARS, dtype=dtype))
        assert not kinds & {NoteKind.NOISE_FLOOR, NoteKind.ROUNDED_STEPS}


def test_a_noise_floor_is_claimed_only_where_the_exact_gradient_is_rounding():
    comparison = compared("sgd:lr=0.1,adam:lr=5,rmsprop:lr=1", dtype="bfloat16", target=1e-9)
    claimed = {name for note in notes_of(comparison) if note.kind is NoteKind.NOISE_FLOOR for name in note.about}
    x, y = torch.arange(1.0, 5.0, dtype=torch.float64), torch.tensor([50.0, 70.0, 90.0, 85.0], dtype=torch.float64)
    for record in comparison:
        w, b = record.weight[0][0], record.bias[0]
        residuals = x * w + b - y
        sizes = x * abs(w) + abs(b) + y
        within = abs((residuals * x).sum()) <= 2.0**-7 * (sizes * x).sum()
        within &= abs(residuals.sum()) <= 2.0**-7 * sizes.sum()
        label = f"{record.optimizer}:lr={float(record.params['lr'])}"
        if label in claimed:
            assert within


def test_data_that_the_dtype_cannot_hold_are_warned_of():
    ticks = Problem([[1.7e9 + i] for i in range(100)], [0.1 * i for i in range(100)])  # float32 knows every 128th
    (record,) = compared("sgd:lr=1e-20", problems=ticks, epochs=1)
    assert any("--dtype float64, or standardize" in warning for warning in record.warnings)
    (exact,) = compared("sgd:lr=1e-20", problems=ticks, epochs=1, dtype="float64")
    assert exact.warnings == ()


def test_the_optimum_of_unscaled_seconds_is_theirs():
    theory = linbench.solve(SECONDS).theory
    scaled = linbench.solve(Problem([[float(i)] for i in range(300)], SECONDS.y.tolist())).theory
    assert theory.rank == 2
    assert theory.optimum_cost == pytest.approx(scaled.optimum_cost, rel=1e-13)
    assert theory.weight[0][0] * 288 == pytest.approx(scaled.weight[0][0], rel=1e-13)


def test_a_run_whose_first_cost_overflows_is_judged_by_its_parameters():
    problem = Problem([[1.0], [2.0], [3.0], [4.0]], [500.0, 700.0, 900.0, 850.0])
    (record,) = compared("sgd:lr=0.1", problems=problem, dtype="float16", epochs=2000, target=1e-3)
    assert math.isinf(record.initial_cost)
    assert record.status is not Status.DIVERGED
    assert record.relative_gap < 1e-2


def test_a_run_that_became_nan_says_when_and_what():
    # The second gradient is zero, and eps = 1e-10 is zero in float16: the first step is 0/0.
    problem = Problem([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]], [1.0, 2.0, 2.5])
    (record,) = compared("adagrad:lr=1", problems=problem, dtype="float16", epochs=5)
    assert (record.status, record.reason) == (
        Status.DIVERGED,
        "the cost became NaN at epoch 1, and the parameters ended NaN",
    )


def test_a_cost_that_rises_is_called_rising():
    assert NoteKind.RISING in kinds_of(compared("sgd:lr=0.01,maximize=True", epochs=5))


@pytest.mark.parametrize("spec", ["sgd:lr=0.1,weight_decay=0.1", "adam:lr=1,weight_decay=0.1"])
def test_a_run_with_weight_decay_arrives_at_the_ridge_optimum(spec):
    (record,) = compared(spec, epochs=4000)
    A = torch.tensor([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [4.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([50.0, 70.0, 90.0, 85.0], dtype=torch.float64)
    ridge = torch.linalg.solve(A.T @ A / 2 + 0.1 * torch.eye(2, dtype=torch.float64), A.T @ y / 2)
    assert [record.weight[0][0], record.bias[0]] == pytest.approx(ridge.tolist(), rel=1e-3)
    (note,) = [note for note in notes_of(linbench.Comparison([record], 1)) if note.kind is NoteKind.RIDGE]
    assert note.values["weight_decay"] == 0.1


@pytest.mark.parametrize("seed", range(6))
def test_gradient_descent_on_batches_hovers_whatever_its_luckiest_epoch(seed):
    (record,) = compared("sgd:lr=0.1", batch_size=1, seeds=[seed])
    assert record.status is Status.BUDGET
    assert NoteKind.HOVERS in kinds_of(linbench.Comparison([record], 1)) or NoteKind.LEFT in kinds_of(
        linbench.Comparison([record], 1)
    )


def test_an_lr_of_exactly_the_limit_is_not_said_to_diverge():
    limit = linbench.solve(Problem([[1.0], [2.0], [3.0], [4.0]], [50.0, 70.0, 90.0, 85.0])).theory.largest_stable_lr
    comparison = compared(f"sgd:lr={limit!r}", dtype="float64", epochs=400)
    assert NoteKind.OSCILLATES in kinds_of(comparison)
    assert "diverge" not in str(comparison)


def test_seeds_with_other_data_have_a_range_below_the_table_and_no_run_beats_it():
    comparison = compared("lbfgs", problems="synthetic:n=12,d=2", seeds=3, dtype="float64", epochs=60)
    (optimum,) = [note for note in notes_of(comparison) if note.kind is NoteKind.OPTIMUM]
    low, high = optimum.values["optimum_cost"]
    assert low < high
    assert optimum.values["data_sets"] == 3
    assert all(low * (1 - 1e-12) <= record.final_cost for record in comparison)


def test_lbfgs_is_not_said_to_beat_the_limit_of_its_kind():
    for seed in range(4):
        comparison = compared("lbfgs", problems="synthetic:n=20,d=5,condition=1e3", seeds=[seed], dtype="float64")
        for note in notes_of(comparison):
            if note.kind is NoteKind.CONVERGED:
                assert note.values["evaluations"] >= note.values["krylov_limit"]
