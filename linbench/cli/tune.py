"""`linbench tune`: the same number of trials for every optimizer, then the tuned comparison beside the default one."""

from __future__ import annotations

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
    from linbench.core.request.settings import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """The options of the command, as they were given."""

    optimizers: str
    models: str
    problems: str
    budget: int
    seeds: str
    search_seed: int
    epochs: int
    batch_size: int | None
    target: float
    dtype: DType
    jobs: int | None
    format_: str
    output: Path | None
    store: Path | None
    no_store: bool
    resume: bool
    plugins: tuple[str, ...]
    quiet: bool
    debug: bool


@click.command("tune")
@click.option(
    "-o",
    "--optimizers",
    default="sgd,adam,rmsprop",
    show_default=True,
    metavar="SPECS",
    help="What to tune. A range, adam:lr=1e-4..1, is searched; a value, adam:eps=1e-6, is kept; where nothing is "
    "said, lr is searched from 1e-4 to 10.",
)
@models_option("linear")
@problems_option
@click.option("--budget", type=int, default=50, show_default=True, help="Trials for every optimizer.")
@click.option(
    "--seeds", default="5", show_default=True, metavar="N|LIST", help="Seeds for tuning; as many fresh ones follow."
)
@click.option("--search-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws the trials.")
@settings_options
@jobs_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Of the result.",
)
@output_option
@resumable_store_options
@plugin_option
@quiet_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Give every optimizer the same number of trials, and compare what was found with the defaults.

    Trials are drawn alike for everybody, judged by the median of epochs to the target over the tuning seeds, and the
    best of each is run again on fresh seeds. Half as many again are drawn outside of the ranges, up to ten times
    further; they only tell whether wider ranges would change the order of the optimizers.

    Exit code: 0 done, 1 a run ended in an error or the result could not be written or stored, 2 a mistake in the
    request, 130 interrupted.
    """
    options = TuneOptions(**given)
    output.check(options.output)
    plugins = load(options.plugins, quiet=options.quiet)
    session = open_session(
        plugins, store=options.store, no_store=options.no_store, resume=options.resume, quiet=options.quiet
    )
    start_torch()
    from linbench.cli.progress import show_progress
    from linbench.comparison import seeds_of, specs_of
    from linbench.core.outcome.record import Status
    from linbench.core.request.settings import Settings
    from linbench.core.running.execution import Execution
    from linbench.tuning.tune import make_request, run_request

    with prints_to_stderr():
        request = make_request(
            plugins.catalog,
            optimizers=specs_of(options.optimizers),
            models=specs_of(options.models),
            problems=specs_of(options.problems),
            budget=options.budget,
            seeds=seeds_of(options.seeds),
            search_seed=options.search_seed,
            settings=Settings(
                epochs=options.epochs,
                batch_size=options.batch_size,
                target=options.target,
                dtype=options.dtype,
            ),
        )
        execution = Execution(jobs=options.jobs, timing=False)
        with show_progress(request.searches, log_every=0, quiet=options.quiet) as observer:
            result = run_request(request, execution, observer, session)
    report = result.to_json() if options.format_ == "json" else str(result)
    as_asked = output.write(report, options.output)
    lost = tell_lost(session)
    ctx.exit(int(lost or not as_asked or any(record.status is Status.ERROR for record in result.records)))
