"""Epochs that theory predicts / that runs take, the table of docs/theory.md. `python -m benchmarks.theory`.

Gradient descent at κ = 10⁶ is followed through millions of epochs, which takes minutes.
"""

import linbench
from linbench.plugins.builtin.synthetic_problem import synthetic
from linbench.theory.predictions import predict

TARGET = 1e-6
CONDITIONS = {"1": 1, "10": 10, "100": 100, "10⁴": 1e4, "10⁶": 1e6}
TUNED = ("gradient_descent", "heavy_ball", "nesterov", "nesterov_for_quadratics")
HEADERS = ("κ", "gradient descent", "heavy ball", "Nesterov", "Nesterov, for quadratics", "Krylov limit")


def predicted(problem):
    """The spec of each method, and the epochs that it is to take."""
    predictions = predict(linbench.solve(problem).theory, TARGET)
    for prediction in (getattr(predictions, name) for name in TUNED):
        yield prediction.method.spec, prediction.epochs
    yield "krylov-limit", predictions.krylov_limit


def measured(problem, spec, epochs):
    """The epochs that it takes, given 2% more than predicted; None where that is not enough."""
    (record,) = linbench.compare(
        spec,
        "manual",
        problems=problem,
        epochs=epochs + epochs // 50 + 1,
        target=TARGET,
        dtype="float64",
        engine="serial",
        timing=False,
    )
    return record.epochs_to_target


if __name__ == "__main__":
    print(f"| {' | '.join(HEADERS)} |\n{'|---' * len(HEADERS)}|")
    for label, condition in CONDITIONS.items():
        problem = synthetic(0, condition=condition)
        print(f"| {label} |", end="", flush=True)
        for spec, epochs in predicted(problem):
            print(f" {epochs} / {measured(problem, spec, epochs)} |", end="", flush=True)
        print()
