"""Options that several commands share, and the plugins they load."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from linbench.plugins.manager import Plugins

plugin_option = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE_OR_MODULE",
    help="Load this plugin too; can be repeated.",
)

debug_option = click.option("--debug", is_flag=True, help="Show tracebacks of errors.")


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
    """Third-party code runs in here: what it prints goes to stderr, since stdout is for results."""
    return contextlib.redirect_stdout(sys.stderr)
