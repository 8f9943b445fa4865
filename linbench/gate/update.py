"""The update of a baseline: what agrees keeps its numbers, what was not selected stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linbench.core.criteria import RULES
from linbench.gate.finding import Finding, Kind

if TYPE_CHECKING:
    from linbench.gate.metrics import CaseMetrics

ACKNOWLEDGED = frozenset({Kind.DRIFT, Kind.NEW, Kind.STALE, Kind.RULES})
"""The kinds of findings after which a case is as it came out now."""


@dataclass(frozen=True, slots=True)
class BaselineUpdate:
    """A baseline after its update. cases: all of them by their labels. changes: the findings that it acknowledges.

    crashes: the findings that no update acknowledges; their cases stay as they were. older_rules: the numbers of the
    older rules that cases were of, which now are of this linbench's.
    """

    cases: Mapping[str, CaseMetrics]
    changes: list[Finding]
    crashes: list[Finding]
    older_rules: Sequence[int] = ()

    def change_lines(self) -> list[str]:
        """Return `case: what: was → is` for each change, and a line where the rules are others than before."""
        lines = [f"{one.case}: {one.what}: {one.was} → {one.now}" for one in self.changes]
        if self.older_rules:
            lines.append(f"rules: {', '.join(map(str, self.older_rules))} → {RULES}")
        return lines


def update(
    was: Mapping[str, CaseMetrics],
    now: Mapping[str, CaseMetrics],
    findings: list[Finding],
    *,
    reason: str,
    prune: bool,
    replaced: Set[str] = frozenset(),
) -> BaselineUpdate:
    """Return the baseline after `findings` are acknowledged.

    Numbers that differ by rounding only are kept, so that small drifts cannot add up unseen; versions are renewed.
    prune: drop the cases that `findings` say were removed. replaced: labels that are dropped in any case, since their
    cases have others now.
    """
    by_kind: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for finding in findings:
        by_kind[finding.kind].add(finding.case)
    dropped = replaced | (by_kind[Kind.REMOVED] if prune else set())
    cases = {label: case for label, case in was.items() if label not in dropped}
    for label, case in now.items():
        if label in by_kind[Kind.CRASH]:
            continue
        if label in by_kind[Kind.RULES] and label in was:
            cases[label] = replace(_judged_anew(was[label], case), reason=reason)
        elif any(label in by_kind[kind] for kind in ACKNOWLEDGED):
            cases[label] = replace(case, reason=reason)
        else:
            cases[label] = _confirmed(was[label], case)
    acknowledged = ACKNOWLEDGED | ({Kind.REMOVED} if prune else set())
    return BaselineUpdate(
        cases=cases,
        changes=[finding for finding in findings if finding.kind in acknowledged],
        crashes=[finding for finding in findings if finding.kind is Kind.CRASH],
        older_rules=sorted({case.rules for label, case in was.items() if _is_renewed(case, cases.get(label))}),
    )


def _is_renewed(was: CaseMetrics, now: CaseMetrics | None) -> bool:
    """Return whether a case of older rules has become one of this linbench's, or has gone."""
    return was.rules != RULES and (now is None or now.rules == RULES)


def _confirmed(was: CaseMetrics, now: CaseMetrics) -> CaseMetrics:
    """Return a case as it was, of the versions and the rules with which it came out the same now."""
    return replace(was, versions=now.versions, rules=now.rules)


def _judged_anew(was: CaseMetrics, now: CaseMetrics) -> CaseMetrics:
    """Return a case with the costs and parameters that it had, which agree, and the outcome that it has now."""
    return replace(
        _confirmed(was, now),
        status=now.status,
        epochs_to_target=now.epochs_to_target,
        crossing_margin=now.crossing_margin,
    )
