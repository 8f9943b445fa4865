"""The search for a pack's classes in the installed package, without importing anything of it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.plugins.builtin.packs.packages import Pack

_STAR = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+\*", re.MULTILINE)

# Everything but the characters of names becomes a space.
_APART = bytes(byte if byte > 127 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256))


def classes_of(pack: Pack) -> tuple[str, ...]:
    """Return the pack's classes that the installed version names, in the pack's order.

    The result is empty where the package is not installed, and all of them where its source cannot be read. A class is
    there if its name is in the source of the module, or of a module that it imports by `*`: finding words takes a
    fraction of the time of parsing.
    """
    top = _source_of(pack.package)
    if top is None:
        return ()
    try:
        words = set(_words(pack.module, _file(pack.module, top), top, set()))
    except (OSError, ValueError):  # ValueError: a `*` from another package
        return pack.classes
    return tuple(name for name in pack.classes if name.encode() in words)


def _source_of(package: str) -> Path | None:
    """Return the file of a top-level package or module; None where there is none."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: something without a spec is in its place
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None


def _words(module: str, source: Path, top: Path, read: set[Path]) -> Iterator[bytes]:
    """Yield every word of a module's source, and of the modules that it imports by `*`."""
    read.add(source)
    text = source.read_bytes()
    yield from text.translate(_APART).split()
    for name in _STAR.findall(text):
        other = _absolute_name(name.decode(), module, is_package=source.stem == "__init__")
        path = _file(other, top)
        if path not in read:
            yield from _words(other, path, top, read)


def _absolute_name(name: str, module: str, *, is_package: bool) -> str:
    """Return the module that `from name import …` in `module` imports from."""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    parts = module.split(".")
    up = dots - 1 if is_package else dots
    base = parts[: len(parts) - up]
    return ".".join([*base, name[dots:]] if name[dots:] else base)


def _file(module: str, top: Path) -> Path:
    """Return the source of a module of the package with the source `top`; raises ValueError for other packages."""
    package, *inner = module.split(".")
    if package != (top.parent.name if top.stem == "__init__" else top.stem):
        raise ValueError(f"{module} is not of {top}")
    if not inner:
        return top
    path = top.parent.joinpath(*inner)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
