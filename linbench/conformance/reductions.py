"""The check of reductions, the settings in which the optimizer is known to be another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.requirement import NotApplicable
from linbench.conformance.training import Regression, require_alike, train

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def declared_reductions_hold(subject: Subject) -> str:
    """Check that each reduction has the trajectory of the other optimizer: the sharpest test of an update rule."""
    if not subject.reductions:
        raise NotApplicable("no reduction is declared")
    for reduction in subject.reductions:
        special, known = (train(one, Regression()) for one in (reduction.special, reduction.known))
        require_alike(reduction.special, special, known, f"not so: {reduction}")
    return "; ".join(map(str, subject.reductions))
