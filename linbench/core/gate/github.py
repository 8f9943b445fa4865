"""Workflow commands of GitHub Actions: what shows beside a commit.

The escapes are those of https://github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Sequence

from linbench.core.gate.finding import Finding, Kind

MOST = 10
"""GitHub shows so many of each sort a step."""


def annotations_of(findings: Sequence[Finding]) -> list[str]:
    """At most `MOST` lines, the gravest first; the last of them says how many there would be more."""
    ordered = sorted(findings, key=lambda one: _level(one) != "error")
    lines = [annotation(_level(one), f"linbench gate: {one.kind.value}", str(one)) for one in ordered]
    if len(lines) <= MOST:
        return lines
    level = _level(ordered[MOST - 1])
    rest = annotation(
        level, "linbench gate", f"and {len(lines) - MOST + 1} more findings; see the summary of this step"
    )
    return [*lines[: MOST - 1], rest]


def annotation(level: str, title: str, message: str) -> str:
    """`::error title=…::…` on one line."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _level(finding: Finding) -> str:
    return "error" if finding.kind in (Kind.DRIFT, Kind.CRASH, Kind.SLOWER) else "warning"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
