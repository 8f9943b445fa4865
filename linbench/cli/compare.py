"""`linbench compare`: the matrix → the table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linbench.cli.options import debug_option, load, plugin_option
from linbench.cli.torch_start import start_torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linbench.comparison import Comparison
    from linbench.core.catalog import Catalog
    from linbench.core.plan import Choice

DTYPES = ("float32", "float64", "bfloat16", "float16")
ENGINES = ("auto", "serial")
EVERY_EPOCH = "all"


@click.command("compare")
@click.option(
    "-o",
    "--optimizers",
    default="sgd,adam,rmsprop",
    show_default=True,
    metavar="SPECS",
    help="What to compare: names with parameters, sgd:lr=0.1,momentum=0.9,adam; lists and ranges are sweeps, "
    "sgd:lr=1e-3..1@20; an import path works too.",
)
@click.option("-m", "--models", default="manual,linear", show_default=True, metavar="SPECS", help="Models to train.")
@click.option("-d", "--devices", default="cpu", show_default=True, metavar="SPECS", help="Devices to train on.")
@click.option(
    "-p",
    "--problems",
    default="study-hours",
    show_default=True,
    metavar="SPECS",
    help="Problems to solve, for example csv:path=FILE,target=COLUMN.",
)
@click.option(
    "--lr",
    metavar="VALUE",
    help="Learning rate, or a sweep of them, for every optimizer whose spec names none.  [default: 0.01]",
)
@click.option("--seeds", default="1", show_default=True, metavar="N|LIST", help="5 is 0 to 4; or a list, 0,3,7.")
@click.option("--epochs", type=int, default=2000, show_default=True, help="Passes over the data.")
@click.option("--batch-size", type=int, help="Rows per update.  [default: all of them]")
@click.option(
    "--target", type=float, default=1e-6, show_default=True, help="Relative gap at which a run has converged."
)
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="float32",
    show_default=True,
    help="Type of data and parameters.",
)
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True, help="How cases are run.")
@click.option("--predict", metavar="VALUES", help="Feature values, separated by commas: adds the prediction for them.")
@click.option(
    "--log-every",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print a training log to stderr as the loop runs.",
)
@click.option(
    "--format",
    "format_",
    default="table",
    show_default=True,
    metavar="NAME",
    help="A reporter (table, json, jsonl, csv, …) or any table format of tabulate (github, html, …).",
)
@click.option(
    "--trajectories",
    is_flag=False,
    flag_value=EVERY_EPOCH,
    metavar="[N]",
    help="Put the cost curves into json, jsonl and csv; N thins them to about so many points.",
)
@click.option("--no-timing", is_flag=True, help="Do not measure the time per step.")
@click.option("--all", "show_all", is_flag=True, help="Every row of a large sweep.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the result to this file.",
)
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Train every combination of optimizers, models, devices and problems, and compare them.

    Exit code: 0 done, 1 a case ended in an error, 2 a mistake in the request, 130 interrupted.
    """
    _check_output(options["output"])
    plugins = load(options["plugins"], quiet=options["quiet"])
    report = _reporter(plugins.catalog, options["format_"], options["show_all"])
    comparison = _run(plugins.catalog, options)
    if options["debug"]:
        _show_tracebacks(comparison)
    if comparison.interrupted:
        click.echo(f"linbench: interrupted after {len(comparison)} of {comparison.planned} runs", err=True)
    _write(report.build(comparison.records), options["output"])
    ctx.exit(_exit_code(comparison))


def _run(catalog: Catalog, options: dict[str, Any]) -> Comparison:
    start_torch()
    from linbench.cli.progress import observer
    from linbench.comparison import compare_plan, lr_of, seeds_of, specs_of
    from linbench.core.plan import Settings, make_plan

    plan = make_plan(
        catalog,
        **{axis: specs_of(options[axis]) for axis in ("optimizers", "models", "devices", "problems")},
        seeds=seeds_of(options["seeds"]),
        lr=lr_of(options["lr"]),
        settings=Settings(options["epochs"], options["batch_size"], options["target"], options["dtype"]),
    )
    return compare_plan(
        plan,
        engine=options["engine"],
        predict=_features(options["predict"]),
        trajectories=_trajectories(options["trajectories"]),
        timing=not options["no_timing"],
        observer=observer(plan, log_every=options["log_every"] or 0, quiet=options["quiet"]),
    )


def _reporter(catalog: Catalog, text: str, show_all: bool) -> Choice:
    """The reporter that `--format` names; a table format of tabulate is the table in that style."""
    from tabulate import tabulate_formats

    from linbench.core.errors import unknown_name
    from linbench.core.plan import bind
    from linbench.core.spec import Spec, parse_specs

    spec = parse_specs(text)[0]
    if spec.name in tabulate_formats and spec.name not in catalog.names("reporter"):
        spec = Spec("table", {"style": spec.name})
    elif spec.name not in catalog.names("reporter") and "." not in spec.name:
        raise unknown_name("format", spec.name, [*catalog.names("reporter"), *tabulate_formats])
    if spec.name == "table" and show_all:
        spec = Spec(spec.name, {**spec.params, "show_all": True})
    return next(bind(catalog, "reporter", spec))


def _features(text: str | None) -> Sequence[float] | None:
    if text is None:
        return None
    try:
        return [float(piece) for piece in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of numbers.", param_hint="--predict") from None


def _trajectories(text: str | None) -> bool | int:
    if text is None or text == EVERY_EPOCH:
        return text is not None
    if not text.isdecimal() or int(text) < 3:
        raise click.BadParameter(f"{text!r} is not a number of points (at least 3).", param_hint="--trajectories")
    return int(text)


def _check_output(path: Path | None) -> None:
    """Refuse before hours of training, not after."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}.", param_hint="--output")


def _write(report: str | bytes, path: Path | None) -> None:
    content = report if isinstance(report, bytes) else f"{report}\n".encode()
    if path is not None:
        try:
            path.write_bytes(content)
        except OSError as error:
            click.echo(f"linbench: cannot write {path}: {error.strerror}; the result goes to stdout", err=True)
        else:
            return
    click.echo(content, nl=False)


def _show_tracebacks(comparison: Comparison) -> None:
    for record in comparison:
        if record.traceback:
            click.echo(record.traceback, err=True)


def _exit_code(comparison: Comparison) -> int:
    from linbench.cli.main import INTERRUPTED
    from linbench.core.record import Status

    if comparison.interrupted:
        return INTERRUPTED
    return int(any(record.status is Status.ERROR for record in comparison))
