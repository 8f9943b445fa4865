"""Records, trajectories and theories ⇄ the contents of the store's columns. Data only: reading never runs anything."""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from linbench.core.errors import StoreError
from linbench.core.outcome.record import Ending, Record, Rounding, Status, StepTime, Tail, Trajectory, finite
from linbench.core.problem.closed_form import Theory
from linbench.results.serialize import as_jsonl
from linbench.store.schema import STORED_POINTS

_TRAJECTORY_FORMAT = 1
_HEAD = struct.Struct("<BI")
_LARGEST_INT = 2**63

Row = tuple[Any, ...]


def record_row(record: Record, run: int, position: int, theory: int | None) -> Row:
    """Return the row of a record, in the order of `schema.RECORD_COLUMNS`.

    position: in the plan. theory: the number of the record's theory in the store.
    """
    curve = record.trajectory
    text = as_jsonl([record if curve is None else replace(record, trajectory=None)])
    return (
        run,
        position,
        bytes.fromhex(record.key),
        record.status.value,
        record.optimizer,
        record.problem,
        record.model,
        record.seed if record.seed < _LARGEST_INT else None,
        record.epochs_to_target,
        record.final_cost,
        record.relative_gap,
        theory,
        _make_encodable(text),
        _special_numbers(record),
        None if curve is None else trajectory_blob(_thin(curve, record.epochs_to_target)),
        None if record.traceback is None else record.traceback.encode(errors="replace").decode(),
    )


def read_record(
    text: str, special: str | None, trajectory: bytes | None, theory: Theory | None, traceback: str | None = None
) -> Record:
    """Return the record of a row; raises StoreError where it is damaged.

    text, special, trajectory, traceback: the columns `record`, `special`, `trajectory`, `traceback`.
    """
    try:
        content = json.loads(text)
        if special is not None:
            content |= json.loads(special)
        curve = None if trajectory is None else read_trajectory(trajectory)
        return record_of(content, trajectory=curve, theory=theory, traceback=traceback)
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, struct.error) as error:
        raise StoreError(f"a record of the store is damaged: {type(error).__name__}: {error}") from error


def record_of(content: Mapping[str, Any], **others: Any) -> Record:
    """Return the record from which `Record.to_dict` made this content. others: the fields that it leaves out.

    Fields that an earlier linbench did not know, and that have defaults, may be absent.
    """
    fields = dict(content)
    fields.pop("time_to_target_s", None)
    fields.pop("trajectory", None)
    parameters, step_time = fields.pop("parameters"), fields.pop("step_time_us")
    ending, tail, rounding = (fields.pop(name, None) for name in ("ending", "tail_gap", "rounding"))
    parts = fields.pop("initial_gap_parts", None)
    return Record(
        **{**fields, "status": Status(fields["status"]), "warnings": tuple(fields["warnings"])},
        weight=parameters["W"],
        bias=parameters["b"],
        step_time=None if step_time is None else StepTime(**_numbers(step_time)),
        ending=None if ending is None else Ending(ending),
        tail=None if tail is None else Tail(**_numbers(tail)),
        rounding=None if rounding is None else Rounding(**_numbers(rounding)),
        initial_gap_parts=_gap_parts(parts, others.get("theory")),
        **others,
    )


def _numbers(content: Mapping[str, float | None]) -> dict[str, float]:
    """Return numbers by their names, NaN for those that JSON has not."""
    return {name: math.nan if number is None else number for name, number in content.items()}


def _gap_parts(parts: Sequence[float] | None, theory: Theory | None) -> Sequence[float] | None:
    # Runs that start at zero share those of their theory, here as in the process that trained them.
    return theory.gap_parts if theory is not None and parts == list(theory.gap_parts) else parts


def trajectory_blob(trajectory: Trajectory) -> bytes:
    """Return a trajectory as bytes, compressed by zlib.

    Inside: format (1 byte), N (uint32), N epochs (int32), N costs (float64); all little-endian.
    """
    count = len(trajectory.epoch)
    head = _HEAD.pack(_TRAJECTORY_FORMAT, count)
    body = struct.pack(f"<{count}i{count}d", *trajectory.epoch, *trajectory.cost)
    return zlib.compress(head + body, 1)


def read_trajectory(blob: bytes) -> Trajectory:
    """Return the trajectory of a `trajectory_blob`, bit for bit; raises ValueError for other bytes."""
    stream = zlib.decompressobj()
    kind, count = _HEAD.unpack(stream.decompress(blob, _HEAD.size))
    if kind != _TRAJECTORY_FORMAT:
        raise ValueError(f"a trajectory of format {kind}, not {_TRAJECTORY_FORMAT}")
    body = struct.Struct(f"<{count}i{count}d")
    values = body.unpack(stream.decompress(stream.unconsumed_tail, body.size))
    return Trajectory(list(values[:count]), list(values[count:]))


def theory_row(theory: Theory) -> tuple[bytes, str]:
    """Return digest and content: the fields of a theory as JSON, with Python's names for numbers not finite."""
    content = json.dumps({name: getattr(theory, name) for name in Theory.__slots__})
    return hashlib.sha256(content.encode()).digest(), content


def read_theory(text: str) -> Theory:
    """Return the theory of the content of a `theory_row`; raises StoreError where it is damaged."""
    try:
        content = json.loads(text)
        return Theory(**{name: _tuples(content[name]) for name in Theory.__slots__ if name in content})
    except (ValueError, TypeError) as error:
        raise StoreError(f"a theory of the store is damaged: {error}") from error


def _thin(trajectory: Trajectory, crossing: int | None) -> Trajectory:
    # The crossing is an epoch, which need not be at that position where some are left out already.
    if len(trajectory.epoch) <= STORED_POINTS:
        return trajectory
    epochs = list(trajectory.epoch)
    position = None if crossing is None or crossing not in epochs else epochs.index(crossing)
    return trajectory.thinned(STORED_POINTS, position)


def _make_encodable(text: str) -> str:
    # A message may hold half a surrogate pair, which JSON can escape and UTF-8 cannot write.
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(json.loads(text))
    return text


def _special_numbers(record: Record) -> str | None:
    if _all_finite(record):
        return None
    content = record.as_dict()
    content.pop("trajectory", None)
    special = {name: value for name, value in content.items() if _json(value) != _json(finite(value))}
    return json.dumps(special) if special else None


def _json(value: Any) -> str:
    return json.dumps(value)


def _all_finite(record: Record) -> bool:
    # A quick look, which may say no of a record of huge numbers; most records are all finite.
    total = record.target
    for number in (
        *((record.step_time.median, record.step_time.iqr) if record.step_time else ()),
        record.initial_cost,
        record.final_cost,
        record.best_cost,
        record.optimum_cost,
        record.gap,
        record.relative_gap,
        record.ridge_relative_gap,
        *((record.tail.low, record.tail.median, record.tail.high) if record.tail else ()),
        *((record.rounding.gradient_in_roundings, record.rounding.gradient_in_spacings) if record.rounding else ()),
        *(record.initial_gap_parts or ()),
        *(record.bias or ()),
        *(record.prediction or ()),
        *(weight for row in record.weight or () for weight in row),
    ):
        if number is not None:
            total += number
    return math.isfinite(total) and finite(record.params) == record.params


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
