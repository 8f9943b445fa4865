"""`linbench plugins`: which plugins there are, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from linbench.cli.options import debug_option, load, plugin_option

if TYPE_CHECKING:
    from linbench.plugins.manager import PluginStatus


@click.group("plugins", invoke_without_command=True)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of plugins that failed.")
@plugin_option
@debug_option
def command(verbose: bool, plugins: tuple[str, ...], debug: bool) -> None:  # noqa: ARG001
    """Plugins that are loaded, failed, or blocked by LINBENCH_PLUGINS."""
    from tabulate import tabulate

    statuses = load(plugins, quiet=True).statuses
    rows = [(s.name, s.state, _version(s), s.components, s.reason or "") for s in statuses]
    click.echo(tabulate(rows, ("plugin", "state", "version", "components", "reason"), disable_numparse=True))
    if verbose:
        for status in statuses:
            if status.traceback:
                click.echo(f"\n{status.name}\n{status.traceback}")


def _version(status: PluginStatus) -> str:
    return "built in" if status.built_in else status.version or "–"
