"""Workflow commands of GitHub Actions, which show beside a commit.

The escapes are those of https://github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linbench.gate.finding import Finding, Kind, fails

if TYPE_CHECKING:
    from linbench.gate.rules import RuleAdvice

MOST = 10
"""GitHub keeps ten errors and ten warnings of a step and drops the rest unseen; ten in all are as many as one reads."""

_FIRST = (Kind.DRIFT, Kind.CRASH, Kind.SLOWER)
"""A difference that was found comes before a comparison that could not be made."""


def annotations_of(
    findings: Sequence[Finding], strict_timing: bool = False, advice: Sequence[RuleAdvice] = ()
) -> list[str]:
    """Return at most `MOST` lines, errors first; the last of them says how many there would be more.

    An error is a finding that fails the step, a warning one that does not; strict_timing: inconclusive fails it too.
    advice: is a warning for each changed rule.
    """

    def level(finding: Finding) -> str:
        return "error" if fails(finding, strict_timing) else "warning"

    ordered = sorted(findings, key=lambda one: (level(one) != "error", one.kind not in _FIRST))
    lines = [annotation(level(one), f"linbench gate: {one.kind.value}", str(one)) for one in ordered]
    levels = [*map(level, ordered), *("warning" for _ in advice)]
    lines += [annotation("warning", f"linbench gate: {Kind.RULES.value}", one.line()) for one in advice]
    if len(lines) <= MOST:
        return lines
    more = f"and {len(lines) - MOST + 1} more findings; see the summary of this step"
    return [*lines[: MOST - 1], annotation(levels[MOST - 1], "linbench gate", more)]


def annotation(level: str, title: str, message: str) -> str:
    """Return `::error title=…::…` on one line."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
