"""`linbench plugins new`: the package of a new optimizer, ready to be installed."""

from __future__ import annotations

from pathlib import Path

import click

from linbench.cli.options import debug_option, load


@click.command("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Where to put the package's folder.",
)
@debug_option
def command(name: str, into: Path, debug: bool) -> None:  # noqa: ARG001
    """Write an installable package for an optimizer called NAME, with tests and CI.

    For example `linbench plugins new my-opt`.
    """
    from linbench.cli import scaffold
    from linbench.core.errors import UsageError

    names = scaffold.names_of(name)
    if names.optimizer in load((), quiet=True).catalog.names("optimizer"):
        raise UsageError(f"there is an optimizer {names.optimizer!r} already: choose another name")
    folder = scaffold.write(names, into)
    click.echo(f"{folder} is written; next:")
    click.echo(f"  pip install --editable '{folder}[test]'")
    click.echo(f"  linbench plugins check {names.optimizer}")
    click.echo(f"  linbench compare --optimizers {names.optimizer},sgd,adam --lr 1e-4..1@20")
