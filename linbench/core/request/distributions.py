"""Which code a package is: the version of its distribution, or the SHA-256 of its source where there is none.

Nothing is imported for it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

IN_EVERY_KEY = frozenset({"linbench", "torch"})
"""Packages whose versions are part of every key anyway; and of linbench that is enough, also where it is editable."""

UNKNOWN = "unknown"
"""The source of a package of which no file can be found."""

_CODE_FILES = frozenset({".py", ".so", ".pyd"})

# Import statements, found as text: parsing a large package would take a second. What a string or a comment says is
# found too, which does no harm: it adds a package to what a key depends on.
_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE)


@functools.cache
def version_of(distribution: str) -> str:
    """Return the installed version; where there is no metadata, what the module says that has been imported."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(distribution), "__version__", UNKNOWN))


def is_versioned(package: str) -> bool:
    """Return whether a version tells all of a top-level package's code: it cannot change without a new one."""
    if package in IN_EVERY_KEY or package in sys.stdlib_module_names:
        return package != "__main__"
    distributions = _distributions_of(package)
    return bool(distributions) and not any(map(_is_editable, distributions))


def package_source(package: str) -> str:
    """Return what tells a top-level package's code from other code of the same name.

    It is empty for linbench, torch and Python's own library; `name version` for an installed distribution. Where that
    is editable, or there is none, the SHA-256 of its files follows, and of those that they import from beside it.
    """
    if package in IN_EVERY_KEY or (package in sys.stdlib_module_names and package != "__main__"):
        return ""
    distributions = _distributions_of(package)
    parts = [f"{name} {version_of(name)}" for name in sorted(set(distributions))]
    if not is_versioned(package):
        parts.append(_hash_of_package(package))
    return " ".join(parts)


def _distributions_of(package: str) -> list[str]:
    return _distributions(tuple(sys.path)).get(package, [])


@functools.lru_cache(maxsize=1)
def _distributions(path: tuple[str, ...]) -> dict[str, list[str]]:  # noqa: ARG001  what the answer depends on
    return dict(metadata.packages_distributions())


def _is_editable(distribution: str) -> bool:
    try:
        text = metadata.distribution(distribution).read_text("direct_url.json")
        return bool(text and json.loads(text).get("dir_info", {}).get("editable"))
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        return False


def _hash_of_package(package: str) -> str:
    """Return `sha256:…` of the code files of a package, and of what they import that has no version of its own."""
    digest, files = hashlib.sha256(), 0
    waiting, seen = [package], {package}
    while waiting:
        one = waiting.pop(0)
        for name, path in _files_of(one):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            # The package that is asked for is named by its files alone, so that a copy elsewhere has the same hash.
            label = name if one == package else f"{one}:{name}"
            digest.update(f"{label}\0{len(content)}\0".encode())
            digest.update(content)
            files += 1
            if path.suffix == ".py":
                new = [found for found in _imports(content) if found not in seen and not is_versioned(found)]
                seen.update(new)
                waiting += new
    return f"sha256:{digest.hexdigest()}" if files else UNKNOWN


def _imports(source: bytes) -> list[str]:
    """Return the top-level packages that a source imports, sorted."""
    found: set[str] = set()
    for origin, names in _IMPORT.findall(source):
        paths = [origin] if origin else [name.split()[0] for name in names.split(b",") if name.split()]
        found.update(path.partition(b".")[0].decode() for path in paths)
    return sorted(found)


def _files_of(package: str) -> Iterator[tuple[str, Path]]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError, AttributeError):  # `__main__` has none
        spec = None
    if spec is not None and spec.submodule_search_locations:
        for folder in map(Path, spec.submodule_search_locations):
            for path in sorted(folder.rglob("*")):
                if path.suffix in _CODE_FILES:
                    yield path.relative_to(folder).as_posix(), path
        return
    origin = spec.origin if spec is not None else getattr(sys.modules.get(package), "__file__", None)
    if origin:
        yield package, Path(origin)
