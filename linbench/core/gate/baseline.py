"""The committed file: read with suspicion, since people merge and edit it; written so that diffs can be read."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from linbench.core.errors import LinbenchError, one_line
from linbench.core.gate.finding import printable
from linbench.core.gate.measured import SCHEMA, Measured
from linbench.core.gate.tolerance import RTOL
from linbench.core.record import Status

LARGEST_FILE = 64 * 2**20
"""Bytes; some hundred thousand cases."""

_LARGEST_COUNT = 2**53


class BaselineError(LinbenchError):
    """There is nothing to compare with (command line: exit code 3)."""


def read_baseline(path: Path) -> dict[str, Measured]:
    """The cases of a baseline by their labels.

    Raises BaselineError where it is missing, damaged, of a newer schema, or holds what no gate has written.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise BaselineError(f"there is no baseline {path}: make one with linbench gate --update --reason …") from None
    except (OSError, ValueError) as error:
        raise BaselineError(f"cannot read the baseline {path}: {one_line(error)}") from None
    try:
        if len(content) > LARGEST_FILE:
            raise _Corrupt(f"it is larger than {LARGEST_FILE >> 20} MiB")
        document = json.loads(content.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        return _cases(document)
    except _Corrupt as error:
        raise BaselineError(
            f"{path} is no baseline: {printable(str(error))}; restore it, or delete it and --update"
        ) from None
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path} is no baseline: it is not JSON: {printable(one_line(error))}") from None


def write_baseline(path: Path, cases: Mapping[str, Measured]) -> None:
    """Replace the file at once, or not at all; its folder is made. Raises BaselineError where it cannot be written."""
    text = as_text(cases)
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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
        raise BaselineError(f"cannot write the baseline {path}: {error.strerror}") from None


def check_place(path: Path, folder: Path) -> None:
    """Raise BaselineError for a path outside the repository that the folder lies in, or outside the folder."""
    folder = folder.resolve()
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    if not path.resolve().is_relative_to(root):
        raise BaselineError(f"a baseline is written inside {root} only, not to {path}")


def as_text(cases: Mapping[str, Measured]) -> str:
    """The whole file: sorted, a metric per line, shortest numbers that read back the same."""
    blocks = ",\n".join(f"    {_json(label)}: {{\n{_lines(cases[label])}\n    }}" for label in sorted(cases))
    inner = f"\n{blocks}\n  " if blocks else ""
    return f'{{\n  "schema": {SCHEMA},\n  "cases": {{{inner}}}\n}}\n'


def _lines(case: Measured) -> str:
    content = {
        "status": case.status.value,
        "epochs_to_target": case.epochs_to_target,
        "crossing_margin": case.crossing_margin,
        "initial_cost": case.initial_cost,
        "final_cost": case.final_cost,
        "W": case.weight,
        "b": case.bias,
        "dtype": case.dtype,
        "versions": dict(sorted(case.versions.items())),
        "reason": case.reason,
        "schema": case.schema,
    }
    return ",\n".join(f"      {_json(name)}: {_json(value)}" for name, value in content.items())


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


class _Corrupt(Exception):  # noqa: N818  becomes a BaselineError that names the file
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Corrupt(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return content


def _no_constant(name: str) -> NoReturn:
    raise _Corrupt(f"{name} is no number of a baseline, which has null for it")


def _cases(document: Any) -> dict[str, Measured]:
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise _Corrupt("it has no schema")
    if document["schema"] > SCHEMA:
        raise _Corrupt(f"its schema {document['schema']} is newer than this linbench, which knows up to {SCHEMA}")
    if set(document) != {"schema", "cases"} or document["schema"] != SCHEMA or type(document["schema"]) is not int:
        raise _Corrupt(f"it must hold schema {SCHEMA} and cases, and nothing else")
    if not isinstance(document["cases"], dict):
        raise _Corrupt("cases must be an object")
    return {label: _case(label, content) for label, content in document["cases"].items()}


def _case(label: str, content: Any) -> Measured:
    if not label.isprintable() or not label:
        raise _Corrupt(f"a case is called {label!r}")
    if not isinstance(content, dict):
        raise _Corrupt(f"{label} is no object")
    schema: Any = content.get("schema")
    if _is_count(schema) and schema != SCHEMA:
        if schema > SCHEMA:
            raise _Corrupt(f"{label}: its schema {schema} is newer than this linbench, which knows up to {SCHEMA}")
        return Measured(label, Status.BUDGET, "float64", schema=schema)  # found to be stale when it is compared
    for name, (fits, wanted) in _FIELDS.items():
        if name not in content:
            raise _Corrupt(f"{label}: {name} is missing")
        if not fits(content[name]):
            raise _Corrupt(f"{label}: {name} must be {wanted}")
    extra = next((name for name in content if name not in _FIELDS), None)
    if extra is not None:
        raise _Corrupt(f"{label}: {extra!r} is no metric")
    return _consistent(Measured(label, weight=content["W"], bias=content["b"], **_rest(content)))


def _rest(content: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in content.items() if name not in ("W", "b")}
    return rest | {"status": Status(content["status"])}


def _consistent(case: Measured) -> Measured:
    if case.status is Status.CONVERGED and case.epochs_to_target is None:
        raise _Corrupt(f"{case.label}: it converged, but has no epochs_to_target")
    if (case.weight is None) != (case.bias is None):
        raise _Corrupt(f"{case.label}: W and b must both be there, or neither")
    return case


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGEST_COUNT


def _is_number(value: Any) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < _LARGEST_COUNT)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


def _is_matrix(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_vector, value)) and len({*map(len, value)}) == 1


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_COST = (_or_null(lambda value: _is_number(value) and value >= 0), "a finite number of at least 0, or null")
_STATUSES = [status.value for status in Status if status is not Status.ERROR]
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "status": (lambda value: isinstance(value, str) and value in _STATUSES, f"one of {', '.join(_STATUSES)}"),
    "epochs_to_target": (_or_null(_is_count), "a number of epochs, or null"),
    "crossing_margin": _COST,
    "initial_cost": _COST,
    "final_cost": _COST,
    "W": (_or_null(_is_matrix), "rows of finite numbers, or null"),
    "b": (_or_null(_is_vector), "a list of finite numbers, or null"),
    "dtype": (lambda value: isinstance(value, str) and value in RTOL, f"one of {', '.join(RTOL)}"),
    "versions": (
        lambda value: isinstance(value, dict) and all(_is_line(k) and _is_line(v) for k, v in value.items()),
        "versions by name",
    ),
    "reason": (_is_line, "one line of text"),
    "schema": (_is_count, "a whole number"),
}
