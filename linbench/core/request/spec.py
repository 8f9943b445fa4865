"""What a user asked for, as text: `adam:lr=[0.01,0.1],betas=(0.9,0.99)`.

    specs  = spec ("," spec)*
    spec   = name [":" item ("," item)*]
    item   = key "=" value | value          a value without a key goes to the component's first parameter
    value  = Python literal | "[" values "]" (a sweep) | low ".." high "@" count (a log-spaced sweep)
           | low ".." high (a range to be searched) | text

After a comma, a piece with `=` continues the spec before it; any other piece begins the next spec.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from linbench.core.errors import UsageError

FIRST_PARAMETER = ""
"""The key under which a value without a name is kept until a component says what its first parameter is."""

_OPEN, _CLOSE = "([{", ")]}"
_RANGE = re.compile(r"(?P<low>[^.]+(?:\.\d*)?(?:[eE][-+]?\d+)?)\.\.(?P<high>.+)@(?P<count>\d+)")
_SEARCH = re.compile(r"(?P<low>[\d.]*\d(?:\.\d*)?(?:[eE][-+]?\d+)?)\.\.(?P<high>\d[\w.+-]*)")
_KEY = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Several values for one parameter; sweeps of one spec multiply."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers between two positive ones, ends included, for a search on a logarithmic scale."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spec:
    """A component's name with the parameters asked for; a `Sweep` stands for several values.

    target: an object given directly (Python API) instead of a registered name.
    """

    name: str
    params: Mapping[str, object] = field(default_factory=dict)
    target: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return format_spec(self.name, self.params)


def parse_specs(text: str) -> list[Spec]:
    """Read a comma-separated list of specs; raises UsageError for text that is not one."""
    specs: list[tuple[str, dict[str, object]]] = []
    for piece in (piece.strip() for piece in split_top_level(text)):
        if not piece:
            raise UsageError(f"empty spec in {text!r}")
        separator = next((char for _, char in _top_level(piece) if char in ":="), None)
        if separator == "=":
            if not specs:
                raise UsageError(f"{piece!r} belongs to no name: write name:{piece}")
            _add_item(specs[-1], piece)
            continue
        name, _, item = piece.partition(":")
        if not name.strip():
            raise UsageError(f"missing name before ':' in {piece!r}")
        specs.append((name.strip(), {}))
        if item.strip():
            _add_item(specs[-1], item.strip())
    return [Spec(name, params) for name, params in specs]


def _add_item(spec: tuple[str, dict[str, object]], item: str) -> None:
    name, params = spec
    key, equals, value = item.partition("=")
    if not (equals and _KEY.fullmatch(key.strip())):
        key, value = FIRST_PARAMETER, item
    key = key.strip()
    if key in params:
        raise UsageError(f"{name}: {key or 'a value without a name'!r} is given twice")
    if not value.strip():
        raise UsageError(f"{name}: {key!r} has no value")
    params[key] = parse_value(value)


def parse_value(text: str) -> object:
    """Read one value: a Python literal, a sweep, else the text itself; raises UsageError for a bad sweep."""
    text = text.strip()
    match = _RANGE.fullmatch(text)
    if match:
        return _log_spaced(match["low"], match["high"], match["count"], text)
    match = _SEARCH.fullmatch(text)
    if match:
        return _search_range(match["low"], match["high"], text)
    if text.startswith("[") and text.endswith("]"):
        values = tuple(_items(text))
        if not values:
            raise UsageError(f"the sweep {text!r} is empty")
        return Sweep(values)
    return _plain(text)


def _plain(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        if text.startswith("(") and text.endswith(")"):
            return tuple(_items(text))
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(text, text)
    return value


def _items(text: str) -> Iterator[object]:
    pieces = [piece.strip() for piece in split_top_level(text[1:-1])]
    if pieces[-1] == "":  # "()" and a trailing comma, as in a Python tuple of one
        pieces.pop()
    for piece in pieces:
        if not piece:
            raise UsageError(f"empty value in {text!r}")
        yield _plain(piece)


def _search_range(low_text: str, high_text: str, text: str) -> Range:
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise UsageError(f"{text!r} is not a range: write low..high, for example 1e-4..1") from None
    if not 0 < low < high < math.inf:
        raise UsageError(f"the range {text!r} needs two positive ends, the smaller first")
    return Range(low, high)


def _log_spaced(low_text: str, high_text: str, count_text: str, text: str) -> Sweep:
    try:
        low, high, count = float(low_text), float(high_text), int(count_text)
    except ValueError:
        raise UsageError(f"{text!r} is not a range: write low..high@count, for example 1e-4..1@20") from None
    if not (0 < low < math.inf and 0 < high < math.inf) or count < 2:
        raise UsageError(f"the range {text!r} needs two positive ends and a count of at least 2")
    step = math.log(high / low) / (count - 1)
    # Rounded, so that 1e-4..1@5 holds 0.001, and labels stay short; finely where neighbours are close.
    digits = 6 if abs(step) > 1e-4 else 12
    inner = (float(f"{low * math.exp(step * i):.{digits}g}") for i in range(1, count - 1))
    return Sweep((low, *inner, high))


def split_top_level(text: str) -> list[str]:
    """Split at commas outside brackets and quotes; raises UsageError when those do not balance."""
    cuts = [position for position, char in _top_level(text) if char == ","]
    starts = [0, *(cut + 1 for cut in cuts)]
    return [text[start:end] for start, end in zip(starts, [*cuts, len(text)], strict=True)]


def _top_level(text: str) -> Iterator[tuple[int, str]]:
    """The characters outside brackets and quotes, with their positions."""
    closers: list[str] = []
    quote, escaped = "", False
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "'\"":
            quote = char
        elif char in _OPEN:
            closers.append(_CLOSE[_OPEN.index(char)])
        elif char in _CLOSE:
            if not closers or closers.pop() != char:
                raise UsageError(f"unbalanced {char!r} in {text!r}")
        elif not closers:
            yield position, char
    if closers or quote:
        raise UsageError(f"missing {quote or closers[-1]!r} in {text!r}")


def format_spec(name: str, params: Mapping[str, object]) -> str:
    """The text that `parse_specs` reads back: `name:key=value,key=value`."""
    items = (f"{key}={format_value(value)}" if key else format_value(value) for key, value in params.items())
    text = ",".join(items)
    return f"{name}:{text}" if text else name


def format_value(value: object) -> str:
    """A value as a spec writes it; text is quoted only where it would read back as something else."""
    if isinstance(value, Sweep):
        return "[" + ",".join(format_value(item) for item in value.values) + "]"
    if isinstance(value, Range):
        return f"{value.low!r}..{value.high!r}"
    if isinstance(value, tuple):
        return "(" + ",".join(map(format_value, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, str):
        return value if _reads_back(value) else repr(value)
    if isinstance(value, float):
        return float.__repr__(value)  # numpy's float64 is a float too, with a repr of its own
    if value is None or isinstance(value, bool | int | complex | bytes | list | dict | set | frozenset):
        return repr(value)
    from linbench.core.request.content import describe  # here, since it hashes, and listing plugins needs no hash

    text = describe(value)
    return text.partition(":")[2] if callable(value) and ":" in text else text


def _reads_back(text: str) -> bool:
    if any(char in text for char in "'\"=,[](){}") or text != text.strip() or not text:
        return False
    try:
        return parse_value(text) == text
    except UsageError:  # it looks like a range
        return False
