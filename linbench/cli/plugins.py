"""`linbench plugins`: the plugins that there are, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from linbench.cli import plugins_check, plugins_new
from linbench.cli.columns import columns
from linbench.cli.options import debug_option, load, plugin_option

if TYPE_CHECKING:
    from linbench.plugins.manager import PluginStatus


@click.group("plugins", invoke_without_command=True)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of plugins that failed.")
@plugin_option
@debug_option
@click.pass_context
def command(ctx: click.Context, verbose: bool, plugins: tuple[str, ...], debug: bool) -> None:  # noqa: ARG001
    """Plugins that are loaded, failed, or blocked by LINBENCH_PLUGINS.

    `new` writes one, and `check` tells whether its optimizer behaves.
    """
    if ctx.invoked_subcommand is not None:
        if plugins or verbose:
            raise click.UsageError(f"give the options of {ctx.invoked_subcommand!r} after it.")
        return

    statuses = load(plugins, quiet=True).statuses
    rows = [(s.name, s.state, _version(s), s.components, s.reason or "") for s in statuses]
    click.echo(columns(("plugin", "state", "version", "components", "reason"), rows))
    if verbose:
        for status in statuses:
            if status.traceback:
                click.echo(f"\n{status.name}\n{status.traceback}")


command.add_command(plugins_new.command)
command.add_command(plugins_check.command)


def _version(status: PluginStatus) -> str:
    return "built in" if status.built_in else status.version or "–"
