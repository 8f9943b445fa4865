"""`linbench compare`: the matrix → the table."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linbench.cli import output
from linbench.cli.options import (
    debug_option,
    jobs_option,
    load,
    models_option,
    output_option,
    plugin_option,
    prints_to_stderr,
    problems_option,
    quiet_option,
    settings_options,
)
from linbench.cli.store_options import open_session, resumable_store_options, tell_lost
from linbench.cli.torch_start import start_torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.choice import Choice
    from linbench.core.request.plan import Plan
    from linbench.core.request.settings import DType
    from linbench.core.running.execution import EngineName, Execution
    from linbench.store.session import StoreSession

ENGINES = ("auto", "serial", "batched")
EVERY_EPOCH = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """The options of the command, as they were given."""

    optimizers: str
    models: str
    devices: str
    problems: str
    lr: str | None
    seeds: str
    epochs: int
    batch_size: int | None
    target: float
    dtype: DType
    stop_at_target: bool
    engine: EngineName
    jobs: int | None
    max_lanes: int | None
    timeout: float | None
    isolate: bool
    predict: str | None
    log_every: int | None
    format_: str
    trajectories: str | None
    no_timing: bool
    show_all: bool
    output: Path | None
    store: Path | None
    no_store: bool
    resume: bool
    plugins: tuple[str, ...]
    quiet: bool
    debug: bool


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
@models_option("manual,linear")
@click.option("-d", "--devices", default="cpu", show_default=True, metavar="SPECS", help="Devices to train on.")
@problems_option
@click.option(
    "--lr",
    metavar="VALUE",
    help="Learning rate, or a sweep of them, for every optimizer whose spec names none.  "
    "[default: the optimizer's own]",
)
@click.option("--seeds", default="1", show_default=True, metavar="N|LIST", help="5 is 0 to 4; or a list, 0,3,7.")
@settings_options
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
@jobs_option
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
@output_option
@resumable_store_options
@plugin_option
@quiet_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Train every combination of optimizers, models, devices and problems, and compare them.

    Records are stored as they are made; `linbench runs` shows them.

    Exit code: 0 done, 1 a case ended in an error or the result could not be written or stored as asked, 2 a mistake
    in the request, 130 interrupted.
    """
    options = CompareOptions(**given)
    output.check(options.output)
    plugins = load(options.plugins, quiet=options.quiet)
    reporter = output.reporter(plugins.catalog, options.format_, options.show_all)
    session = open_session(
        plugins, store=options.store, no_store=options.no_store, resume=options.resume, quiet=options.quiet
    )
    show = _stream if output.line_by_line(reporter) else _show_at_the_end
    ctx.exit(show(options, plugins.catalog, reporter, session))


def _show_at_the_end(options: CompareOptions, catalog: Catalog, reporter: Choice, session: StoreSession | None) -> int:
    """Run everything, then write the report; returns the exit code."""
    with prints_to_stderr(), _prepare(catalog, options) as job:
        from linbench.comparison import compare_plan

        comparison = compare_plan(job.plan, job.execution, job.predict, job.observer, session)
    with prints_to_stderr():
        for record in comparison:
            _show_traceback(record, options)
        if comparison.interrupted:
            click.echo(f"linbench: interrupted after {len(comparison)} of {comparison.planned} runs", err=True)
        report = output.build(reporter, comparison.records, options.debug)
    if report is None:
        output.write(str(comparison), None)
        as_asked = False
    else:
        as_asked = output.write(report, options.output)
    lost = tell_lost(session)
    return _exit_code(comparison.records, as_asked and not lost, interrupted=comparison.interrupted)


def _stream(options: CompareOptions, catalog: Catalog, reporter: Choice, session: StoreSession | None) -> int:
    """Write each record as it is done and keep none, so that a sweep may be larger than memory."""
    from linbench.core.exit_code import ExitCode
    from linbench.core.outcome.record import Status

    failed, done = False, 0
    with output.lines(options.output) as write, prints_to_stderr(), _prepare(catalog, options) as job:
        from linbench.comparison import run_plan

        try:
            for record in run_plan(job.plan, job.execution, job.predict, job.observer, session):
                write(reporter.build([record]))
                _show_traceback(record, options)
                failed |= record.status is Status.ERROR
                done += 1
        except KeyboardInterrupt:
            click.echo(f"linbench: interrupted after {done} of {len(job.plan)} runs", err=True)
            tell_lost(session)
            return ExitCode.INTERRUPTED
    return int(tell_lost(session) or failed)


@dataclass(frozen=True, slots=True)
class _Job:
    """A plan with how it is run, which features to predict for, and who watches."""

    plan: Plan
    execution: Execution
    predict: Sequence[float] | None
    observer: Observer


@contextlib.contextmanager
def _prepare(catalog: Catalog, options: CompareOptions) -> Iterator[_Job]:
    """Resolve what is to be run, and show progress while inside."""
    start_torch()
    from linbench.cli.progress import show_progress
    from linbench.comparison import lr_of, seeds_of, specs_of
    from linbench.core.isolation.process_state import restore_process_state
    from linbench.core.request.plan import make_plan
    from linbench.core.request.settings import Settings
    from linbench.core.running.execution import Execution

    with restore_process_state():  # making a plan imports targets
        plan = make_plan(
            catalog,
            optimizers=specs_of(options.optimizers),
            models=specs_of(options.models),
            devices=specs_of(options.devices),
            problems=specs_of(options.problems),
            seeds=seeds_of(options.seeds),
            lr=lr_of(options.lr),
            settings=Settings(
                epochs=options.epochs,
                batch_size=options.batch_size,
                target=options.target,
                dtype=options.dtype,
                stop_at_target=options.stop_at_target,
            ),
        )
    execution = Execution(
        engine=options.engine,
        jobs=options.jobs,
        max_lanes=options.max_lanes,
        trajectories=_trajectories(options.trajectories),
        timing=not options.no_timing,
        timeout=options.timeout,
        isolate=options.isolate,
    )
    predict = _features(options.predict)
    with show_progress(plan, log_every=options.log_every or 0, quiet=options.quiet) as observer:
        yield _Job(plan, execution, predict, observer)


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


def _show_traceback(record: Record, options: CompareOptions) -> None:
    if options.debug and record.traceback:
        click.echo(record.traceback, err=True)


def _exit_code(records: Sequence[Record], as_asked: bool, *, interrupted: bool) -> int:
    from linbench.core.exit_code import ExitCode
    from linbench.core.outcome.record import Status

    if interrupted:
        return ExitCode.INTERRUPTED
    return int(not as_asked or any(record.status is Status.ERROR for record in records))
