"""Checks of the switches that torch's optimizers share, where the signature offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.requirement import NotApplicable
from linbench.conformance.training import Regression, require_alike, train

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def maximize_minimizes_the_negated_cost(subject: Subject) -> None:
    """Check that `maximize=True` on −f is `maximize=False` on f: weight decay must not change sign with it."""
    _require_parameter(subject, "maximize")
    model = Regression()
    up = train(subject.with_params(maximize=True), model, lambda: -model.cost())
    down = train(subject.with_params(maximize=False), Regression())
    require_alike(subject, up, down, "maximize=True on the negated cost is not maximize=False on the cost")


def foreach_changes_rounding_only(subject: Subject) -> None:
    """Check that `foreach` changes speed only: torch chooses it by the device, and results must not depend on that."""
    _require_parameter(subject, "foreach")
    together, one_by_one = (train(subject.with_params(foreach=each), Regression()) for each in (True, False))
    require_alike(subject, together, one_by_one, "foreach=True and foreach=False end elsewhere")


def _require_parameter(subject: Subject, name: str) -> None:
    if not subject.takes(name):
        raise NotApplicable(f"it takes no {name}")
