"""A finding: one line of what the gate has to say of one case, and the exit code that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from linbench.core.exit_code import ExitCode

if TYPE_CHECKING:
    from linbench.gate.rules import RuleChange


class Kind(StrEnum):
    """The sort of a finding."""

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
    RULES = "rules"
    """Only a rule of linbench's own that has changed explains the difference."""
    SLOWER = "slower"
    """A step takes longer."""
    ADVICE = "maybe slower"
    """A step takes longer, by a measurement that does not gate."""
    INCONCLUSIVE = "inconclusive"
    """It cannot be said whether a step takes longer."""


EXIT = {
    Kind.DRIFT: ExitCode.FAILED,
    Kind.NEW: ExitCode.CANNOT_COMPARE,
    Kind.REMOVED: ExitCode.CANNOT_COMPARE,
    Kind.STALE: ExitCode.CANNOT_COMPARE,
    Kind.CRASH: ExitCode.CRASHED,
    Kind.RULES: ExitCode.DONE,
    Kind.SLOWER: ExitCode.FAILED,
    Kind.ADVICE: ExitCode.DONE,
    Kind.INCONCLUSIVE: ExitCode.DONE,
}
"""The exit code that each asks for."""

# Sorted by what is certain, not by the numbers: what is known to be wrong outweighs what cannot be said.
_GRAVITY = (
    ExitCode.DONE,
    ExitCode.INCONCLUSIVE,
    ExitCode.FAILED,
    ExitCode.CANNOT_COMPARE,
    ExitCode.CRASHED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found of one case, all as text. what: the quantity. was, now: its values. by: their difference.

    why: the reason why it counts. change: the changed rule of linbench's that explains it, or None.
    """

    kind: Kind
    case: str
    what: str
    was: str
    now: str
    by: str = ""
    why: str
    change: RuleChange | None = None

    def __post_init__(self) -> None:
        for name in ("case", "what", "was", "now", "by", "why"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        by = f" ({self.by})" if self.by else ""
        return f"{self.case}: {self.what} was {self.was}, is {self.now}{by}: {self.why}"


def exit_code(findings: Iterable[Finding], strict_timing: bool = False) -> ExitCode:
    """Return the gravest exit code that any of the findings asks for; DONE where there are none.

    strict_timing: a step time of which nothing can be said asks for INCONCLUSIVE.
    """
    return max((_exit_code_of(one, strict_timing) for one in findings), key=_GRAVITY.index, default=ExitCode.DONE)


def fails(finding: Finding, strict_timing: bool = False) -> bool:
    """Return whether the finding by itself fails the gate."""
    return _exit_code_of(finding, strict_timing) is not ExitCode.DONE


def printable(text: str) -> str:
    """Return the text with a question mark for whatever a terminal, or XML, would not print."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _exit_code_of(finding: Finding, strict_timing: bool) -> ExitCode:
    if strict_timing and finding.kind is Kind.INCONCLUSIVE:
        return ExitCode.INCONCLUSIVE
    return EXIT[finding.kind]
