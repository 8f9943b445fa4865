"""The update of a baseline: what agrees keeps its numbers, what was not selected stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linbench.gate.finding import Finding, Kind

if TYPE_CHECKING:
    from linbench.gate.metrics import CaseMetrics


@dataclass(frozen=True, slots=True)
class BaselineUpdate:
    """A baseline after its update. cases: all of them by their labels. changes: the findings that it acknowledges.

    crashes: the findings that no update acknowledges; their cases stay as they were.
    """

    cases: Mapping[str, CaseMetrics]
    changes: list[Finding]
    crashes: list[Finding]

    def change_lines(self) -> list[str]:
        """Return `case: what: was → is` for each change."""
        return [f"{one.case}: {one.what}: {one.was} → {one.now}" for one in self.changes]


def update(
    was: Mapping[str, CaseMetrics],
    now: Mapping[str, CaseMetrics],
    findings: list[Finding],
    *,
    reason: str,
    prune: bool,
) -> BaselineUpdate:
    """Return the baseline after `findings` are acknowledged.

    Numbers that differ by rounding only are kept, so that small drifts cannot add up unseen; versions are renewed.
    prune: drop the cases that `findings` say were removed.
    """
    by_kind: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for finding in findings:
        by_kind[finding.kind].add(finding.case)
    renewed = by_kind[Kind.DRIFT] | by_kind[Kind.NEW] | by_kind[Kind.STALE]
    cases = {label: case for label, case in was.items() if not (prune and label in by_kind[Kind.REMOVED])}
    for label, case in now.items():
        if label in renewed:
            cases[label] = replace(case, reason=reason)
        elif label not in by_kind[Kind.CRASH]:
            cases[label] = replace(was[label], versions=case.versions)
    acknowledged = {Kind.DRIFT, Kind.NEW, Kind.STALE} | ({Kind.REMOVED} if prune else set())
    return BaselineUpdate(
        cases=cases,
        changes=[finding for finding in findings if finding.kind in acknowledged],
        crashes=[finding for finding in findings if finding.kind is Kind.CRASH],
    )
