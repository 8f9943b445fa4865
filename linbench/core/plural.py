"""The plural of a noun, for lines that count something."""

from __future__ import annotations


def plural(noun: str, count: int) -> str:
    """Return the noun as it stands behind a count: `case` behind 1, `cases` behind any other."""
    return noun if count == 1 else f"{noun}s"
