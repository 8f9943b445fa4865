"""`linbench list`: what there is to compare."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from linbench.cli.options import debug_option, load, plugin_option

if TYPE_CHECKING:
    from linbench.core.catalog import Catalog, Offer
    from linbench.core.component import Kind

WIDTH = 100
INDENT = 18


@click.command("list")
@click.argument("kind", required=False)
@plugin_option
@debug_option
def command(kind: str | None, plugins: tuple[str, ...], debug: bool) -> None:  # noqa: ARG001
    """Components by kind, with their parameters and who provides them.

    KIND is one of optimizers, models, devices, problems, reporters; all of them without it.
    """
    from linbench.core.component import KINDS

    wanted = KINDS if kind is None else (_kind(kind),)
    catalog = load(plugins).catalog
    click.echo("\n\n".join("\n".join(_section(catalog, kind)) for kind in wanted))


def _kind(text: str) -> Kind:
    from linbench.core.component import KINDS
    from linbench.core.errors import unknown_name

    for kind in KINDS:
        if text in (kind, f"{kind}s"):
            return kind
    raise unknown_name("kind", text, [f"{kind}s" for kind in KINDS])


def _section(catalog: Catalog, kind: Kind) -> Iterator[str]:
    yield f"{kind}s"
    for offer in catalog.of_kind(kind):
        yield from _entry(offer)


def _entry(offer: Offer) -> Iterator[str]:
    component = offer.component
    summary = component.summary or "(no summary)"
    provider = "" if offer.built_in else f"  [{offer.provider}]"
    yield from _wrapped(f"  {component.name:<{INDENT - 4}}  ", f"{summary}{provider}")
    parameters = _parameters(offer)
    if parameters:
        yield from _wrapped(" " * INDENT, parameters)


def _parameters(offer: Offer) -> str:
    """Every parameter with the value that linbench calls the target with, else the target's own default."""
    from linbench.core.component import DEFAULT_LR
    from linbench.core.spec import format_value

    component = offer.component
    values = {**component.parameters, **component.defaults}
    if component.kind == "optimizer" and "lr" in values and "lr" not in component.defaults:
        values["lr"] = DEFAULT_LR
    return ", ".join(f"{name}={format_value(value)}" for name, value in values.items())


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * INDENT, break_on_hyphens=False)
