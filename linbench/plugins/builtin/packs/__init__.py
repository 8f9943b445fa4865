"""Packs: the optimizers of well-known packages, offered where the package is installed, as `package/Class`.

A package is looked for, and its names are read from its source; it is imported only when one of its optimizers is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from linbench import Component, hookimpl
from linbench.plugins.builtin.packs.class_search import classes_of
from linbench.plugins.builtin.packs.packages import PACKS, Pack


@hookimpl
def linbench_optimizers() -> list[Component]:
    """Return the classes of every pack whose package is installed, as far as the installed version has them."""
    return [component for pack in PACKS for component in _components(pack)]


def _components(pack: Pack) -> Iterator[Component]:
    for name in classes_of(pack):
        factory = pack.factories.get(name)
        yield Component(
            "optimizer",
            f"{pack.package}/{name}",
            f"{pack.module}:{name}" if factory is None else f"{__name__}.{factory}:{name}",
            pack.defaults.get(name, {}),
            f"of the package {pack.distribution}",
            contract=pack.contracts.get(name),
        )
