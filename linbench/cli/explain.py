"""`linbench explain`: the closed form of a problem."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.torch_start import start_torch
from linbench.core.plural import plural

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory
    from linbench.core.problem.problem import Problem
    from linbench.core.request.choice import Choice
    from linbench.theory.predictions import Prediction
    from linbench.theory.rates import GradientMethod


@click.command("explain")
@click.argument("problem")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="For problems whose data follow it.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--target",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-6,
    show_default=True,
    help="Relative gap that epochs are predicted to.",
)
@click.option(
    "--lr",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Predict gradient descent at this learning rate too.",
)
@plugin_option
@debug_option
def command(
    problem: str,
    seed: int,
    format_: str,
    target: float,
    lr: float | None,
    plugins: tuple[str, ...],
    debug: bool,  # noqa: ARG001
) -> None:
    """The exact answer to PROBLEM: optimum, spectrum, condition number, and the epochs that gradients need."""
    catalog = load(plugins).catalog
    start_torch()
    from linbench.core.errors import UsageError
    from linbench.core.request.choice import bind
    from linbench.core.request.spec import parse_specs

    choices = [choice for spec in parse_specs(problem) for choice in bind(catalog, "problem", spec)]
    if len(choices) != 1:
        raise UsageError(f"explain takes one problem, not {len(choices)}")
    answer = _solve(choices[0], seed)
    forecast = _forecast(answer.theory, target, lr)
    if format_ == "json":
        click.echo(json.dumps(_document(answer, forecast), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*_answer_lines(answer), *_forecast_lines(forecast)]))


@dataclass(frozen=True, slots=True)
class _Answer:
    label: str
    problem: Problem
    theory: Theory


def _solve(choice: Choice, seed: int) -> _Answer:
    from linbench.core.errors import LinbenchError, UsageError, one_line
    from linbench.core.problem.workbench import Workbench

    workbench = Workbench()
    try:
        with prints_to_stderr():
            problem = workbench.problem(choice, seed)
    except LinbenchError:
        raise
    except (Exception, SystemExit) as error:  # a third party's problem may raise anything
        raise UsageError(f"problem {choice.label!r} cannot be built: {one_line(error)}") from error
    return _Answer(choice.label, problem, workbench.solution(problem).theory)


SHOWN_WHOLE = 1_000_000
"""More predicted epochs than this are shown with three digits."""

KNOWN_RATE = 1e-12
"""A rate below it hangs on how κ was rounded."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A method with its predicted epochs; `key` is its JSON name, and no method stands for the Krylov limit."""

    key: str
    name: str
    epochs: int | None
    method: GradientMethod | None = None
    between: tuple[int, int | None] | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Forecast:
    target: float
    rows: tuple[_Row, ...]


def _forecast(theory: Theory, target: float, lr: float | None) -> _Forecast:
    """Return the predictions; without rows where the problem's numbers are beyond float64."""
    from linbench.theory.predictions import predict

    try:
        predictions = predict(theory, target)
        rows = [] if lr is None else [_row_at(lr, theory, target)]
    except ValueError:
        return _Forecast(target, ())
    rows += [
        _tuned_row("best_gradient_descent", "gradient descent, best for this start", predictions.best_gradient_descent),
        _tuned_row("gradient_descent", "gradient descent, best for the worst start", predictions.gradient_descent),
        _tuned_row("heavy_ball", "heavy ball, best for the worst start", predictions.heavy_ball),
        _tuned_row("nesterov", "Nesterov", predictions.nesterov),
        _tuned_row("nesterov_for_quadratics", "Nesterov, for quadratics", predictions.nesterov_for_quadratics),
        _Row("krylov_limit", "the limit of all that step along gradients", predictions.krylov_limit),
    ]
    return _Forecast(target, tuple(rows))


def _tuned_row(key: str, name: str, prediction: Prediction) -> _Row:
    return _Row(key, name, prediction.epochs, prediction.method, prediction.between)


def _row_at(lr: float, theory: Theory, target: float) -> _Row:
    """Return the row of gradient descent at the learning rate that was asked for."""
    from linbench.results.notes.words import tell_from_one
    from linbench.theory.predictions import predict_one
    from linbench.theory.rates import GradientMethod

    key, name = "gradient_descent_at_lr", "gradient descent"
    method, ratio = GradientMethod(lr), lr / theory.largest_stable_lr
    prediction = predict_one(theory, method, target)
    epochs, between = prediction.epochs, prediction.between
    if ratio > 1:
        # A start with little along the largest curvature may be at the target before that part has grown.
        before = "" if epochs is None else f"{epochs}, then "
        return _Row(key, name, epochs, method, between, f"{before}diverges: lr is {tell_from_one(ratio)} × 2/L")
    return _Row(key, name, epochs, method, between, "never: lr is 2/L" if ratio == 1 and epochs is None else "")


def _document(answer: _Answer, forecast: _Forecast) -> dict[str, object]:
    from linbench.results.serialize import theory_as_dict

    predictions: dict[str, object] = {"target": forecast.target}
    for row in forecast.rows:
        spec = {} if row.method is None else {"spec": row.method.spec}
        between = {} if row.between is None else {"epochs_between": list(row.between)}
        predictions[row.key] = {**spec, "epochs": row.epochs, **between}
    return {"problem": answer.label, **theory_as_dict(answer.theory), "predicted_epochs": predictions}


def _answer_lines(answer: _Answer) -> Iterator[str]:
    problem, theory = answer.problem, answer.theory
    features = f"{problem.n_features} {plural('feature', problem.n_features)}"
    targets = f"{problem.n_targets} {plural('target', problem.n_targets)}"
    without = "" if theory.intercept else ", no intercept"
    yield f"{answer.label}: {problem.n_rows} rows, {features}, {targets}{without}"
    yield ""
    unique = theory.rank == len(theory.spectrum)
    yield "least-squares optimum" + ("" if unique else " (not unique: the one of minimum norm)")
    rows = [*zip(problem.features, theory.weight, strict=True)]
    rows += [("intercept", theory.bias)] if theory.intercept else []
    width = max(len(name) for name, _ in rows)
    for name, row in rows:
        yield f"  {name:<{width}}  " + "  ".join(f"{value:.10g}" for value in row)
    yield ""
    for name, value in _quantities(theory):
        yield f"{name:<48}  {value}"


def _quantities(theory: Theory) -> Iterator[tuple[str, str]]:
    yield "cost at the optimum", f"{theory.optimum_cost:.10g}"
    yield "cost at zero parameters", f"{theory.zero_cost:.10g}"
    yield f"rank of the data{' with intercept' if theory.intercept else ''}", f"{theory.rank} of {len(theory.spectrum)}"
    yield "Hessian eigenvalues, 2/n · XᵀX", ", ".join(f"{value:.6g}" for value in reversed(theory.spectrum))
    yield "L, the largest", f"{theory.L:.6g}"
    yield "μ, the smallest that is not zero", f"{theory.mu:.6g}"
    yield "condition number κ = L/μ", f"{theory.condition_number:.6g}"
    yield "largest stable lr of gradient descent, 2/L", f"{theory.largest_stable_lr:.6g}"
    yield "its best fixed lr for the worst start, 2/(L + μ)", f"{theory.best_fixed_lr:.6g}"
    rate = theory.best_fixed_rate
    shown = f"{rate:.6g}"
    shown = f"1 − {2 / (theory.condition_number + 1):.3g}" if shown == "1" else shown
    yield "distance to the optimum per epoch at that lr", f"× {shown}, (κ − 1)/(κ + 1)"
    if rate > KNOWN_RATE and math.isfinite(theory.condition_number):
        decay = 4 * math.atanh(1 / theory.condition_number)  # −2·log of the rate, without its cancellation near 1
        yield "epochs per factor of ten in the gap", f"{math.log(10) / decay:.4g}"


def _forecast_lines(forecast: _Forecast) -> Iterator[str]:
    if not forecast.rows:
        return
    yield ""
    yield f"predicted epochs to a relative gap of {forecast.target:g}, from zero parameters"
    labels = [row.name + _settings(row.method) for row in forecast.rows]
    width = max(map(len, labels))
    for row, label in zip(forecast.rows, labels, strict=True):
        yield f"  {label:<{width}}  {row.remark or _epochs(row)}"


def _epochs(row: _Row) -> str:
    """Return the predicted epochs, or between what numbers they are where rounding leaves that open."""
    if row.epochs is None:
        return "never"
    least, most = row.between or (row.epochs, row.epochs)
    if most is None:
        return f"{least:.2e} or more"
    if most > SHOWN_WHOLE:
        texts = dict.fromkeys(f"{epochs:.2e}" for epochs in (least, most))
        return "about " + " to ".join(texts)
    return " to ".join(dict.fromkeys(map(str, (least, most))))


def _settings(method: GradientMethod | None) -> str:
    if method is None:
        return ""
    from linbench.results.notes.words import tell_from_one

    momentum = f", momentum {tell_from_one(method.momentum, 6)}" if method.momentum else ""
    return f", lr {method.lr:.6g}{momentum}"
