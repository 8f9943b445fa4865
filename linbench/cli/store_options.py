"""The options that name a store, and what a command that trains does with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from linbench.plugins.manager import Plugins
    from linbench.store.session import StoreSession
    from linbench.store.store import Store

F = TypeVar("F", bound=Callable[..., Any])

store_option = click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="The file of the store.  [default: LINBENCH_STORE, else runs.sqlite in the user's data directory]",
)


def store_options(command: F) -> F:
    """`--store` and `--no-store`, for a command that always trains."""
    return store_option(click.option("--no-store", is_flag=True, help="Keep no records.")(command))


def resumable_store_options(command: F) -> F:
    """`--store`, `--no-store`, `--resume` and `--rerun`, for a command that may take what is there already."""
    resume = click.option(
        "--resume/--rerun",
        default=False,
        help="Take what earlier runs have trained from the store, and train only the rest; or train all.  "
        "[default: rerun]",
    )
    return store_options(resume(command))


def open_session(
    plugins: Plugins, *, store: Path | None, no_store: bool, resume: bool = False, quiet: bool = False
) -> StoreSession | None:
    """Return what keeps the records of this command, or None where none are kept.

    Raises UsageError for options that clash.
    """
    from linbench.core.errors import UsageError
    from linbench.store.default_path import default_path

    if no_store and store is not None:
        raise UsageError("--store and --no-store exclude each other")
    path = None if no_store else store or default_path()
    if path is None:
        if resume:
            raise UsageError("--resume needs a store: name one with --store")
        return None
    from linbench.store.file_system import network_file_system
    from linbench.store.session import StoreSession, plugin_versions

    network = network_file_system(path)
    if network is not None and not quiet:
        click.echo(f"linbench: the store {path} lies on {network}: it is written without WAL, more slowly", err=True)
    return StoreSession(path, resume, _command_line(), plugin_versions(plugins.statuses))


def tell_lost(session: StoreSession | None) -> bool:
    """Say on stderr where records could not be stored; returns whether that was so."""
    line = None if session is None else session.lost()
    if line is not None:
        click.echo(f"linbench: {line}", err=True)
    return line is not None


def existing_store(path: Path | None) -> Store:
    """Return the store to read; raises UsageError where none is named."""
    from linbench.core.errors import UsageError
    from linbench.store.default_path import ENVIRONMENT, default_path
    from linbench.store.store import Store

    place = path or default_path()
    if place is None:
        raise UsageError(f"{ENVIRONMENT} is empty, so there is no store: name one with --store")
    return Store(place)


def _command_line() -> list[str]:
    return ["linbench", *sys.argv[1:]]
