"""The judgement of a case: its metrics now against the same case in the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from linbench.core.outcome.record import Status
from linbench.gate.finding import Finding, Kind
from linbench.gate.metrics import SCHEMA, CaseMetrics
from linbench.gate.rules import DEFAULT_LEARNING_RATE, Renaming, RuleChange, change_behind
from linbench.gate.tolerance import RTOL, cost_allowance, epoch_allowance, parameter_allowance

ACKNOWLEDGE = "acknowledge it with --update"
IMPROVED = f"better than before, which is drift too: {ACKNOWLEDGE}"


def judge_all(
    now: Mapping[str, CaseMetrics], was: Mapping[str, CaseMetrics], renamed: Mapping[str, Renaming] | None = None
) -> list[Finding]:
    """Return the findings of every case of either, in the order of their labels.

    renamed: by their labels now, the cases that the baseline has under other labels, since linbench's rules changed.
    """
    renamed = renamed or {}
    gone = {one.label_before for one in renamed.values()}
    findings: list[Finding] = []
    for label in sorted({**now, **was}):
        if label not in was:
            findings.append(_addition(now[label], renamed.get(label)))
        elif label not in now:
            if label not in gone:
                findings.append(_removal(label))
        else:
            findings += judge(now[label], was[label])
    return findings


def judge(now: CaseMetrics, was: CaseMetrics) -> list[Finding]:
    """Return a finding for each metric that differs by more than rounding.

    The first of them names the versions that are other ones than the baseline's. Where costs and parameters agree, and
    a rule that has changed since the baseline explains the rest, the findings are of the kind RULES.
    """
    if now.status is Status.ERROR:
        return _with_versions([_crash(now, was.status.value)], now, was)
    if was.schema != SCHEMA:
        why = "what is kept of a case has changed; renew it with --update"
        return [Finding(kind=Kind.STALE, case=now.label, what="schema", was=str(was.schema), now=str(SCHEMA), why=why)]
    outcome, numbers = [*_outcome_drifts(now, was)], [*_number_drifts(now, was)]
    change = change_behind(now, was) if outcome and not numbers else None
    if change is not None:
        return [_by_rule(one, change) for one in outcome]
    return _with_versions([*outcome, *numbers], now, was)


def _by_rule(finding: Finding, change: RuleChange) -> Finding:
    """Return the same difference as one that a changed rule explains."""
    return replace(finding, kind=Kind.RULES, why=change.line, change=change)


def _addition(now: CaseMetrics, renaming: Renaming | None) -> Finding:
    absent = "not in the baseline"
    if now.status is Status.ERROR:
        return _crash(now, absent)
    if renaming is not None:
        change = DEFAULT_LEARNING_RATE
        return Finding(
            kind=Kind.RULES,
            case=now.label,
            what="optimizer",
            was=renaming.optimizer_before,
            now=renaming.optimizer,
            why=change.line,
            change=change,
        )
    why = "nothing to compare with; add it with --update"
    return Finding(kind=Kind.NEW, case=now.label, what="the case", was=absent, now=now.status.value, why=why)


def _removal(label: str) -> Finding:
    return Finding(
        kind=Kind.REMOVED,
        case=label,
        what="the case",
        was="in the baseline",
        now="not in the suite",
        why="its spec, a default or the suite changed; --update --prune drops it",
    )


def _crash(now: CaseMetrics, was: str) -> Finding:
    why = now.error or "the run raised"
    return Finding(kind=Kind.CRASH, case=now.label, what="status", was=was, now="error", why=why)


def _outcome_drifts(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    if now.status is not was.status:
        why = IMPROVED if now.status is Status.CONVERGED else "a status must be the same"
        yield _drift(now, "status", was=was.status.value, now=now.status.value, why=why)
    yield from _epoch_drift(now, was)


def _number_drifts(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    initial = was.initial_cost or 0.0
    yield from _cost_drift(now, "initial cost", was.initial_cost, now.initial_cost, initial)
    yield from _cost_drift(now, "final cost", was.final_cost, now.final_cost, initial)
    yield from _parameter_drift(now, was)


def _epoch_drift(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    what, before, after = "epochs to target", was.epochs_to_target, now.epochs_to_target
    if before == after:
        return
    if before is None or after is None:
        if now.status is was.status:  # else the status says it
            yield _drift(now, what, was=str(before), now=str(after), why="the target must be reached as before")
        return
    allowed = epoch_allowance(was.crossing_margin, now.dtype)
    if abs(after - before) > allowed:
        why = IMPROVED if after < before else f"at most {allowed} epochs of rounding are possible at this crossing"
        yield _drift(now, what, was=str(before), now=str(after), by=f"{after - before:+d}", why=why)


def _cost_drift(
    case: CaseMetrics, what: str, before: float | None, after: float | None, initial: float
) -> Iterator[Finding]:
    if before is None or after is None:
        if before is not after:
            yield _drift(case, what, was=_number(before), now=_number(after), why="one of them is not finite")
        return
    change, allowed = after - before, cost_allowance(before, initial, case.dtype)
    if abs(change) > allowed:
        better = what == "final cost" and change < 0
        why = IMPROVED if better else f"more than {allowed:.1e}, rtol {RTOL[case.dtype]:g}"
        by = f"{change / abs(before):+.1e} of it" if before else f"{change:+.1e}"
        yield _drift(case, what, was=_number(before), now=_number(after), by=by, why=why)


def _parameter_drift(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    what, before, after = "parameters", was.parameters, now.parameters
    if before is None or after is None:
        if before is not after:
            why = "one of them is not finite, or not linear"
            yield _drift(now, what, was=_existence(before), now=_existence(after), why=why)
        return
    if _shape(now) != _shape(was):
        yield _drift(now, what, was=_shape(was), now=_shape(now), why="the model has another shape")
        return
    if math.isinf(math.hypot(*before)):  # each number is finite, and their norm is not
        before, after = [one * 1e-160 for one in before], [one * 1e-160 for one in after]
    distance, norm = math.dist(after, before), math.hypot(*before)
    allowed = parameter_allowance(before, now.dtype)
    if distance > allowed:
        yield _drift(
            now,
            what,
            was=f"‖w‖ {_number(norm)}",
            now=f"‖w‖ {_number(math.hypot(*after))}",
            by=f"{distance / norm:.1e} of ‖w‖" if norm else f"{distance:.1e}",
            why=f"‖Δw‖ {distance:.1e} > {allowed:.1e}, rtol {RTOL[now.dtype]:g}",
        )


def _drift(case: CaseMetrics, what: str, *, was: str, now: str, by: str = "", why: str) -> Finding:
    return Finding(kind=Kind.DRIFT, case=case.label, what=what, was=was, now=now, by=by, why=why)


def _with_versions(findings: list[Finding], now: CaseMetrics, was: CaseMetrics) -> list[Finding]:
    """Return the same findings; the first of them names the versions that are other ones, which may be the cause."""
    names = sorted(
        name for name in {**was.versions, **now.versions} if was.versions.get(name) != now.versions.get(name)
    )
    if not (findings and names):
        return findings
    others = ", ".join(
        f"{name} {was.versions.get(name, 'absent')} → {now.versions.get(name, 'absent')}" for name in names
    )
    return [replace(findings[0], why=f"{findings[0].why}; versions differ: {others}"), *findings[1:]]


def _existence(parameters: Sequence[float] | None) -> str:
    return "none" if parameters is None else "finite"


def _shape(case: CaseMetrics) -> str:
    weight: Sequence[Sequence[float]] = case.weight or ()
    return f"{len(weight)} × {len(weight[0]) if weight else 0} + {len(case.bias or ())}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.10g}"
