"""What stands below the notes of a comparison over seeds: a table of running times and its reading in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.truth.claims import Row


def check_below(text: str, rows: Sequence[Row], statistics: object) -> Iterator[tuple[str, str, str | None]]:
    """Yield the kind, the words and what is false in them."""
    yield from ()
