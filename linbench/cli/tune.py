"""`linbench tune`: the same number of trials for every optimizer, then the tuned comparison beside the default one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from linbench.cli import output
from linbench.cli.compare import DTYPES
from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.store_options import open_session, resumable_store_options, tell_lost
from linbench.cli.torch_start import start_torch


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
@click.option("-m", "--models", default="linear", show_default=True, metavar="SPECS", help="Models to train.")
@click.option("-p", "--problems", default="study-hours", show_default=True, metavar="SPECS", help="Problems to solve.")
@click.option("--budget", type=int, default=50, show_default=True, help="Trials for every optimizer.")
@click.option(
    "--seeds", default="5", show_default=True, metavar="N|LIST", help="Seeds for tuning; as many fresh ones follow."
)
@click.option("--search-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws the trials.")
@click.option("--epochs", type=int, default=2000, show_default=True, help="Passes over the data.")
@click.option("--batch-size", type=int, help="Rows per update.  [default: all of them]")
@click.option("--target", type=float, default=1e-6, show_default=True, help="Relative gap to be reached.")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", show_default=True, help="Type of data.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one a processor]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Of the result.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the result to this file."
)
@resumable_store_options
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr.")
@debug_option
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Give every optimizer the same number of trials, and compare what was found with the defaults.

    Trials are drawn alike for everybody, judged by the median of epochs to the target over the tuning seeds, and the
    best of each is run again on fresh seeds. Half as many again are drawn outside of the ranges, up to ten times
    further; they only tell whether wider ranges would change the order of the optimizers.

    Exit code: 0 done, 1 a run ended in an error or the result could not be written or stored, 2 a mistake in the
    request, 130 interrupted.
    """
    output.check(options["output"])
    plugins = load(options["plugins"], quiet=options["quiet"])
    session = open_session(
        plugins, store=options["store"], no_store=options["no_store"], resume=options["resume"], quiet=options["quiet"]
    )
    start_torch()
    from linbench.cli.progress import progress_shown
    from linbench.comparison import seeds_of, specs_of
    from linbench.core.outcome.record import Status
    from linbench.core.request.plan import Settings
    from linbench.core.running.runner import Execution
    from linbench.tuning.tune import make_request, run_request

    with prints_to_stderr():
        request = make_request(
            plugins.catalog,
            **{axis: specs_of(options[axis]) for axis in ("optimizers", "models", "problems")},
            budget=options["budget"],
            seeds=seeds_of(options["seeds"]),
            search_seed=options["search_seed"],
            settings=Settings(options["epochs"], options["batch_size"], options["target"], options["dtype"]),
        )
        execution = Execution(jobs=options["jobs"], timing=False)
        with progress_shown(request.searches, log_every=0, quiet=options["quiet"]) as observer:
            result = run_request(request, execution, observer, session)
    report = result.to_json() if options["format_"] == "json" else str(result)
    as_asked = output.write(report, options["output"]) & (not tell_lost(session))
    ctx.exit(int(not as_asked or any(record.status is Status.ERROR for record in result.records)))
