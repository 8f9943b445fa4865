"""Options that several commands share, and the plugins they load."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from linbench.plugins.manager import Plugins

F = TypeVar("F", bound=Callable[..., Any])

DTYPES = ("float32", "float64", "bfloat16", "float16")

plugin_option = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE_OR_MODULE",
    help="Load this plugin too; can be repeated.",
)

debug_option = click.option("--debug", is_flag=True, help="Show tracebacks of errors.")

quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no notices on stderr.")

output_option = click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the result to this file.",
)


def models_option(default: str) -> Callable[[F], F]:
    """Return the option `--models` with a command's own default."""
    return click.option("-m", "--models", default=default, show_default=True, metavar="SPECS", help="Models to train.")


problems_option = click.option(
    "-p",
    "--problems",
    default="study-hours",
    show_default=True,
    metavar="SPECS",
    help="Problems to solve, for example csv:path=FILE,target=COLUMN.",
)


def settings_options(command: F) -> F:
    """Add `--epochs`, `--batch-size`, `--target` and `--dtype`, the settings that all cases share."""
    for option in (
        click.option(
            "--dtype",
            type=click.Choice(DTYPES),
            default="float32",
            show_default=True,
            help="Type of data and parameters.",
        ),
        click.option(
            "--target",
            type=float,
            default=1e-6,
            show_default=True,
            help="Relative gap at which a run has converged.",
        ),
        click.option("--batch-size", type=int, help="Rows per update.  [default: all of them]"),
        click.option("--epochs", type=int, default=2000, show_default=True, help="Passes over the data."),
    ):
        command = option(command)
    return command


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes, on the CPU only.  [default: one a processor, where there is enough to do]",
)


def load(plugins: tuple[str, ...], *, quiet: bool = False) -> Plugins:
    """Load all plugins; one that fails is one line on stderr."""
    from linbench.plugins.manager import load_plugins

    with prints_to_stderr():
        loaded = load_plugins(plugins)
    if not quiet:
        for status in loaded.failed:
            click.echo(f"linbench: plugin {status.name!r} failed and is left out: {status.reason}", err=True)
    return loaded


def prints_to_stderr() -> contextlib.redirect_stdout[TextIO]:
    """Run third-party code in here: what it prints goes to stderr, since stdout is for results."""
    return contextlib.redirect_stdout(sys.stderr)
