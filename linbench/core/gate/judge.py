"""A case now against the same case in the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from linbench.core.gate.finding import Finding, Kind
from linbench.core.gate.measured import SCHEMA, Measured
from linbench.core.gate.tolerance import RTOL, cost_allowance, epoch_allowance, parameter_allowance
from linbench.core.record import Status

ACKNOWLEDGE = "acknowledge it with --update"
IMPROVED = f"better than before, which is drift too: {ACKNOWLEDGE}"


def judge_all(now: Mapping[str, Measured], was: Mapping[str, Measured]) -> list[Finding]:
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


def judge(now: Measured, was: Measured) -> list[Finding]:
    """What differs by more than rounding; with other versions than the baseline's, they are named as well."""
    if now.status is Status.ERROR:
        return [_crash(now, was.status.value)]
    if was.schema != SCHEMA:
        why = "what is kept of a case has changed; renew it with --update"
        return [Finding(Kind.STALE, now.label, "schema", str(was.schema), str(SCHEMA), "", why)]
    found = [*_drifts(now, was)]
    return [*found, *_versions(now, was)] if found else found


def _new(now: Measured) -> list[Finding]:
    if now.status is Status.ERROR:
        return [_crash(now, "not in the baseline")]
    why = "nothing to compare with; add it with --update"
    return [Finding(Kind.NEW, now.label, "the case", "not in the baseline", now.status.value, "", why)]


def _crash(now: Measured, was: str) -> Finding:
    return Finding(Kind.CRASH, now.label, "status", was, "error", "", now.error or "the run raised")


def _drifts(now: Measured, was: Measured) -> Iterator[Finding]:
    if now.status is not was.status:
        why = IMPROVED if now.status is Status.CONVERGED else "a status must be the same"
        yield Finding(Kind.DRIFT, now.label, "status", was.status.value, now.status.value, "", why)
    yield from _epochs(now, was)
    initial = was.initial_cost or 0.0
    yield from _cost(now, was, "initial cost", now.initial_cost, was.initial_cost, initial)
    yield from _cost(now, was, "final cost", now.final_cost, was.final_cost, initial)
    yield from _parameters(now, was)


def _epochs(now: Measured, was: Measured) -> Iterator[Finding]:
    before, after = was.epochs_to_target, now.epochs_to_target
    if before == after:
        return
    if before is None or after is None:
        if now.status is was.status:  # else the status says it
            yield _drift(now, "epochs to target", str(before), str(after), "", "the target must be reached as before")
        return
    allowed = epoch_allowance(was.crossing_margin, was.dtype)
    if abs(after - before) > allowed:
        why = IMPROVED if after < before else f"at most {allowed} epochs of rounding are possible at this crossing"
        yield _drift(now, "epochs to target", str(before), str(after), f"{after - before:+d}", why)


def _cost(
    now: Measured, was: Measured, what: str, after: float | None, before: float | None, initial: float
) -> Iterator[Finding]:
    if before is None or after is None:
        if before is not after:
            yield _drift(now, what, _number(before), _number(after), "", "one of them is not finite")
        return
    allowed = cost_allowance(before, initial, was.dtype)
    if abs(after - before) > allowed:
        better = what == "final cost" and after < before
        why = IMPROVED if better else f"more than {allowed:.1e}, rtol {RTOL[was.dtype]:g}"
        yield _drift(now, what, _number(before), _number(after), _relative(after - before, before), why)


def _parameters(now: Measured, was: Measured) -> Iterator[Finding]:
    before, after = was.parameters, now.parameters
    if before is None or after is None:
        if before is not after:
            words = ["none" if one is None else "finite" for one in (before, after)]
            yield _drift(now, "parameters", *words, "", "one of them is not finite, or not linear")
        return
    if _shape(now) != _shape(was):
        yield _drift(now, "parameters", _shape(was), _shape(now), "", "the model has another shape")
        return
    distance, norm = math.dist(after, before), math.hypot(*before)
    allowed = parameter_allowance(before, was.dtype)
    if distance > allowed:
        sizes = [f"‖w‖ {_number(one)}" for one in (norm, math.hypot(*after))]
        by = f"{distance / norm:.1e} of ‖w‖" if norm else f"{distance:.1e}"
        yield _drift(now, "parameters", *sizes, by, f"‖Δw‖ {distance:.1e} > {allowed:.1e}, rtol {RTOL[was.dtype]:g}")


def _versions(now: Measured, was: Measured) -> Iterator[Finding]:
    for name in sorted({**was.versions, **now.versions}):
        before, after = was.versions.get(name, "absent"), now.versions.get(name, "absent")
        if before != after:
            why = "the baseline was made with another version"
            yield Finding(Kind.VERSION, now.label, f"version of {name}", before, after, "", why)


def _drift(now: Measured, what: str, was: str, after: str, by: str, why: str) -> Finding:
    return Finding(Kind.DRIFT, now.label, what, was, after, by, why)


def _shape(one: Measured) -> str:
    weight: Sequence[Sequence[float]] = one.weight or ()
    return f"{len(weight)} × {len(weight[0]) if weight else 0} + {len(one.bias or ())}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.10g}"


def _relative(change: float, of: float) -> str:
    return f"{change / abs(of):+.1e} of it" if of else f"{change:+.1e}"
