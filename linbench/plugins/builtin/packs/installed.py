"""What of a pack is installed, found without importing anything of it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.plugins.builtin.packs.table import Pack

_STAR = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+\*", re.MULTILINE)

# Everything but the characters of names becomes a space.
_APART = bytes(byte if byte > 127 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256))


def classes_of(pack: Pack) -> tuple[str, ...]:
    """The pack's classes that the installed version names, in the pack's order; none where it is not installed.

    A class is there if its name is in the source of the module, or of what that module imports by `*`: finding words
    takes a fraction of the time of parsing. All are listed where the source cannot be read.
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
    """The file of a top-level package or module; None where there is none."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: something without a spec is in its place
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None


def _words(module: str, source: Path, top: Path, read: set[Path]) -> Iterator[bytes]:
    """Every word of a module's source, and of the modules whose names it takes over by `*`."""
    read.add(source)
    text = source.read_bytes()
    yield from text.translate(_APART).split()
    for name in _STAR.findall(text):
        other = _absolute(name.decode(), module, is_package=source.stem == "__init__")
        path = _file(other, top)
        if path not in read:
            yield from _words(other, path, top, read)


def _absolute(name: str, module: str, *, is_package: bool) -> str:
    """What `from name import …` in that module imports from."""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    parts = module.split(".")
    base = parts[: len(parts) - dots + is_package]
    return ".".join([*base, name[dots:]] if name[dots:] else base)


def _file(module: str, top: Path) -> Path:
    """The source of a module of the package whose own source is `top`; raises ValueError for other packages."""
    package, *inner = module.split(".")
    if package != (top.parent.name if top.stem == "__init__" else top.stem):
        raise ValueError(f"{module} is not of {top}")
    if not inner:
        return top
    path = top.parent.joinpath(*inner)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
