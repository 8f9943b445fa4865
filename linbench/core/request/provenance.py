"""Which code a component runs: the version of its distribution, or the SHA-256 of its source where there is none.

It goes into a case's key, so that records of other code are never taken for this code's. Nothing is imported for it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from types import CodeType
from typing import Any

VERSIONED = frozenset({"linbench", "torch"})
"""Packages whose versions are part of every key anyway; and of linbench that is enough, also where it is editable."""

UNKNOWN = "unknown"

_CODE_FILES = frozenset({".py", ".so", ".pyd"})


@functools.cache
def version_of(distribution: str) -> str:
    """The installed version; where there is no metadata, what the module says that has been imported."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(distribution), "__version__", UNKNOWN))


def source_of(target: str | Callable[..., Any]) -> str | None:
    """What tells this code from other code of the same name; None for what comes with linbench or torch.

    `name version` for what an installed distribution provides. Where a distribution is editable, or there is none, the
    SHA-256 of the files of its package or module. A target given as an object adds what it holds: the arguments of a
    partial, the defaults and the closure of a function.
    """
    if isinstance(target, str):
        return _of_package(target.partition(":")[0].partition(".")[0])
    held = _held(target)
    inner = target.func if isinstance(target, functools.partial) else target
    package = str(getattr(inner, "__module__", type(inner).__module__)).partition(".")[0]
    parts = [_of_package(package), held]
    if parts[0] == UNKNOWN or package == "__main__":
        parts.append(_hash_of_code(inner))
    return " ".join(part for part in parts if part) or None


def file_hashes(values: Iterable[object]) -> dict[str, str]:
    """The SHA-256 of every value that is the path of a file that can be read, by the path as it was given."""
    found = {}
    for value in values:
        if isinstance(value, str | Path) and str(value):
            try:
                with Path(value).open("rb") as file:
                    found[str(value)] = hashlib.file_digest(file, "sha256").hexdigest()
            except (OSError, ValueError):  # no file, or no path at all
                continue
    return found


def _of_package(package: str) -> str | None:
    if package in VERSIONED:
        return None
    distributions = _distributions(tuple(sys.path)).get(package, [])
    parts = [f"{name} {version_of(name)}" for name in sorted(set(distributions))]
    if not distributions or any(map(_editable, distributions)):
        parts.append(_hash_of_package(package))
    return " ".join(parts)


@functools.lru_cache(maxsize=1)
def _distributions(path: tuple[str, ...]) -> dict[str, list[str]]:  # noqa: ARG001  what the answer depends on
    return dict(metadata.packages_distributions())


def _editable(distribution: str) -> bool:
    try:
        text = metadata.distribution(distribution).read_text("direct_url.json")
        return bool(text and json.loads(text).get("dir_info", {}).get("editable"))
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        return False


def _hash_of_package(package: str) -> str:
    """`sha256:…` of the code files of a package, or of a module's one file."""
    digest, files = hashlib.sha256(), 0
    for name, path in _files_of(package):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        files += 1
    return f"sha256:{digest.hexdigest()}" if files else UNKNOWN


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


def _held(target: Callable[..., Any]) -> str | None:
    """What an object carries along that its source does not show."""
    own = getattr(target, "provenance", None)  # an object may say itself what it stands for
    if isinstance(own, str):
        return own
    if isinstance(target, functools.partial):
        return _digest([repr(target.args), repr(sorted(target.keywords.items())), _held(target.func) or ""])
    if not inspect.isfunction(target):
        return None
    cells = [repr(cell.cell_contents) for cell in target.__closure__ or () if _filled(cell)]
    held = [cells, repr(target.__defaults__), repr(target.__kwdefaults__)]
    return _digest(held) if cells or target.__defaults__ or target.__kwdefaults__ else None


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a variable that has no value yet
        return False


def _hash_of_code(target: Any) -> str:
    """For what has no file, as in a notebook: the SHA-256 of the byte code of a function, or of a class's methods."""
    owners = [one for one in inspect.getmro(target) if not _is_versioned(one)] if inspect.isclass(target) else [target]
    functions = [value for owner in owners for value in ([owner] if owner is target else []) + [*_members(owner)]]
    codes = [function.__code__ for function in functions if isinstance(getattr(function, "__code__", None), CodeType)]
    return _digest([_code(code) for code in codes]) if codes else UNKNOWN


def _is_versioned(one: type) -> bool:
    return one is object or one.__module__.partition(".")[0] in VERSIONED


def _members(owner: Any) -> Iterable[Any]:
    return vars(owner).values() if inspect.isclass(owner) else ()


def _code(code: CodeType) -> list[Any]:
    constants = [_code(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return [code.co_code.hex(), code.co_names, constants]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
