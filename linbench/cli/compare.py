"""`linbench compare`: the matrix → the table."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linbench.cli import output
from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.store_options import open_session, resumable_store_options, tell_lost
from linbench.cli.torch_start import start_torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.plan import Choice, Plan
    from linbench.core.running.runner import Execution
    from linbench.store.session import StoreSession

DTYPES = ("float32", "float64", "bfloat16", "float16")
ENGINES = ("auto", "serial", "batched")
SETTINGS = ("epochs", "batch_size", "target", "dtype", "stop_at_target")
EXECUTION = ("engine", "jobs", "max_lanes", "timeout", "isolate")
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
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="auto",
    show_default=True,
    help="One case after the other, or many as one tensor program; auto is batched wherever that is valid.",
)
@click.option(
    "--stop-at-target",
    is_flag=True,
    help="End a run once it has converged, diverged or stalled, instead of after all epochs.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes, on the CPU only.  [default: one a processor, where there is enough to do]",
)
@click.option(
    "--max-lanes", type=click.IntRange(min=1), metavar="N", help="Cases per batch.  [default: from the sizes]"
)
@click.option("--timeout", type=float, metavar="SECONDS", help="Stop a case that takes longer; it ends in an error.")
@click.option(
    "--isolate",
    is_flag=True,
    help="Train in processes of their own, also with one job: a case that kills its process ends in an error.",
)
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
@resumable_store_options
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Train every combination of optimizers, models, devices and problems, and compare them.

    Records are stored as they are made; `linbench runs` shows them.

    Exit code: 0 done, 1 a case ended in an error or the result could not be written or stored as asked, 2 a mistake
    in the request, 130 interrupted.
    """
    output.check(options["output"])
    plugins = load(options["plugins"], quiet=options["quiet"])
    catalog = plugins.catalog
    reporter = output.reporter(catalog, options["format_"], options["show_all"])
    session = open_session(
        plugins, store=options["store"], no_store=options["no_store"], resume=options["resume"], quiet=options["quiet"]
    )
    if output.line_by_line(reporter):
        ctx.exit(_stream(catalog, reporter, options, session))
    with prints_to_stderr(), _prepared(catalog, options) as (plan, execution, predict, observer):
        from linbench.comparison import compare_plan

        comparison = compare_plan(plan, execution, predict, observer, session)
    with prints_to_stderr():
        for record in comparison:
            _show_traceback(record, options)
        if comparison.interrupted:
            click.echo(f"linbench: interrupted after {len(comparison)} of {comparison.planned} runs", err=True)
        report = output.build(reporter, comparison.records, options["debug"])
    if report is None:
        output.write(str(comparison), None)
        as_asked = False
    else:
        as_asked = output.write(report, options["output"])
    as_asked &= not tell_lost(session)
    ctx.exit(_exit_code(comparison.records, as_asked, interrupted=comparison.interrupted))


@contextlib.contextmanager
def _prepared(
    catalog: Catalog, options: dict[str, Any]
) -> Iterator[tuple[Plan, Execution, Sequence[float] | None, Observer]]:
    """What to run, how, what to predict for, and who watches."""
    start_torch()
    from linbench.cli.progress import progress_shown
    from linbench.comparison import lr_of, seeds_of, specs_of
    from linbench.core.isolation.process_state import restore_process_state
    from linbench.core.request.plan import Settings, make_plan
    from linbench.core.running.runner import Execution

    with restore_process_state():  # making a plan imports targets
        plan = make_plan(
            catalog,
            **{axis: specs_of(options[axis]) for axis in ("optimizers", "models", "devices", "problems")},
            seeds=seeds_of(options["seeds"]),
            lr=lr_of(options["lr"]),
            settings=Settings(**{name: options[name] for name in SETTINGS}),
        )
    trajectories = _trajectories(options["trajectories"])
    execution = Execution(
        **{name: options[name] for name in EXECUTION}, trajectories=trajectories, timing=not options["no_timing"]
    )
    predict = _features(options["predict"])
    with progress_shown(plan, log_every=options["log_every"] or 0, quiet=options["quiet"]) as observer:
        yield plan, execution, predict, observer


def _stream(catalog: Catalog, reporter: Choice, options: dict[str, Any], session: StoreSession | None) -> int:
    """Write each record as it is done and keep none, so that a sweep may be larger than memory."""
    from linbench.cli.main import INTERRUPTED
    from linbench.core.outcome.record import Status

    failed, done = False, 0
    with (
        output.lines(options["output"]) as write,
        prints_to_stderr(),
        _prepared(catalog, options) as (plan, execution, predict, observer),
    ):
        from linbench.comparison import run_plan

        try:
            for record in run_plan(plan, execution, predict, observer, session):
                write(reporter.build([record]))
                _show_traceback(record, options)
                failed |= record.status is Status.ERROR
                done += 1
        except KeyboardInterrupt:
            click.echo(f"linbench: interrupted after {done} of {len(plan)} runs", err=True)
            tell_lost(session)
            return INTERRUPTED
    return int(tell_lost(session) or failed)


def _features(text: str | None) -> Sequence[float] | None:
    if text is None:
        return None
    try:
        features = [float(piece) for piece in text.split(",")]
    except ValueError:
        features = [math.nan]
    if not all(map(math.isfinite, features)):
        raise click.BadParameter(f"{text!r} is not a list of numbers.", param_hint="'--predict'")
    return features


def _trajectories(text: str | None) -> bool | int:
    if text is None or text == EVERY_EPOCH:
        return text is not None
    if not text.isdecimal() or int(text) < 3:
        raise click.BadParameter(f"{text!r} is not a number of points (at least 3).", param_hint="'--trajectories'")
    return int(text)


def _show_traceback(record: Record, options: dict[str, Any]) -> None:
    if options["debug"] and record.traceback:
        click.echo(record.traceback, err=True)


def _exit_code(records: Sequence[Record], as_asked: bool, *, interrupted: bool) -> int:
    from linbench.cli.main import INTERRUPTED
    from linbench.core.outcome.record import Status

    if interrupted:
        return INTERRUPTED
    return int(not as_asked or any(record.status is Status.ERROR for record in records))
