"""Values as JSON holds them, and the one text of each: what keys and records are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from linbench.core.request.content import content_digest, describe


def canonical_json(content: object) -> str:
    """Return the only JSON text of a value: sorted keys, no white space."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def jsonable(value: object) -> Any:
    """Return a value as JSON can hold it: tuples become lists, non-finite numbers and other objects text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(jsonable, value), key=repr)
    return describe(value)


def keyable(value: object) -> Any:
    """Return a value as a key holds it: plain ones as in records, any other by the digest of its content.

    Raises Unkeyable where that cannot be told.
    """
    if value is None or isinstance(value, bool | int | str | float):
        return jsonable(value)
    if isinstance(value, Mapping):
        return {str(key): keyable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [keyable(item) for item in value]
    return {"content": content_digest(value)}
