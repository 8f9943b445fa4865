"""Files of a gate that are committed: strict when they are read, whole when they are written."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from linbench.core.errors import LinbenchError, one_line
from linbench.gate.finding import printable

LARGEST_FILE = 64 * 2**20
"""Bytes; some hundred thousand cases."""

LARGEST_COUNT = 2**53

T = TypeVar("T")


class BaselineError(LinbenchError):
    """There is nothing to compare with (command line: exit code 3)."""


class Newer(Exception):  # noqa: N818  becomes a BaselineError that names the file
    """A newer linbench has written a file; the text says how that shows."""


class Corrupt(Exception):  # noqa: N818  becomes a BaselineError that names the file
    """A file holds what no gate has written; the text says where."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value that an object of a file must hold. fits: tells whether it does. wanted: the values that do, in words."""

    fits: Callable[[Any], bool]
    wanted: str


Fields = Mapping[str, Field]
"""All fields of an object by their names."""


def read(path: Path, what: str, advice: str, parse: Callable[[Any], T]) -> T:
    """Return `parse` of a JSON file; it raises Corrupt for what cannot be, and Newer for what it may not know.

    what: the sort of file, in words. advice: what to do where there is none.
    Raises BaselineError where it is missing, unreadable, no JSON, has a key twice, is corrupt, or newer.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise BaselineError(f"there is no {what} {path}: {advice}") from None
    except (OSError, ValueError) as error:
        raise BaselineError(f"cannot read the {what} {path}: {one_line(error)}") from None
    try:
        if len(content) > LARGEST_FILE:
            raise Corrupt(f"it is larger than {LARGEST_FILE >> 20} MiB")
        return parse(json.loads(content.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant))
    except Newer as error:
        raise BaselineError(f"{path} was written by a newer linbench: {error}; upgrade linbench") from None
    except Corrupt as error:
        raise BaselineError(
            f"{path} is no {what}: {printable(str(error))}; restore it, or delete it and --update"
        ) from None
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path} is no {what}: it is not JSON: {printable(one_line(error))}") from None


def replace(path: Path, what: str, text: str) -> None:
    """Replace the file at once, or not at all; its folder is made. Raises BaselineError where it cannot be written."""
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside it and moved over it: a gate that is killed leaves the old file, never half a new one.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BaselineError(f"cannot write the {what} {path}: {error.strerror}") from None


def check_place(path: Path, folder: Path) -> None:
    """Raise BaselineError for a path outside the repository that the folder lies in, or outside the folder."""
    folder = folder.resolve()
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    if not path.resolve().is_relative_to(root):
        raise BaselineError(f"a baseline is written inside {root} only, not to {path}")


def check_schema(document: Any, schema: int, names: Sequence[str]) -> None:
    """Raise Corrupt for a document that is of another schema, or holds anything but that and `names`."""
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise Corrupt("it has no schema")
    if document["schema"] > schema:
        raise Corrupt(f"its schema {document['schema']} is newer than this linbench, which knows up to {schema}")
    if set(document) != {"schema", *names} or document["schema"] != schema or type(document["schema"]) is not int:
        raise Corrupt(f"it must hold schema {schema} and {', '.join(names)}, and nothing else")


def check_fields(where: str, content: Any, fields: Fields) -> None:
    """Raise Corrupt unless `content` is an object that holds all of these, each as it must be, and nothing else."""
    if not isinstance(content, dict):
        raise Corrupt(f"{where} is no object")
    for name, field in fields.items():
        if name not in content:
            raise Corrupt(f"{where}: {name} is missing")
        if not field.fits(content[name]):
            raise Corrupt(f"{where}: {name} must be {field.wanted}")
    extra = next((name for name in content if name not in fields), None)
    if extra is not None:
        raise Corrupt(f"{where}: {extra!r} is no metric")


def as_json(value: object) -> str:
    """Return the value on one line, with the shortest numbers that read back the same."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def as_blocks(objects: Mapping[str, Mapping[str, object]]) -> str:
    """Return objects as they lie one level deep in a file: sorted by their names, a line for each of their values."""

    def lines(content: Mapping[str, object]) -> str:
        return ",\n".join(f"      {as_json(name)}: {as_json(value)}" for name, value in content.items())

    return ",\n".join(f"    {as_json(name)}: {{\n{lines(objects[name])}\n    }}" for name in sorted(objects))


def is_count(value: Any) -> bool:
    """Return whether it is a whole number that any reader of JSON keeps."""
    return type(value) is int and 0 <= value < LARGEST_COUNT


def is_number(value: Any) -> bool:
    """Return whether it is a finite number."""
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < LARGEST_COUNT)


def is_vector(value: Any) -> bool:
    """Return whether it is a list of finite numbers, and not empty."""
    return isinstance(value, list) and bool(value) and all(map(is_number, value))


def is_line(value: Any) -> bool:
    """Return whether it is text that a terminal prints on one line."""
    return isinstance(value, str) and value.isprintable()


def is_versions(value: Any) -> bool:
    """Return whether it is an object of versions by the names of distributions."""
    return isinstance(value, dict) and all(is_line(name) and is_line(version) for name, version in value.items())


VERSIONS = Field(is_versions, "versions by name")
REASON = Field(is_line, "one line of text")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise Corrupt(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return content


def _no_constant(name: str) -> NoReturn:
    raise Corrupt(f"{name} is no number of a baseline, which has null for it")
