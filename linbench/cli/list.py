"""`linbench list`: the components that there are to compare."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from linbench.cli.options import debug_option, load, plugin_option

if TYPE_CHECKING:
    from linbench.core.request.catalog import Catalog, Offer
    from linbench.core.request.component import Component, Kind

WIDTH = 100
INDENT = 18


@click.command("list")
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@plugin_option
@debug_option
def command(kind: str | None, as_json: bool, plugins: tuple[str, ...], debug: bool) -> None:  # noqa: ARG001
    """Components by kind, with their parameters and who provides them.

    KIND is one of optimizers, models, devices, problems, reporters; all of them without it.
    """
    from linbench.core.request.component import KINDS

    kinds = KINDS if kind is None else (_kind(kind),)
    catalog = load(plugins).catalog
    if as_json:
        click.echo(json.dumps(_document(catalog, kinds), indent=2, ensure_ascii=False))
        return
    click.echo("\n\n".join("\n".join(_section(catalog, kind)) for kind in kinds))


def _kind(text: str) -> Kind:
    from linbench.core.errors import unknown_name
    from linbench.core.request.component import KINDS

    for kind in KINDS:
        if text in (kind, f"{kind}s"):
            return kind
    raise unknown_name("kind", text, [f"{kind}s" for kind in KINDS])


def _document(catalog: Catalog, kinds: Sequence[Kind]) -> dict[str, object]:
    from linbench.core.environment import version

    components = [_as_dict(offer) for kind in kinds for offer in catalog.of_kind(kind)]
    return {"linbench": version(), "components": components}


def _as_dict(offer: Offer) -> dict[str, Any]:
    """Return one component.

    `parameters` are the target's own, `defaults` those that linbench sets unless a spec says otherwise.
    """
    from linbench.core.request.canonical import jsonable

    component = offer.component
    return {
        "kind": component.kind,
        "name": component.name,
        "provider": offer.provider,
        "built_in": offer.built_in,
        "summary": component.summary,
        "parameters": jsonable(component.parameters),
        "defaults": jsonable(_defaults(component)),
        "target": component.target if isinstance(component.target, str) else None,
        "needs": _needs(component),
    }


def _section(catalog: Catalog, kind: Kind) -> Iterator[str]:
    yield f"{kind}s"
    for offer in catalog.of_kind(kind):
        yield from _entry(offer)


def _entry(offer: Offer) -> Iterator[str]:
    component = offer.component
    summary = component.summary or "(no summary)"
    provider = "" if offer.built_in else f"  [{offer.provider}]"
    yield from _wrap(f"  {component.name:<{INDENT - 4}}  ", f"{summary}{provider}")
    parameters = _parameters(offer)
    if parameters:
        yield from _wrap(" " * INDENT, parameters)
    needs = _needs(component)
    if needs:
        yield from _wrap(" " * INDENT, f"needs {', '.join(needs)}")


def _parameters(offer: Offer) -> str:
    """Return every parameter with the value that linbench calls the target with, else the target's own default."""
    from linbench.core.request.spec import format_value

    component = offer.component
    values = {**component.parameters, **_defaults(component)}
    return ", ".join(f"{name}={format_value(value)}" for name, value in values.items())


def _defaults(component: Component) -> dict[str, object]:
    """Return the parameters that linbench calls the target with unless a spec says otherwise."""
    from linbench.core.request.component import DEFAULT_LR

    if component.kind == "optimizer" and "lr" in component.parameters:
        return {"lr": DEFAULT_LR, **component.defaults}
    return dict(component.defaults)


def _needs(component: Component) -> list[str]:
    """Return the needs of an optimizer besides `zero_grad`, `backward`, `step`."""
    return [] if component.contract is None else component.contract.needs()


def _wrap(first: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * INDENT, break_on_hyphens=False)
