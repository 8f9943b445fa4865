"""Values as JSON holds them, and the one text of each: what keys and records are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


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
    if callable(value):
        return f"{value.__module__}:{getattr(value, '__qualname__', type(value).__qualname__)}"
    return repr(value)
