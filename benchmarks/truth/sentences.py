"""The sentences below a table: each is parsed by the form of its kind, and held to the truth by its checker."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.truth import (  # noqa: F401  they register their checkers
    checks_of_divergence,
    checks_of_endings,
    checks_of_predictions,
    checks_of_problems,
)
from benchmarks.truth.claims import Claim, Row, named_rows
from benchmarks.truth.forms import CHECKERS

_SOME = " (not all of them from every seed)"


def check_note(note: dict, rows: Sequence[Row]) -> Iterator[str]:
    """Yield what is false in a note: a sentence of no known form, of no known runs, or not true."""
    kind, text = note["kind"], note["text"]
    if kind not in CHECKERS:
        yield f"no checker for the kind {kind!r}"
        return
    form, checker = CHECKERS[kind]
    match = form.fullmatch(text)
    if match is None:
        yield "the sentence has no known form"
        return
    members: list[tuple[Row, int]] = []
    if "who" in match.groupdict():
        try:
            for name in note["about"]:
                members += named_rows(name, rows)
        except ValueError as error:
            yield str(error)
            return
        if not _is_summary(match["who"], note["about"]):
            yield f"the sentence names {match['who']!r}, the note {note['about']}"
    yield from checker(Claim(text, match, note, rows, members))


def _is_summary(who: str, about: Sequence[str]) -> bool:
    """Return whether a text names these, or counts them by optimizer where they are many."""
    if who == ", ".join(about):
        return len(about) <= 4
    if " and " in who and who.endswith(" more"):
        named, _, rest = who.rpartition(" and ")
        return named == ", ".join(about[:4]) and int(rest.removesuffix(" more")) == len(about) - 4
    counts: dict[str, int] = {}
    for name in about:
        optimizer = re.split("[: ]", name)[0]
        counts[optimizer] = counts.get(optimizer, 0) + 1
    some = any(name.endswith(" seeds)") for name in about)
    if who.endswith(_SOME) != some:
        return False
    texts = [f"1 of {name}" if count == 1 else f"{count} settings of {name}" for name, count in counts.items()]
    return len(about) > 4 and who.removesuffix(_SOME) == ", ".join(texts)
