"""`linbench plugins check`: an optimizer against all that users of torch.optim expect of one."""

from __future__ import annotations

from collections import Counter

import click

from linbench.cli.options import debug_option, load, plugin_option, prints_to_stderr
from linbench.cli.torch_start import start_torch
from linbench.core.exit_code import ExitCode

OUTCOMES = ("pass", "fail", "not applicable")


@click.command("check")
@click.argument("optimizer")
@click.option(
    "--reduces-to",
    "reductions",
    multiple=True,
    metavar="PARAMETERS->SPEC",
    help="A setting in which it is another optimizer, momentum=0->sgd; can be repeated.",
)
@plugin_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    optimizer: str,
    reductions: tuple[str, ...],
    plugins: tuple[str, ...],
    debug: bool,  # noqa: ARG001
) -> None:
    """Check that OPTIMIZER, a name, an import path or a spec, behaves as an optimizer should.

    Each check is a line: pass, fail or not applicable, and why. Exit code: 0 nothing failed, 1 something did,
    2 a mistake in the request.
    """
    catalog = load(plugins).catalog
    start_torch()
    from linbench.conformance.all_checks import CHECKS
    from linbench.conformance.check import judge
    from linbench.conformance.subject import parse_reduction, subject_of

    with prints_to_stderr():
        subject = subject_of(catalog, optimizer, reductions=[parse_reduction(text) for text in reductions])
    counts: Counter[str] = Counter()
    for check in CHECKS:
        with prints_to_stderr():
            verdict = judge(subject, check)
        counts[verdict.outcome] += 1
        click.echo(f"{verdict.outcome:<{len(OUTCOMES[-1])}}  {verdict}")
    click.echo(f"\n{subject.label}: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES))
    ctx.exit(ExitCode.FAILED if counts["fail"] else ExitCode.DONE)
