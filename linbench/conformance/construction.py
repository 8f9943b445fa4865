"""Checks of the constructor: it works with its own defaults, and refuses what makes no sense."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linbench.conformance.requirement import NotApplicable, require
from linbench.conformance.training import Regression, start
from linbench.core.errors import one_line
from linbench.core.request.parameters import accepted_parameters

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def constructs_with_its_defaults(subject: Subject) -> None:
    """Check that it can be built from parameters alone, and holds all of them: the first thing that anybody tries."""
    model = Regression()
    optimizer = start(_without_lr(subject), model).optimizer
    groups = getattr(optimizer, "param_groups", None)
    if groups is not None:
        known = {id(parameter) for group in groups for parameter in group["params"]}
        missing = [name for name, parameter in model.named_parameters() if id(parameter) not in known]
        require(not missing, f"its param_groups lack parameters that it was given: {', '.join(missing)}")


def rejects_a_negative_lr(subject: Subject) -> None:
    """Check that a negative lr is a ValueError, as in torch: else a wrong sign in a sweep looks like divergence."""
    if subject.lr is None:
        raise NotApplicable("it takes no lr")
    try:
        start(subject.with_params(lr=-0.1), Regression())
    except ValueError:
        return
    except Exception as error:  # third-party code
        raise AssertionError(f"lr=-0.1 is no ValueError but {one_line(error)}") from error
    raise AssertionError("lr=-0.1 is taken without a ValueError")


def _without_lr(subject: Subject) -> Subject:
    accepted = accepted_parameters(subject.component)
    if accepted is None or "lr" in accepted.required:
        return subject
    return replace(subject, params={name: value for name, value in subject.params.items() if name != "lr"})
