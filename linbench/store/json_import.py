"""Import of records from a JSON file: every field is checked, since the file may come from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linbench.core.errors import StoreError
from linbench.core.outcome.record import Ending, Record, Rounding, Status, Tail, Trajectory
from linbench.results.serialize import SCHEMA
from linbench.store.codec import record_of
from linbench.store.contents import RecordContents
from linbench.store.run_list import IMPORTED
from linbench.store.writer import NewRun, Writer

_LARGEST = 2**63

Predicate = Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return type(value) is int and -_LARGEST <= value < _LARGEST


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) is float or _is_whole(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _or_null(predicate: Predicate) -> Predicate:
    return lambda value: value is None or predicate(value)


def _list_of(predicate: Predicate) -> Predicate:
    return lambda value: isinstance(value, list) and all(map(predicate, value))


def _object_of_numbers(*names: str) -> Predicate:
    def holds(value: Any) -> bool:
        return isinstance(value, dict) and value.keys() == {*names} and all(map(_or_null(_is_number), value.values()))

    return holds


def _is_key(value: Any) -> bool:
    return _is_text(value) and len(value) == 64 and all(char in "0123456789abcdef" for char in value)


_NUMBER = (_is_number, "a finite number")
_NUMBER_OR_NULL = (_or_null(_is_number), "a finite number or null")
_COUNT = (_is_count, "a whole number that is not negative")
_COUNT_OR_NULL = (_or_null(_is_count), "a whole number that is not negative, or null")
_TEXT = (_is_text, "text")
_NUMBERS_OR_NULL = (_or_null(_list_of(_or_null(_is_number))), "a list of numbers or null")

_FIELDS: Mapping[str, tuple[Predicate, str]] = {
    "key": (_is_key, "64 hexadecimal digits"),
    "problem": _TEXT,
    "model": _TEXT,
    "optimizer": _TEXT,
    "params": (lambda value: isinstance(value, dict), "an object"),
    "device": _TEXT,
    "dtype": _TEXT,
    "seed": _COUNT,
    "epochs": _COUNT,
    "batch_size": _COUNT_OR_NULL,
    "target": _NUMBER,
    "engine": _TEXT,
    "status": (lambda value: value in list(Status), f"one of {', '.join(Status)}"),
    "reason": (_or_null(_is_text), "text or null"),
    "epochs_run": _COUNT,
    "epochs_to_target": _COUNT_OR_NULL,
    "evaluations": _COUNT,
    **dict.fromkeys("initial_cost final_cost best_cost optimum_cost gap relative_gap".split(), _NUMBER_OR_NULL),
    "parameters": (lambda value: isinstance(value, dict) and value.keys() == {"W", "b"}, "an object with W and b"),
    "prediction": _NUMBERS_OR_NULL,
    "warnings": (_list_of(_is_text), "a list of text"),
    "step_time_us": (_or_null(_object_of_numbers("median", "iqr")), "an object with median and iqr, or null"),
    "time_to_target_s": _NUMBER_OR_NULL,
}

# An earlier linbench did not write these; without them a record has their defaults.
_NEWER_FIELDS: Mapping[str, tuple[Predicate, str]] = {
    "lr_is_default": (lambda value: isinstance(value, bool), "true or false"),
    "best_epoch": _COUNT_OR_NULL,
    "ending": (_or_null(lambda value: value in list(Ending)), f"one of {', '.join(Ending)}, or null"),
    "evaluations_to_target": _COUNT_OR_NULL,
    "tail_gap": (_or_null(_object_of_numbers(*Tail.__slots__)), f"an object with {', '.join(Tail.__slots__)}, or null"),
    "rounding": (
        _or_null(_object_of_numbers(*Rounding.__slots__)),
        f"an object with {' and '.join(Rounding.__slots__)}, or null",
    ),
    "ridge_relative_gap": _NUMBER_OR_NULL,
    "initial_gap_parts": _NUMBERS_OR_NULL,
    "rules": (lambda value: _is_count(value) and value > 0, "a whole number of at least 1"),
}

_PARAMETERS: Mapping[str, tuple[Predicate, str]] = {
    "W": (_or_null(_list_of(_list_of(_or_null(_is_number)))), "a list of lists of numbers, or null"),
    "b": _NUMBERS_OR_NULL,
}


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document that has been checked."""

    linbench: str
    environment: Mapping[str, Any]
    records: Sequence[Record]


def read_document(path: Path) -> Document:
    """Read the document of `linbench compare --format json` from a file; raises StoreError that names the bad place."""
    content = _object(_parse(path), "the document", path)
    if content.get("schema") != SCHEMA:
        raise StoreError(f"{path}: schema must be {SCHEMA}, not {_short(content.get('schema'))}")
    if not _is_text(content.get("linbench")):
        raise StoreError(f"{path}: linbench must be a version, not {_short(content.get('linbench'))}")
    environment = _object(content.get("environment"), "environment", path)
    found = content.get("records")
    if not isinstance(found, list):
        raise StoreError(f"{path}: records must be a list, not {_short(found)}")
    return Document(content["linbench"], environment, list(_records(found, path)))


def import_document(store: Path, document: Document, command: Sequence[str]) -> int:
    """Enter a document as a run of its own; returns its number. Raises StoreError where it cannot be written."""
    records = document.records
    problems = dict.fromkeys(record.problem for record in records)
    optimizers = dict.fromkeys(record.optimizer for record in records)
    run = NewRun(
        command=json.dumps(list(command)),
        linbench=document.linbench,
        torch=str(document.environment.get("torch", "")),
        environment=json.dumps(dict(document.environment)),
        asked=RecordContents(trajectories=any(record.trajectory is not None for record in records)).to_json(),
        problems=json.dumps(list(problems)),
        optimizers=json.dumps(list(optimizers)),
        planned=len(records),
    )
    positions = {record.key: position for position, record in enumerate(records)}
    writer = Writer(store, run, lambda record: positions[record.key])
    for record in records:
        writer.add(record)
    writer.close(IMPORTED)
    if writer.failure is not None:
        raise StoreError(f"only {writer.written} of {len(records)} records were stored in {store}: {writer.failure}")
    return writer.run


def _parse(path: Path) -> Any:
    def refuse(text: str) -> Any:
        raise StoreError(f"{path}: {text} is not a number that JSON knows")

    def finite(text: str) -> float:
        number = float(text)
        return number if math.isfinite(number) else refuse(text)

    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse, parse_float=finite)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except RecursionError:
        raise StoreError(f"{path} is nested too deeply") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is not JSON: {error}") from None


def _records(found: Sequence[Any], path: Path) -> Iterator[Record]:
    places: dict[str, int] = {}
    for number, content in enumerate(found):
        place = f"records[{number}]"
        fields = _object(content, place, path)
        newer = {name: check for name, check in _NEWER_FIELDS.items() if name in fields}
        _check(fields, {**_FIELDS, **newer}, place, path)
        _check(fields["parameters"], _PARAMETERS, f"{place}.parameters", path)
        first = places.setdefault(fields["key"], number)
        if first != number:
            raise StoreError(f"{path}: {place} has the key of records[{first}]")
        known = {*_FIELDS, *_NEWER_FIELDS, "trajectory"}
        unknown = next((name for name in fields if name not in known), None)
        if unknown is not None:
            raise StoreError(f"{path}: {place} has a field {unknown!r} that linbench does not know")
        yield record_of(fields, trajectory=_trajectory(fields.get("trajectory"), place, path))


def _check(content: Mapping[str, Any], fields: Mapping[str, tuple[Predicate, str]], place: str, path: Path) -> None:
    for name, (holds, description) in fields.items():
        if name not in content:
            raise StoreError(f"{path}: {place} has no {name!r}")
        if not holds(content[name]):
            raise StoreError(f"{path}: {place}.{name} must be {description}, not {_short(content[name])}")


def _trajectory(content: Any, place: str, path: Path) -> Trajectory | None:
    if content is None:
        return None
    epochs, costs = (_object(content, f"{place}.trajectory", path).get(name) for name in ("epoch", "cost"))
    if not isinstance(epochs, list) or not all(_is_count(one) and one < 2**31 for one in epochs):
        raise StoreError(f"{path}: {place}.trajectory.epoch must be a list of epochs")
    if not isinstance(costs, list) or len(costs) != len(epochs) or not all(map(_or_null(_is_number), costs)):
        raise StoreError(f"{path}: {place}.trajectory.cost must be a list of numbers, one for each epoch")
    return Trajectory(epochs, [math.nan if cost is None else float(cost) for cost in costs])


def _object(content: Any, what: str, path: Path) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise StoreError(f"{path}: {what} must be an object, not {_short(content)}")
    return content


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
