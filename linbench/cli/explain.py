"""`linbench explain`: the closed form of a problem."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.torch_start import start_torch

if TYPE_CHECKING:
    from linbench.core.plan import Choice
    from linbench.core.problem import Problem
    from linbench.core.theory import Theory


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
@plugin_option
@debug_option
def command(problem: str, seed: int, format_: str, plugins: tuple[str, ...], debug: bool) -> None:  # noqa: ARG001
    """The exact answer to PROBLEM: optimum, spectrum, condition number, and the best rates of gradient descent."""
    catalog = load(plugins).catalog
    start_torch()
    from linbench.core.errors import UsageError
    from linbench.core.plan import bind
    from linbench.core.spec import parse_specs

    choices = [choice for spec in parse_specs(problem) for choice in bind(catalog, "problem", spec)]
    if len(choices) != 1:
        raise UsageError(f"explain takes one problem, not {len(choices)}")
    data, theory = _solved(choices[0], seed)
    if format_ == "json":
        click.echo(json.dumps(_document(choices[0].label, theory), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(choices[0].label, data, theory)))


def _solved(choice: Choice, seed: int) -> tuple[Problem, Theory]:
    from linbench.core.errors import LinbenchError, UsageError, one_line
    from linbench.core.workbench import Workbench

    workbench = Workbench()
    try:
        with prints_to_stderr():
            data = workbench.problem(choice, seed)
    except LinbenchError:
        raise
    except Exception as error:  # a third party's problem may raise anything
        raise UsageError(f"problem {choice.label!r} cannot be built: {one_line(error)}") from error
    return data, workbench.solution(data).theory


def _document(label: str, theory: Theory) -> dict[str, object]:
    from linbench.core.serialize import theory_as_dict

    return {"problem": label, **theory_as_dict(theory)}


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
