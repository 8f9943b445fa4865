"""`linbench gate`: a suite against its committed baseline."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from linbench.cli import output
from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.store_options import open_session, store_options, tell_lost
from linbench.cli.torch_start import start_torch

if TYPE_CHECKING:
    from linbench.gate.convergence import Request
    from linbench.gate.rendering import Report
    from linbench.gate.update import BaselineUpdate
    from linbench.plugins.manager import Plugins
    from linbench.store.session import StoreSession

T = TypeVar("T")

FORMATS = ("table", "json", "markdown", "junit")
TIMING = ("off", "advisory", "gate")
CANNOT_COMPARE = 3
CRASHED = 4


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
def command(ctx: click.Context, /, **options: Any) -> None:
    """Run a suite and compare what comes out with the committed baseline.

    Whatever differs by more than rounding is named, also where it is an improvement, until --update acknowledges it.
    With --against REF or --timing, the time of a step is compared as well, in five fresh processes a side; what may be
    slower is measured once more, and counts where both measurements together show it.

    Exit code: 0 as committed, 1 a number or a status is another one or a step is slower, 2 a mistake in the request,
    3 there is nothing to compare with (the baseline is missing, damaged or of another suite, or a case is new or
    gone), 4 a run crashed, 5 with --strict-timing: nothing can be said about a step time, 130 interrupted. Of several
    the first of 4, 3, 1, 5 counts.
    """
    options["timing"] = options["timing"] or ("gate" if options["against"] else "off")
    _check(options)
    output.check(options["output"])
    output.check(options["junit"], "--junit")
    plugins = load(options["plugins"], quiet=options["quiet"])
    start_torch()
    from linbench.core.errors import LinbenchError
    from linbench.gate.files import BaselineError

    session = open_session(plugins, store=options["store"], no_store=options["no_store"], quiet=options["quiet"])
    try:
        code = _update(plugins, options, session) if options["update"] else _compare(plugins, options, session)
    except BaselineError as error:
        click.echo(f"linbench: {error}", err=True)
        _annotate_failure(str(error))
        code = CANNOT_COMPARE
    except LinbenchError as error:
        _annotate_failure(str(error))
        raise
    ctx.exit(code)


def _check(options: dict[str, Any]) -> None:
    if options["against"] is not None and options["timing"] == "off":
        raise click.UsageError("--against compares step times, and --timing off does not.")
    if options["strict_timing"] and options["timing"] != "gate":
        raise click.UsageError("--strict-timing is for --timing gate.")
    if not options["update"]:
        for name in ("prune", "reason"):
            if options[name]:
                raise click.UsageError(f"--{name} is for --update.")
        return
    if os.environ.get("CI"):
        raise click.UsageError("a baseline is not updated in CI, where nobody would see it: run --update and commit.")
    if not (options["reason"] or "").strip() or not options["reason"].isprintable():
        raise click.UsageError('--update needs a reason in one line: --reason "…".')
    for name, usual in (("format_", "table"), ("junit", None), ("against", None), ("strict_timing", False)):
        if options[name] != usual:
            raise click.UsageError(f"--{name.strip('_').replace('_', '-')} is for comparing, not for --update.")


def _request(plugins: Plugins, options: dict[str, Any]) -> Request:
    from linbench.core.isolation.process_state import restore_process_state
    from linbench.gate.configuration import find_suite, read_suite
    from linbench.gate.convergence import make_request

    suite = read_suite(options["suite"]) if options["suite"] else find_suite(Path())
    with prints_to_stderr(), restore_process_state():  # making a plan imports targets
        return make_request(plugins.catalog, suite, options["baseline"], options["only"])


def _compare(plugins: Plugins, options: dict[str, Any], session: StoreSession | None) -> int:
    from linbench.cli.gate_timing import times
    from linbench.cli.progress import progress_shown
    from linbench.gate.convergence import run_request
    from linbench.gate.rendering import FORMATS as REPORTERS

    request = _request(plugins, options)
    with times(request, options) as compare_times:
        with prints_to_stderr(), progress_shown(request.plan, log_every=0, quiet=options["quiet"]) as observer:
            report = _keeping(
                session, options, lambda session: run_request(request, options["jobs"], observer, session)
            )
        report = replace(report, timing=compare_times(), strict_timing=options["strict_timing"])
    as_asked = [
        output.write(REPORTERS[options["format_"]](report), options["output"]),
        options["junit"] is None or output.write_beside(REPORTERS["junit"](report), options["junit"]),
    ]
    tell_lost(session)
    _tell_github(report)
    return report.exit_code or int(not all(as_asked))


def _update(plugins: Plugins, options: dict[str, Any], session: StoreSession | None) -> int:
    from linbench.cli.gate_timing import store_times
    from linbench.cli.progress import progress_shown
    from linbench.gate.convergence import run_update

    request, reason = _request(plugins, options), options["reason"].strip()
    with prints_to_stderr(), progress_shown(request.plan, log_every=0, quiet=options["quiet"]) as observer:
        updated = _keeping(
            session,
            options,
            lambda session: run_update(
                request, reason=reason, prune=options["prune"], jobs=options["jobs"], observer=observer, session=session
            ),
        )
    lines = [_told(updated, options["baseline"]), *store_times(request, options, reason)]
    as_asked = output.write("\n".join(lines), options["output"])
    tell_lost(session)
    for crash in updated.crashed:
        click.echo(f"linbench: not updated: {crash}", err=True)
    return CRASHED if updated.crashed else int(not as_asked)


def _keeping(session: StoreSession | None, options: dict[str, Any], run: Callable[[StoreSession | None], T]) -> T:
    """Run with the store; a usual place that cannot be written, as in many a CI, must not fail a gate."""
    from linbench.core.errors import StoreError

    try:
        return run(session)
    except StoreError as error:
        if options["store"] is not None or os.environ.get(ENVIRONMENT):
            raise
        if not options["quiet"]:
            click.echo(f"linbench: no records are kept: {error}", err=True)
        return run(None)


def _told(updated: BaselineUpdate, path: Path) -> str:
    lines = [f"{one.case}: {one.what}: {one.was} → {one.now}" for one in updated.changed]
    changed = len({one.case for one in updated.changed})
    return "\n".join([*lines, f"{path}: {changed} of {len(updated.cases)} cases changed"])


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _annotate_failure(message: str) -> None:
    if _on_github():
        from linbench.gate.github import annotation

        click.echo(annotation("error", "linbench gate", message), err=True)


def _tell_github(report: Report) -> None:
    """Annotations go to stderr, where GitHub reads them too: stdout is for the result."""
    if not _on_github():
        return
    from linbench.gate.github import annotations_of
    from linbench.gate.rendering import as_markdown

    for line in annotations_of(report.all_findings, report.strict_timing):
        click.echo(line, err=True)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{as_markdown(report)}\n")
    except OSError as error:
        click.echo(f"linbench: cannot write the summary of this step: {error.strerror}", err=True)
