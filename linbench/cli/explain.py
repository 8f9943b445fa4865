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

if TYPE_CHECKING:
    from linbench.core.problem.closed_form import Theory
    from linbench.core.problem.problem import Problem
    from linbench.core.request.choice import Choice
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
    data, theory = _solved(choices[0], seed)
    forecast = _forecast(theory, target, lr)
    if format_ == "json":
        click.echo(json.dumps(_document(choices[0].label, theory, forecast), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*_lines(choices[0].label, data, theory), *_predicted(forecast)]))


def _solved(choice: Choice, seed: int) -> tuple[Problem, Theory]:
    from linbench.core.errors import LinbenchError, UsageError, one_line
    from linbench.core.problem.workbench import Workbench

    workbench = Workbench()
    try:
        with prints_to_stderr():
            data = workbench.problem(choice, seed)
    except LinbenchError:
        raise
    except (Exception, SystemExit) as error:  # a third party's problem may raise anything
        raise UsageError(f"problem {choice.label!r} cannot be built: {one_line(error)}") from error
    return data, workbench.solution(data).theory


@dataclass(frozen=True, slots=True)
class _Row:
    """A method with its predicted epochs; `key` is its JSON name, and no method stands for the Krylov limit."""

    key: str
    name: str
    epochs: int | None
    method: GradientMethod | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Forecast:
    target: float
    rows: tuple[_Row, ...]


def _forecast(theory: Theory, target: float, lr: float | None) -> _Forecast:
    """The predictions; without rows where the problem's numbers are beyond float64."""
    from linbench.theory.predictions import predict

    try:
        predicted = predict(theory, target)
        asked_for = () if lr is None else (_at(theory, lr, target),)
    except ValueError:
        return _Forecast(target, ())
    tuned = (
        ("gradient_descent", "gradient descent", predicted.gradient_descent),
        ("heavy_ball", "heavy ball", predicted.heavy_ball),
        ("nesterov", "Nesterov", predicted.nesterov),
        ("nesterov_for_quadratics", "Nesterov, for quadratics", predicted.nesterov_for_quadratics),
    )
    rows = tuple(_Row(key, name, prediction.epochs, prediction.method) for key, name, prediction in tuned)
    limit = _Row("krylov_limit", "the limit of all that step along gradients", predicted.krylov_limit)
    return _Forecast(target, (*asked_for, *rows, limit))


def _at(theory: Theory, lr: float, target: float) -> _Row:
    from linbench.theory.predictions import predicted_epochs
    from linbench.theory.rates import GradientMethod

    method, ratio = GradientMethod(lr), lr / theory.largest_stable_lr
    remark = f"diverges: lr is {ratio:.6g} × 2/L" if ratio > 1 else "never: lr is 2/L" if ratio == 1 else ""
    epochs = None if ratio > 1 else predicted_epochs(theory, method, target)
    return _Row("gradient_descent_at_lr", "gradient descent", epochs, method, remark if epochs is None else "")


def _predicted(forecast: _Forecast) -> Iterator[str]:
    if not forecast.rows:
        return
    yield ""
    yield f"predicted epochs to a relative gap of {forecast.target:g}, from zero parameters"
    labels = [row.name + _settings(row.method) for row in forecast.rows]
    width = max(map(len, labels))
    for row, label in zip(forecast.rows, labels, strict=True):
        yield f"  {label:<{width}}  {row.remark or ('never' if row.epochs is None else row.epochs)}"


def _settings(method: GradientMethod | None) -> str:
    if method is None:
        return ""
    momentum = f", momentum {method.momentum:.6g}" if method.momentum else ""
    return f", lr {method.lr:.6g}{momentum}"


def _document(label: str, theory: Theory, forecast: _Forecast) -> dict[str, object]:
    from linbench.results.serialize import theory_as_dict

    predicted: dict[str, object] = {"target": forecast.target}
    for row in forecast.rows:
        spec = {} if row.method is None else {"spec": row.method.spec}
        predicted[row.key] = {**spec, "epochs": row.epochs}
    return {"problem": label, **theory_as_dict(theory), "predicted_epochs": predicted}


def _lines(label: str, data: Problem, theory: Theory) -> Iterator[str]:
    yield f"{label}: {data.n_rows} rows, {_counted(data.n_features, 'feature')}, {_counted(data.n_targets, 'target')}"
    yield ""
    yield "least-squares optimum" + (
        "" if theory.rank == len(theory.spectrum) else " (not unique: the one of minimum norm)"
    )
    names = [*data.features, "intercept"]
    width = max(map(len, names))
    for name, row in zip(names, [*theory.weight, theory.bias], strict=True):
        yield f"  {name:<{width}}  " + "  ".join(f"{value:.10g}" for value in row)
    yield ""
    for name, value in _quantities(theory):
        yield f"{name:<44}  {value}"


def _quantities(theory: Theory) -> Iterator[tuple[str, str]]:
    yield "cost at the optimum", f"{theory.optimum_cost:.10g}"
    yield "cost at zero parameters", f"{theory.zero_cost:.10g}"
    yield "rank of the data with intercept", f"{theory.rank} of {len(theory.spectrum)}"
    yield "Hessian eigenvalues, 2/n · XᵀX", ", ".join(f"{value:.6g}" for value in reversed(theory.spectrum))
    yield "L, the largest", f"{theory.L:.6g}"
    yield "μ, the smallest that is not zero", f"{theory.mu:.6g}"
    yield "condition number κ = L/μ", f"{theory.condition_number:.6g}"
    yield "largest stable lr of gradient descent, 2/L", f"{theory.largest_stable_lr:.6g}"
    yield "its best fixed lr, 2/(L + μ)", f"{theory.best_fixed_lr:.6g}"
    rate = theory.best_fixed_rate
    yield "distance to the optimum per epoch at that lr", f"× {rate:.6g}, (κ − 1)/(κ + 1)"
    if 0 < rate < 1:
        yield "epochs per factor of ten in the gap", f"{math.log(10) / (-2 * math.log(rate)):.4g}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
