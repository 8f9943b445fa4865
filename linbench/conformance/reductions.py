"""Settings in which the optimizer is known to be another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.claim import NotApplicable
from linbench.conformance.training import Regression, require_alike, trajectory

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def declared_reductions_hold(subject: Subject) -> str:
    """Where it is claimed to be another optimizer, both trajectories agree: the sharpest test of an update rule."""
    if not subject.reductions:
        raise NotApplicable("no reduction is declared")
    for reduction in subject.reductions:
        special, known = (trajectory(one, Regression()) for one in (reduction.special, reduction.known))
        require_alike(reduction.special, special, known, f"not so: {reduction}")
    return "; ".join(map(str, subject.reductions))
