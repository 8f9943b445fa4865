"""The components on offer, by kind and name, and who provides each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from linbench.core.errors import UsageError, one_line, unknown_name
from linbench.core.request.component import Component, Kind


@dataclass(frozen=True, slots=True)
class Offer:
    """A component and the plugin that provides it. built_in: it comes with linbench."""

    component: Component
    provider: str
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that can be named in a spec. Immutable; made by the plugin layer."""

    offers: tuple[Offer, ...]
    _by_name: dict[tuple[Kind, str], Component] = field(init=False, repr=False, compare=False)

    def __init__(self, offers: Iterable[Offer]) -> None:
        object.__setattr__(self, "offers", tuple(offers))
        by_name = {(offer.component.kind, offer.component.name): offer.component for offer in self.offers}
        object.__setattr__(self, "_by_name", by_name)

    def of_kind(self, kind: Kind) -> Iterator[Offer]:
        """The offers of one kind, in the order in which plugins gave them."""
        return (offer for offer in self.offers if offer.component.kind == kind)

    def names(self, kind: Kind) -> list[str]:
        """The names of one kind."""
        return [offer.component.name for offer in self.of_kind(kind)]

    def find(self, kind: Kind, name: str) -> Component:
        """The component of that name, else what lies at that import path; raises UsageError if neither is there.

        A component named `package/Name` is what the import path `package.Name` stands for too: it knows more of it.
        """
        known = self._by_name.get((kind, name)) or self._by_name.get((kind, "/".join(name.rsplit(".", 1))))
        if known is not None:
            return known
        if "." in name and all(map(str.isidentifier, name.split("."))):
            return _by_import_path(kind, name)
        raise unknown_name(kind, name, self.names(kind))


def _by_import_path(kind: Kind, path: str) -> Component:
    module, _, attribute = path.rpartition(".")
    try:
        component = Component(kind, path, f"{module}:{attribute}", summary="given by its import path")
        component.resolve()
    except (Exception, SystemExit) as error:  # the import runs code that is not ours
        raise UsageError(f"cannot import {kind} {path!r}: {one_line(error)}") from error
    return component
