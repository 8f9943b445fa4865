"""A case now against the same case in the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from linbench.core.outcome.record import Status
from linbench.gate.finding import Finding, Kind
from linbench.gate.metrics import SCHEMA, CaseMetrics
from linbench.gate.tolerance import RTOL, cost_allowance, epoch_allowance, parameter_allowance

ACKNOWLEDGE = "acknowledge it with --update"
IMPROVED = f"better than before, which is drift too: {ACKNOWLEDGE}"


def judge_all(now: Mapping[str, CaseMetrics], was: Mapping[str, CaseMetrics]) -> list[Finding]:
    """The findings of every case of either, in the order of their labels."""
    found: list[Finding] = []
    for label in sorted({**now, **was}):
        if label not in was:
            found += _new(now[label])
        elif label not in now:
            why = "its spec, a default or the suite changed; --update --prune drops it"
            found.append(Finding(Kind.REMOVED, label, "the case", "in the baseline", "not in the suite", "", why))
        else:
            found += judge(now[label], was[label])
    return found


def judge(now: CaseMetrics, was: CaseMetrics) -> list[Finding]:
    """What differs by more than rounding; with other versions than the baseline's, they are named as well."""
    if now.status is Status.ERROR:
        return _with_versions([_crash(now, was.status.value)], now, was)
    if was.schema != SCHEMA:
        why = "what is kept of a case has changed; renew it with --update"
        return [Finding(Kind.STALE, now.label, "schema", str(was.schema), str(SCHEMA), "", why)]
    return _with_versions([*_drifts(now, was)], now, was)


def _new(now: CaseMetrics) -> list[Finding]:
    if now.status is Status.ERROR:
        return [_crash(now, "not in the baseline")]
    why = "nothing to compare with; add it with --update"
    return [Finding(Kind.NEW, now.label, "the case", "not in the baseline", now.status.value, "", why)]


def _crash(now: CaseMetrics, was: str) -> Finding:
    return Finding(Kind.CRASH, now.label, "status", was, "error", "", now.error or "the run raised")


def _drifts(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    if now.status is not was.status:
        why = IMPROVED if now.status is Status.CONVERGED else "a status must be the same"
        yield Finding(Kind.DRIFT, now.label, "status", was.status.value, now.status.value, "", why)
    yield from _epochs(now, was)
    initial = was.initial_cost or 0.0
    yield from _cost(now, "initial cost", now.initial_cost, was.initial_cost, initial)
    yield from _cost(now, "final cost", now.final_cost, was.final_cost, initial)
    yield from _parameters(now, was)


def _epochs(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    before, after = was.epochs_to_target, now.epochs_to_target
    if before == after:
        return
    if before is None or after is None:
        if now.status is was.status:  # else the status says it
            yield _drift(now, "epochs to target", str(before), str(after), "", "the target must be reached as before")
        return
    allowed = epoch_allowance(was.crossing_margin, now.dtype)
    if abs(after - before) > allowed:
        why = IMPROVED if after < before else f"at most {allowed} epochs of rounding are possible at this crossing"
        yield _drift(now, "epochs to target", str(before), str(after), f"{after - before:+d}", why)


def _cost(now: CaseMetrics, what: str, after: float | None, before: float | None, initial: float) -> Iterator[Finding]:
    if before is None or after is None:
        if before is not after:
            yield _drift(now, what, _number(before), _number(after), "", "one of them is not finite")
        return
    allowed = cost_allowance(before, initial, now.dtype)
    if abs(after - before) > allowed:
        better = what == "final cost" and after < before
        why = IMPROVED if better else f"more than {allowed:.1e}, rtol {RTOL[now.dtype]:g}"
        yield _drift(now, what, _number(before), _number(after), _relative(after - before, before), why)


def _parameters(now: CaseMetrics, was: CaseMetrics) -> Iterator[Finding]:
    before, after = was.parameters, now.parameters
    if before is None or after is None:
        if before is not after:
            words = {True: "none", False: "finite"}
            why = "one of them is not finite, or not linear"
            yield _drift(now, "parameters", words[before is None], words[after is None], "", why)
        return
    if _shape(now) != _shape(was):
        yield _drift(now, "parameters", _shape(was), _shape(now), "", "the model has another shape")
        return
    if math.isinf(math.hypot(*before)):
        before, after = [one * 1e-160 for one in before], [one * 1e-160 for one in after]
    distance, norm = math.dist(after, before), math.hypot(*before)
    allowed = parameter_allowance(before, now.dtype)
    if distance > allowed:
        sizes = [f"‖w‖ {_number(math.hypot(*one))}" for one in (before, after)]
        by = f"{distance / norm:.1e} of ‖w‖" if norm else f"{distance:.1e}"
        why = f"‖Δw‖ {distance:.1e} > {allowed:.1e}, rtol {RTOL[now.dtype]:g}"
        yield _drift(now, "parameters", sizes[0], sizes[1], by, why)


def _with_versions(found: list[Finding], now: CaseMetrics, was: CaseMetrics) -> list[Finding]:
    """The same findings; the first of them names the versions that are other ones, which may be the cause."""
    names = sorted(
        name for name in {**was.versions, **now.versions} if was.versions.get(name) != now.versions.get(name)
    )
    if not (found and names):
        return found
    others = ", ".join(
        f"{name} {was.versions.get(name, 'absent')} → {now.versions.get(name, 'absent')}" for name in names
    )
    return [replace(found[0], why=f"{found[0].why}; versions differ: {others}"), *found[1:]]


def _drift(now: CaseMetrics, what: str, was: str, after: str, by: str, why: str) -> Finding:
    return Finding(Kind.DRIFT, now.label, what, was, after, by, why)


def _shape(one: CaseMetrics) -> str:
    weight: Sequence[Sequence[float]] = one.weight or ()
    return f"{len(weight)} × {len(weight[0]) if weight else 0} + {len(one.bias or ())}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.10g}"


def _relative(change: float, of: float) -> str:
    return f"{change / abs(of):+.1e} of it" if of else f"{change:+.1e}"
