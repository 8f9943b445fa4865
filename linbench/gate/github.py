"""Workflow commands of GitHub Actions: what shows beside a commit.

The escapes are those of https://github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Sequence

from linbench.gate.finding import Finding, Kind, exit_code

MOST = 10
"""GitHub keeps ten errors and ten warnings of a step and drops the rest unseen; ten in all are as many as one reads."""

_FIRST = (Kind.DRIFT, Kind.CRASH, Kind.SLOWER)
"""What was found out comes before what could not be compared."""


def annotations_of(findings: Sequence[Finding], strict_timing: bool = False) -> list[str]:
    """At most `MOST` lines, errors first; the last of them says how many there would be more.

    An error is what fails the step, a warning what does not; strict_timing: inconclusive fails it too.
    """
    levelled = [("error" if exit_code([one], strict_timing) else "warning", one) for one in findings]
    levelled.sort(key=lambda pair: (pair[0] != "error", pair[1].kind not in _FIRST))
    lines = [annotation(level, f"linbench gate: {one.kind.value}", str(one)) for level, one in levelled]
    if len(lines) <= MOST:
        return lines
    more = f"and {len(lines) - MOST + 1} more findings; see the summary of this step"
    return [*lines[: MOST - 1], annotation(levelled[MOST - 1][0], "linbench gate", more)]


def annotation(level: str, title: str, message: str) -> str:
    """`::error title=…::…` on one line."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
