"""`linbench gate`: a suite against its committed baseline."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from linbench.cli import output
from linbench.cli.gate_github import annotate_error, annotate_report
from linbench.cli.gate_options import FORMATS, TIMING, GateOptions, check_options
from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.store_options import open_session, store_options, tell_lost
from linbench.cli.torch_start import start_torch
from linbench.core.exit_code import ExitCode

if TYPE_CHECKING:
    from linbench.gate.convergence import Request, Training
    from linbench.plugins.manager import Plugins
    from linbench.store.session import StoreSession

T = TypeVar("T")


@click.command("gate")
@click.option(
    "--suite",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="What to run.  [default: [gate] of linbench.toml, else [tool.linbench.gate] of pyproject.toml, else a suite "
    "of torch's optimizers]",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    default=Path("baseline/convergence.json"),
    show_default=True,
    metavar="FILE",
    help="What to compare with.",
)
@click.option("--only", metavar="GLOB", help="Only the cases whose whole label matches, for example '*adam*'.")
@click.option("--update", is_flag=True, help="Make what comes out the baseline, where it differs.")
@click.option("--prune", is_flag=True, help="With --update: drop the cases that the suite has no more.")
@click.option("--reason", metavar="TEXT", help="With --update: why; it is kept with the cases that change.")
@click.option(
    "--against",
    metavar="REF",
    help="Compare step times with this revision of the plugin, or with the Python of this path.",
)
@click.option(
    "--timing",
    type=click.Choice(TIMING),
    help="Whether a slower step fails, is only told, or is not looked at; without --against it is compared with what "
    "--update has stored for this machine.  [default: gate with --against, else off]",
)
@click.option("--strict-timing", is_flag=True, help="Exit with 5 where nothing can be said about a step time.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one a processor]")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="Of the result."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the result to this file."
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write the result to this file as JUnit too, whatever --format is.",
)
@store_options
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **parameters: Any) -> None:
    """Run a suite and compare what comes out with the committed baseline.

    Whatever differs by more than rounding is named, also where it is an improvement, until --update acknowledges it.
    With --against REF or --timing, the time of a step is compared as well, in five fresh processes a side; what may be
    slower is measured once more, and counts where both measurements together show it.

    Exit code: 0 as committed, 1 a number or a status is another one or a step is slower, 2 a mistake in the request,
    3 there is nothing to compare with (the baseline is missing, damaged or of another suite, or a case is new or
    gone), 4 a run crashed, 5 with --strict-timing: nothing can be said about a step time, 130 interrupted. Of several
    the first of 4, 3, 1, 5 counts.
    """
    options = GateOptions(**parameters)
    check_options(options)
    output.check(options.output)
    output.check(options.junit, "--junit")
    plugins = load(options.plugins, quiet=options.quiet)
    start_torch()
    from linbench.core.errors import LinbenchError
    from linbench.gate.files import BaselineError

    session = open_session(plugins, store=options.store, no_store=options.no_store, quiet=options.quiet)
    try:
        request = _request(plugins, options)
        code = _update(request, options, session) if options.update else _compare(request, options, session)
    except BaselineError as error:
        click.echo(f"linbench: {error}", err=True)
        annotate_error(str(error))
        code = ExitCode.CANNOT_COMPARE
    except LinbenchError as error:
        annotate_error(str(error))
        raise
    ctx.exit(code)


def _request(plugins: Plugins, options: GateOptions) -> Request:
    from linbench.core.isolation.process_state import restore_process_state
    from linbench.gate.configuration import find_suite, read_suite
    from linbench.gate.convergence import make_request

    suite = read_suite(options.suite) if options.suite else find_suite(Path())
    with prints_to_stderr(), restore_process_state():  # making a plan imports targets
        return make_request(plugins.catalog, suite, options.baseline, options.only)


def _compare(request: Request, options: GateOptions, session: StoreSession | None) -> ExitCode:
    from linbench.cli.gate_timing import open_check, run_check
    from linbench.gate.convergence import run_request
    from linbench.gate.rendering import FORMATS as REPORTERS

    with open_check(request, options) as timing_check:  # a revision is there before anything is trained
        report = _train(lambda training: run_request(request, training), request, options, session)
        timing = run_check(timing_check, quiet=options.quiet)
    report = replace(report, timing=timing, strict_timing=options.strict_timing)
    as_asked = output.write(REPORTERS[options.format_](report), options.output)
    if options.junit is not None:
        as_asked = output.write_beside(REPORTERS["junit"](report), options.junit) and as_asked
    tell_lost(session)
    annotate_report(report)
    if report.exit_code is ExitCode.DONE and not as_asked:
        return ExitCode.FAILED
    return report.exit_code


def _update(request: Request, options: GateOptions, session: StoreSession | None) -> ExitCode:
    from linbench.cli.gate_timing import update_stored_times
    from linbench.gate.convergence import run_update

    reason = (options.reason or "").strip()
    baseline = _train(
        lambda training: run_update(request, reason=reason, prune=options.prune, training=training),
        request,
        options,
        session,
    )
    changed = len({change.case for change in baseline.changes})
    lines = [
        *baseline.change_lines(),
        f"{options.baseline}: {changed} of {len(baseline.cases)} cases changed",
        *update_stored_times(request, options, reason),
    ]
    as_asked = output.write("\n".join(lines), options.output)
    tell_lost(session)
    for crash in baseline.crashes:
        click.echo(f"linbench: not updated: {crash}", err=True)
    if baseline.crashes:
        return ExitCode.CRASHED
    return ExitCode.DONE if as_asked else ExitCode.FAILED


def _train(run: Callable[[Training], T], request: Request, options: GateOptions, session: StoreSession | None) -> T:
    """Run with a progress bar and the store."""
    from linbench.cli.progress import show_progress
    from linbench.core.errors import StoreError
    from linbench.gate.convergence import Training
    from linbench.store.default_path import ENVIRONMENT

    with prints_to_stderr(), show_progress(request.plan, log_every=0, quiet=options.quiet) as observer:
        training = Training(jobs=options.jobs, observer=observer, session=session)
        try:
            return run(training)
        except StoreError as error:
            # A usual place that cannot be written, as in many a CI, must not fail a gate; one that was named must.
            if options.store is not None or os.environ.get(ENVIRONMENT):
                raise
            if not options.quiet:
                click.echo(f"linbench: no records are kept: {error}", err=True)
            return run(replace(training, session=None))
