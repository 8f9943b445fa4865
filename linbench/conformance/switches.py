"""The switches that torch's optimizers share, where the signature offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.claim import NotApplicable
from linbench.conformance.training import Regression, require_alike, trajectory

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def maximize_minimizes_the_negated_cost(subject: Subject) -> None:
    """`maximize=True` on −f is `maximize=False` on f: weight decay and the like must not change sign with it."""
    _needs(subject, "maximize")
    model = Regression()
    up = trajectory(subject.with_params(maximize=True), model, lambda: -model.cost())
    down = trajectory(subject.with_params(maximize=False), Regression())
    require_alike(subject, up, down, "maximize=True on the negated cost is not maximize=False on the cost")


def foreach_changes_rounding_only(subject: Subject) -> None:
    """`foreach` is a matter of speed: torch chooses it by the device, and results must not depend on that."""
    _needs(subject, "foreach")
    together, one_by_one = (trajectory(subject.with_params(foreach=each), Regression()) for each in (True, False))
    require_alike(subject, together, one_by_one, "foreach=True and foreach=False end elsewhere")


def _needs(subject: Subject, name: str) -> None:
    if not subject.takes(name):
        raise NotApplicable(f"it takes no {name}")
