"""What the gate has to say of one case: one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of finding it is."""

    DRIFT = "drift"
    """A number, or the status, is another one."""
    CRASH = "crash"
    """The run raised."""
    NEW = "new"
    """The suite has a case that the baseline lacks."""
    REMOVED = "removed"
    """The baseline has a case that the suite lacks."""
    STALE = "stale"
    """The baseline's entry cannot be compared with."""
    SLOWER = "slower"
    """A step takes longer."""
    ADVICE = "maybe slower"
    """A step takes longer, by a measurement that does not gate."""
    INCONCLUSIVE = "inconclusive"
    """Whether a step takes longer cannot be said."""


INCONCLUSIVE = 5

EXIT = {
    Kind.DRIFT: 1,
    Kind.NEW: 3,
    Kind.REMOVED: 3,
    Kind.STALE: 3,
    Kind.CRASH: 4,
    Kind.SLOWER: 1,
    Kind.ADVICE: 0,
    Kind.INCONCLUSIVE: 0,
}
"""The exit code that each asks for."""

_GRAVITY = (0, INCONCLUSIVE, 1, 3, 4)
"""Of several exit codes the last of these counts: what is certain outweighs what is not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What, was, is, by how much, and why it counts, as text."""

    kind: Kind
    case: str
    what: str
    was: str
    now: str
    by: str
    why: str

    def __post_init__(self) -> None:
        for name in ("case", "what", "was", "now", "by", "why"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        by = f" ({self.by})" if self.by else ""
        return f"{self.case}: {self.what} was {self.was}, is {self.now}{by}: {self.why}"


def exit_code(findings: Iterable[Finding], strict_timing: bool = False) -> int:
    """0 fine, 1 drift or slower, 3 cannot compare, 4 a run crashed; 5 inconclusive, only if that is to count."""
    codes = (INCONCLUSIVE if strict_timing and one.kind is Kind.INCONCLUSIVE else EXIT[one.kind] for one in findings)
    return max(codes, key=_GRAVITY.index, default=0)


def printable(text: str) -> str:
    """The text with a question mark for whatever a terminal, or XML, would not print."""
    return "".join(char if char.isprintable() else "?" for char in text)
