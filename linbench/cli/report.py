"""`linbench report`: a stored run as one HTML file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linbench.cli import output
from linbench.cli.options import debug_option
from linbench.cli.store_options import existing_store, store_option
from linbench.core.exit_code import ExitCode

if TYPE_CHECKING:
    from linbench.store.run_list import Run


@click.command("report")
@click.argument("run", default="last")
@click.option("--output", "path", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="To this file.")
@store_option
@debug_option
def command(run: str, path: Path | None, store: Path | None, debug: bool) -> ExitCode:  # noqa: ARG001
    """RUN (the last one unless told otherwise) as one HTML page: tables, curves, what they say.

    RUN is a run's number, or `last`, `last-1`, …; `linbench runs list` shows them. Cost curves, and profiles over
    targets, need runs that were made with --trajectories. The file needs no network and runs no script.
    """
    from linbench.results.report.page import render_report

    output.check(path)
    opened = existing_store(store)
    stored_run = opened.run(run)
    document = render_report(list(opened.records(stored_run)), _facts(stored_run))
    return ExitCode.DONE if output.write(document, path) else ExitCode.FAILED


def _facts(run: Run) -> dict[str, str]:
    environment = {name: str(value) for name, value in run.environment.items() if value not in (None, "")}
    missing = "" if run.records >= run.planned else f", {run.records:,} of {run.planned:,} records"
    started = run.started.replace("T", " ").removesuffix("Z")
    facts: dict[str, str] = {
        "run": f"{run.id}, {started} UTC, {run.outcome or 'unfinished'}{missing}",
        "command": shlex.join(run.command),
        "linbench, torch": f"{run.linbench}, {run.torch}",
        **{name: environment[name] for name in ("python", "platform", "cpu", "cores", "git") if name in environment},
    }
    return {name: text for name, text in facts.items() if text}
